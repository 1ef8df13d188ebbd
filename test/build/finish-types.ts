// Finishes the declarations that tsc has written. It removes those that no exported type leads to, since tsc writes one for every file
// that the library consists of; and imports in them name JavaScript, as every version of TypeScript resolves it.

import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const types = fileURLToPath(new URL('../../dist/types/', import.meta.url))
const needed = new Set([join(types, 'src/index.d.ts')])

for (const file of needed) {
  const text = await readFile(file, 'utf8')
  for (const [, path = ''] of text.matchAll(/(?:from |import\()["'](\.[^"']+)["']/g)) {
    needed.add(resolve(dirname(file), path.replace(/\.(?:ts|js)$/, '.d.ts')))
  }
  await writeFile(file, text.replaceAll(/((?:from |import\()["']\.[^"']+)\.ts(["'])/g, '$1.js$2'))
}

for (const name of await readdir(types, { recursive: true })) {
  if (name.endsWith('.d.ts') && !needed.has(join(types, name))) await rm(join(types, name))
}
