// Checks the options of postgres_fdw that the server accepts and fails on later.

import type { Problem } from '../../core/errors.ts'
import type { Path } from '../manifest.ts'
import { atKey, atValue, type PathProblem } from './path-problem.ts'

interface Rule {
  readonly message: string
  allows(value: string): boolean
}

const truth: Rule = {
  message: 'must be true, false, on or off',
  allows: (value) => /^(true|false|on|off)$/i.test(value),
}
/** PostgreSQL also accepts 0x10, 1e2 and 1.5 as whole numbers. */
const count: Rule = {
  message: 'must be a whole number above 0',
  allows: (value) => Math.round(Number(value)) >= 1 && Number(value) <= 2 ** 31 - 1,
}
/** A list of ports corresponds to a list of hosts. An empty entry is the default port. */
const port: Rule = {
  message: 'must be a number from 1 to 65535',
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

/** postgres_fdw does not check some of these until it connects, such as the port. */
const ofServers: ReadonlyMap<string, Rule> = new Map([
  ...ofTables,
  ['port', port],
  ['keep_connections', truth],
  ['parallel_commit', truth],
  ['parallel_abort', truth],
])

type Options = Readonly<Record<string, string>>

/** The problems of a foreign server's options that can be found without the server. */
export function serverOptionProblems(path: Path, options: Options): readonly PathProblem[] {
  const problem: Problem = {
    code: 'manifest/unknown-key',
    message: 'the option "user" belongs to a user mapping, not to the server',
    hint: 'Put it into user_mappings: { role: { user: … } }.',
  }
  const user = 'user' in options ? [atKey([...path, 'user'], problem)] : []
  return [...user, ...valueProblems(path, options, ofServers)]
}

/** The same for a foreign table. */
export function tableOptionProblems(path: Path, options: Options): readonly PathProblem[] {
  return valueProblems(path, options, ofTables)
}

function valueProblems(path: Path, options: Options, rules: ReadonlyMap<string, Rule>): readonly PathProblem[] {
  return Object.entries(options).flatMap(([name, value]): readonly PathProblem[] => {
    const rule = rules.get(name)
    // A reference is unresolved if the manifest is checked without the environment.
    if (!rule || rule.allows(value) || value.includes('${')) return []
    const problem: Problem = {
      code: 'manifest/invalid-value',
      message: `the option "${name}" ${rule.message}, not "${value}"`,
    }
    return [atValue([...path, name], problem)]
  })
}
