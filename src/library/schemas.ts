// The published JSON Schemas of this installation.

import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ending = '.schema.json'

/** Their names: `manifest`, `plan` … */
export async function schemaNames(): Promise<readonly string[]> {
  const files = await readdir(schemasFolder())
  return files.flatMap((file) => (file.endsWith(ending) ? [file.slice(0, -ending.length)] : [])).toSorted()
}

/** @param name one of {@link schemaNames} */
export function schemaText(name: string): Promise<string> {
  return readFile(join(schemasFolder(), `${name}${ending}`), 'utf8')
}

/** Above dist/ in a release, above src/ in a checkout. */
function schemasFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const found = join(folder, 'schemas')
    if (existsSync(join(found, `manifest${ending}`))) return found
    if (folder === dirname(folder)) throw new Error('this installation of fdwsync has no folder "schemas"')
  }
}
