// Checks options of postgres_fdw that the server accepts and that fail later.

import type { Problem } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { Manifest, Path } from '../manifest.ts'
import { atKey, atValue, type PathProblem } from './path-problem.ts'
import { foreignTables } from './walk.ts'

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

type Options = Readonly<Record<string, string | Secret>>

type Server = NonNullable<Manifest['servers']>[string]

/** Whether the manifest shows that a server uses postgres_fdw, itself or a wrapper that is declared with its handler. */
export function usesPostgresFdw(manifest: Manifest, server: Server): boolean {
  const { foreign_data_wrapper: wrapper = 'postgres_fdw' } = server
  return wrapper === 'postgres_fdw' || handlerOf(manifest, wrapper) === 'postgres_fdw_handler'
}

/** Whether the manifest shows that a server uses the wrapper of an extension other than postgres_fdw. */
export function usesOtherExtension(manifest: Manifest, server: Server): boolean {
  const { foreign_data_wrapper: wrapper = 'postgres_fdw' } = server
  return Object.hasOwn(manifest.extensions ?? {}, wrapper) && !usesPostgresFdw(manifest, server)
}

function handlerOf({ foreign_data_wrappers: wrappers = {} }: Manifest, name: string): string | undefined {
  const handler = Object.hasOwn(wrappers, name) ? wrappers[name]?.handler : undefined
  return typeof handler === 'object' ? handler.name : handler
}

/** The server rejects the option `user` too, but without a hint. */
export function userOptionProblems(path: Path, options: Options): readonly PathProblem[] {
  const problem: Problem = {
    code: 'manifest/unknown-key',
    message: 'the option "user" belongs to a user mapping, not to the server',
    hint: 'Put it into user_mappings: { role: { user: … } }.',
  }
  return 'user' in options ? [atKey([...path, 'user'], problem)] : []
}

/** Values with which postgres_fdw or libpq fails when it connects or reads. */
export function optionValueProblems(manifest: Manifest): readonly PathProblem[] {
  return [
    ...Object.entries(manifest.servers ?? {}).flatMap(([name, server]) =>
      usesPostgresFdw(manifest, server)
        ? valueProblems(['servers', name, 'options'], server.options ?? {}, ofServers)
        : [],
    ),
    ...foreignTables(manifest).flatMap(({ path, table }) => {
      const server = manifest.servers?.[table.server]
      const isKnown = server !== undefined && usesPostgresFdw(manifest, server)
      return isKnown ? valueProblems([...path, 'options'], table.options ?? {}, ofTables) : []
    }),
  ]
}

function valueProblems(path: Path, options: Options, rules: ReadonlyMap<string, Rule>): readonly PathProblem[] {
  return Object.entries(options).flatMap(([name, value]): readonly PathProblem[] => {
    const rule = rules.get(name)
    // A reference stays unresolved if the manifest is checked without the environment.
    if (!rule || typeof value !== 'string' || rule.allows(value) || value.includes('${')) return []
    const problem: Problem = {
      code: 'manifest/invalid-value',
      message: `the option "${name}" ${rule.message}, not "${value}"`,
    }
    return [atValue([...path, name], problem)]
  })
}
