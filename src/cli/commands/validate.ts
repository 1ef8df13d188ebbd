// `fdwsync validate`: checks a manifest without connecting to a server.

import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { loadLockedManifest } from '../load-manifest.ts'

export interface ValidateFlags {
  readonly file: string
  readonly env: boolean
}

export async function validate({ file, env }: ValidateFlags): Promise<number> {
  const { manifest, optionProblems } = await loadLockedManifest(file, env)
  if (optionProblems.length > 0) throw new FdwsyncError(optionProblems.map(({ problem }) => problem))
  process.stdout.write(`${file === '-' ? 'The manifest' : file} is valid: ${manifest.name}\n`)
  return exitCode.done
}
