// `fdwsync export`: writes a manifest of an existing database to standard output.

import { exitCode } from '../../core/errors.ts'
import { exportManifest } from '../../library/inspect.ts'
import { targetOf } from '../environment.ts'
import { printResult } from '../output.ts'
import { printWarnings } from '../terminal.ts'

export interface ExportFlags {
  readonly server: readonly string[]
  readonly schema: readonly string[]
  readonly name?: string
  readonly database?: string
  readonly ledgerOwner?: string
}

export async function exportDatabase(flags: ExportFlags): Promise<number> {
  const { server: servers, schema: schemas, name } = flags
  const { text, warnings } = await exportManifest({ ...targetOf(flags), servers, schemas, name })
  printResult(text)
  printWarnings(warnings)
  return exitCode.done
}
