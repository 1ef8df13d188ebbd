import type { Problem } from '../../core/errors.ts'
import type { Path } from '../manifest.ts'
import type { PathProblem } from './schema-problems.ts'

interface Rule {
  readonly message: string
  allows(value: string): boolean
}

const truth: Rule = {
  message: 'is true, false, on or off',
  allows: (value) => /^(true|false|on|off)$/i.test(value),
}
/** PostgreSQL reads 0x10, 1e2 and 1.5 as whole numbers too. */
const count: Rule = {
  message: 'is a whole number above 0',
  allows: (value) => Math.round(Number(value)) >= 1 && Number(value) <= 2 ** 31 - 1,
}
/** A list goes with one of hosts; an empty entry is the default port. */
const port: Rule = {
  message: 'is a number from 1 to 65535',
  allows: (value) =>
    value.split(',').every((one) => one.trim() === '' || (/^ *\d{1,9} *$/.test(one) && isPort(Number(one)))),
}

function isPort(number: number): boolean {
  return number >= 1 && number <= 65535
}

const ofTables: ReadonlyMap<string, Rule> = new Map([
  ['fetch_size', count],
  ['batch_size', count],
  ['use_remote_estimate', truth],
  ['updatable', truth],
  ['truncatable', truth],
  ['async_capable', truth],
])

/** Among them what postgres_fdw takes as it is and stumbles over when it connects, such as the port. */
const ofServers: ReadonlyMap<string, Rule> = new Map([
  ...ofTables,
  ['port', port],
  ['keep_connections', truth],
  ['parallel_commit', truth],
  ['parallel_abort', truth],
])

type Options = Readonly<Record<string, string>>

/** What is wrong with the options of a server of postgres_fdw, as far as it can be known without the server. */
export function serverOptionProblems(path: Path, options: Options): readonly PathProblem[] {
  const problem: Problem = {
    code: 'manifest/unknown-key',
    message: 'the option "user" belongs to a user mapping, not to the server',
    hint: 'Put it into user_mappings: { role: { user: … } }.',
  }
  const user = 'user' in options ? [{ path: [...path, 'user'], atKey: true, problem }] : []
  return [...user, ...valueProblems(path, options, ofServers)]
}

/** The same for a foreign table on such a server. */
export function tableOptionProblems(path: Path, options: Options): readonly PathProblem[] {
  return valueProblems(path, options, ofTables)
}

function valueProblems(path: Path, options: Options, rules: ReadonlyMap<string, Rule>): readonly PathProblem[] {
  return Object.entries(options).flatMap(([name, value]): readonly PathProblem[] => {
    const rule = rules.get(name)
    // A reference may stay unresolved, for a check without the environment.
    if (!rule || rule.allows(value) || value.includes('${')) return []
    const problem: Problem = {
      code: 'manifest/invalid-value',
      message: `the option "${name}" ${rule.message}, not "${value}"`,
    }
    return [{ path: [...path, name], atKey: false, problem }]
  })
}
