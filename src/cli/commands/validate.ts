import { exitCode } from '../../core/errors.ts'
import { loadLockedManifest } from '../environment.ts'

export interface ValidateFlags {
  readonly file: string
  readonly env: boolean
}

/** Checks all that can be known without a server. */
export async function validate({ file, env }: ValidateFlags): Promise<number> {
  const { manifest } = await loadLockedManifest(file, env)
  process.stdout.write(`${file === '-' ? 'The manifest' : file} is valid: ${manifest.name}\n`)
  return exitCode.done
}
