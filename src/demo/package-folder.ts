import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { upwards } from './server/binaries.ts'

/** The folder that holds examples/: it lies above dist/ in a release, and above src/ in a checkout. */
export function packageFolder(): string {
  const folder = upwards(dirname(fileURLToPath(import.meta.url))).find((one) => existsSync(join(one, 'examples')))
  if (folder === undefined) throw new Error('this installation of fdwsync lacks its folder examples')
  return folder
}
