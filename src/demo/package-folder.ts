// Finds the folder of the package, in a release and in a checkout.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ancestors } from './server/binaries.ts'

/** The folder that contains examples/: above dist/ in a release, above src/ in a checkout. */
export function packageFolder(): string {
  const folder = ancestors(dirname(fileURLToPath(import.meta.url))).find((one) => existsSync(join(one, 'examples')))
  if (folder === undefined) throw new Error('this installation of fdwsync has no folder "examples"')
  return folder
}
