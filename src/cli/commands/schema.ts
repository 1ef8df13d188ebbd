// `fdwsync schema`: prints a published JSON Schema, or lists them.

import { exitCode, usageError } from '../../core/errors.ts'
import { schemaNames, schemaText } from '../../library/schemas.ts'
import { printResult } from '../output.ts'

export async function schema(name: string | undefined): Promise<number> {
  const names = await schemaNames()
  if (name === undefined) printResult(`${names.join('\n')}\n`)
  else if (names.includes(name)) printResult(await schemaText(name))
  else throw usageError(`unknown schema "${name}"`, `Schemas are ${names.join(', ')}.`)
  return exitCode.done
}
