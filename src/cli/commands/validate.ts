// `fdwsync validate`: checks a manifest without connecting to a server.

import { exitCode } from '../../core/errors.ts'
import { loadLockedManifest } from '../load-manifest.ts'

export interface ValidateFlags {
  readonly file: string
  readonly env: boolean
}

export async function validate({ file, env }: ValidateFlags): Promise<number> {
  const { manifest } = await loadLockedManifest(file, env)
  process.stdout.write(`${file === '-' ? 'The manifest' : file} is valid: ${manifest.name}\n`)
  return exitCode.done
}
