// `fdwsync validate`: checks a manifest without connecting to a server.

import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { oneLine } from '../../core/printable.ts'
import { withReference } from '../../core/redaction.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { loadLockedManifest } from '../load-manifest.ts'
import { printResult } from '../output.ts'

export interface ValidateFlags {
  readonly file: string
  readonly env: boolean
  readonly format: FormatName
  readonly allowFiles: readonly string[]
}

export async function validate({ file, env, format, allowFiles }: ValidateFlags): Promise<number> {
  const { manifest, references, optionProblems, warnings } = await loadLockedManifest(file, {
    resolve: env,
    allowFiles,
  })
  if (optionProblems.length > 0) throw new FdwsyncError(optionProblems.map(({ problem }) => problem))
  const { validation } = await formats[format]()
  const name = withReference(manifest.name, references)
  if (validation) printResult(validation({ manifest: name, warnings }))
  else printResult(`${oneLine(file === '-' ? 'The manifest' : file)} is valid: ${oneLine(name)}\n`)
  return exitCode.done
}
