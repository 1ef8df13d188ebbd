// `fdwsync schema`: prints a published JSON Schema, or lists them.

import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { ancestors } from '../../demo/server/binaries.ts'
import { printResult } from '../output.ts'

const ending = '.schema.json'

export async function schema(name: string | undefined): Promise<number> {
  const folder = schemasFolder()
  const names = await schemaNamesIn(folder)
  if (name === undefined) printResult(`${names.join('\n')}\n`)
  else if (names.includes(name)) printResult(await readFile(join(folder, `${name}${ending}`), 'utf8'))
  else throw unknown(name, names)
  return exitCode.done
}

export async function schemaNames(): Promise<readonly string[]> {
  return schemaNamesIn(schemasFolder())
}

async function schemaNamesIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder)
  return files.flatMap((file) => (file.endsWith(ending) ? [file.slice(0, -ending.length)] : [])).toSorted()
}

/** Above dist/ in a release, above src/ in a checkout. */
function schemasFolder(): string {
  for (const folder of ancestors(dirname(fileURLToPath(import.meta.url)))) {
    const found = join(folder, 'schemas')
    if (existsSync(join(found, `manifest${ending}`))) return found
  }
  throw new Error('this installation of fdwsync has no folder "schemas"')
}

function unknown(name: string, names: readonly string[]): FdwsyncError {
  const hint = `Schemas are ${names.join(', ')}.`
  return new FdwsyncError({ code: 'usage/invalid-argument', message: `unknown schema "${name}"`, hint }, exitCode.usage)
}
