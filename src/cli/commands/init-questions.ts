// What `fdwsync init` asks on a terminal if it is given no options.

import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { oneLine } from '../../core/printable.ts'
import { inspectSource, type StarterOptions, type StarterSource } from '../../library/author.ts'
import { targetOf } from '../environment.ts'
import { printMessage } from '../output.ts'
import { errorText } from '../report-error.ts'
import { openPrompt } from './prompt.ts'

/** Returns the answer to a question, or `initial` if the answer is empty. */
type Ask = (question: string, initial: string) => Promise<string>

/** @throws FdwsyncError if there is no terminal, or Ctrl-C or Ctrl-D ends it */
export async function askForStarter(): Promise<Omit<StarterOptions, 'file'>> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    const hint = 'Answer them by options: --from-source URL, or --host, --dbname, --user and --schema.'
    throw new FdwsyncError(
      { code: 'usage/no-terminal', message: 'the questions need a terminal', hint },
      exitCode.usage,
    )
  }
  const prompt = openPrompt()
  const ask: Ask = async (question, initial) => {
    const answer = await prompt.question(`${question} [${oneLine(initial)}]: `)
    if (answer !== undefined) return answer === '' ? initial : answer
    throw new FdwsyncError({ code: 'usage/interrupted', message: 'interrupted: nothing was written' })
  }
  try {
    printMessage('What should be copied, and where to? Enter takes what is in brackets.\n')
    const source = await askForSource(ask)
    const schemas = await askUntil(ask, 'Schemas to copy, with commas between them', source.schemas.join(', '), {
      parse: (answer) => schemasIn(answer, source),
      expected: source.isKnown ? `schemas with tables: ${source.schemas.join(', ')}` : 'names with commas between them',
    })
    const name = await ask('Name of the manifest, and of the foreign server', source.database)
    const schema = await ask('Schema for the copies', name)
    const as = await askUntil(ask, 'Copies as materialized views or as tables', 'views', {
      parse: kindOfCopies,
      expected: 'views or tables',
    })
    const { isKnown: _, ...described } = source
    return { name, source: { ...described, schemas }, schema, as }
  } finally {
    prompt.close()
  }
}

interface AskedSource extends StarterSource {
  /** Whether the source was read: then `schemas` lists all that can be copied. */
  readonly isKnown: boolean
}

async function askForSource(ask: Ask): Promise<AskedSource> {
  const answer = await ask('Source: its host, or a URL to look at it now', 'localhost')
  if (!/^postgres(ql)?:\/\//.test(answer)) return describeSource(ask, answer)
  try {
    const source = await inspectSource(targetOf({ database: answer }))
    if (source.schemas.length > 0) return { ...source, isKnown: true }
    printMessage('Its role may use no schema with tables.\n')
  } catch (error) {
    printMessage(errorText(error))
  }
  return askForSource(ask)
}

async function describeSource(ask: Ask, host: string): Promise<AskedSource> {
  const port = await askUntil(ask, 'Port', '5432', { parse: portOf, expected: 'a number from 1 to 65535' })
  const database = await ask('Database', 'shop')
  const user = await ask('Role to read it as', `${database}_reader`)
  return { host, port, database, user, schemas: ['public'], isKnown: false }
}

/** Asks again until the answer is one. */
async function askUntil<Value>(
  ask: Ask,
  question: string,
  initial: string,
  { parse, expected }: { parse(answer: string): Value | undefined; readonly expected: string },
): Promise<Value> {
  for (;;) {
    const value = parse(await ask(question, initial))
    if (value !== undefined) return value
    printMessage(`Expected: ${oneLine(expected)}.\n`)
  }
}

function schemasIn(answer: string, { schemas, isKnown }: AskedSource): readonly string[] | undefined {
  const names = answer.split(',').map((name) => name.trim())
  return names.some((name) => name === '' || (isKnown && !schemas.includes(name))) ? undefined : names
}

function portOf(answer: string): number | undefined {
  const port = Number(answer)
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined
}

function kindOfCopies(answer: string): StarterOptions['as'] {
  if (/^(materialized[ _])?views?$/i.test(answer)) return 'materialized_views'
  return /^tables?$/i.test(answer) ? 'tables' : undefined
}
