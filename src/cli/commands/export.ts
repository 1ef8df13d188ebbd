// `fdwsync export`: writes a manifest of an existing database to standard output.

import { exportManifest } from '../../api/export.ts'
import { exitCode } from '../../core/errors.ts'
import { connectTo, targetSettings } from '../environment.ts'
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
  const session = await connectTo(targetSettings(flags), [])('export')
  try {
    const { text, warnings } = await exportManifest(session, {
      servers: flags.server,
      schemas: flags.schema,
      name: flags.name,
    })
    printResult(text)
    printWarnings(warnings)
    return exitCode.done
  } finally {
    await session.close()
  }
}
