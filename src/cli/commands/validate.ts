// `fdwsync validate`: checks a manifest without connecting to a server.

import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { oneLine } from '../../core/printable.ts'
import { loadLockedManifest } from '../load-manifest.ts'
import { printResult } from '../output.ts'

export interface ValidateFlags {
  readonly file: string
  readonly env: boolean
}

export async function validate({ file, env }: ValidateFlags): Promise<number> {
  const { manifest, optionProblems } = await loadLockedManifest(file, env)
  if (optionProblems.length > 0) throw new FdwsyncError(optionProblems.map(({ problem }) => problem))
  printResult(`${oneLine(file === '-' ? 'The manifest' : file)} is valid: ${oneLine(manifest.name)}\n`)
  return exitCode.done
}
