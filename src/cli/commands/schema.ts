// `fdwsync schema`: prints a published JSON Schema, or lists them.

import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { schemaNames, schemaText } from '../../library/schemas.ts'
import { printResult } from '../output.ts'

export async function schema(name: string | undefined): Promise<number> {
  const names = await schemaNames()
  if (name === undefined) printResult(`${names.join('\n')}\n`)
  else if (names.includes(name)) printResult(await schemaText(name))
  else throw unknown(name, names)
  return exitCode.done
}

function unknown(name: string, names: readonly string[]): FdwsyncError {
  const hint = `Schemas are ${names.join(', ')}.`
  return new FdwsyncError({ code: 'usage/invalid-argument', message: `unknown schema "${name}"`, hint }, exitCode.usage)
}
