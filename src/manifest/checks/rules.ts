// The rules that the JSON Schema cannot express. They need no server: what the server itself checks is left to the probe.

import type { ProblemCode } from '../../core/codes.ts'
import type { Secret } from '../../core/secret.ts'
import { isSecretOption, soundsSecret } from '../../core/secret-options.ts'
import { tableMark } from '../../core/table-mark.ts'
import type { Manifest, Path } from '../manifest.ts'
import { declaredPrimaryKey } from '../primary-key.ts'
import { ignoreProblems } from './ignored.ts'
import { importProblems } from './imports.ts'
import { nameProblems } from './names.ts'
import { atKey, atValue, type PathProblem } from './path-problem.ts'
import { userOptionProblems, usesPostgresFdw } from './postgres-fdw-options.ts'
import { refreshPolicyProblems } from './refresh-policies.ts'
import { renameProblems } from './renames.ts'
import { reservedSchemaProblems } from './reserved-schemas.ts'
import { accessibles, copies, foreignTables, grantees, tables, types } from './walk.ts'

export function ruleProblems(manifest: Manifest): readonly PathProblem[] {
  return [
    ...nameProblems(manifest),
    ...reservedSchemaProblems(manifest),
    ...collisions(manifest),
    ...columnProblems(manifest),
    ...parentProblems(manifest),
    ...optionProblems(manifest),
    ...grantProblems(manifest),
    ...importProblems(manifest),
    ...clusterProblems(manifest),
    ...markProblems(manifest),
    ...statisticsProblems(manifest),
    ...renameProblems(manifest),
    ...ignoreProblems(manifest),
    ...refreshPolicyProblems(manifest),
    ...connectionProblems(manifest),
    ...types(manifest).flatMap(typeProblems),
  ]
}

/** Relations of all kinds, including indexes, share the namespace of their schema. */
function collisions(manifest: Manifest): readonly PathProblem[] {
  const childrenOf = (key: 'indexes' | 'statistics') =>
    copies(manifest).flatMap(({ path, schema, copy }) =>
      Object.keys(copy[key] ?? {}).map((name) => ({ path: [...path, key, name], schema, name })),
    )
  const keys = tables(manifest).flatMap(({ path, schema, name, table }) => {
    const key = declaredPrimaryKey(name, table.primary_key)
    return key ? [{ path: [...path, 'primary_key'], schema, name: key.name }] : []
  })
  const relations = [...foreignTables(manifest), ...copies(manifest), ...childrenOf('indexes'), ...keys]
  const shared = 'Tables, materialized views and indexes of a schema share one namespace.'
  return [
    ...sameNames(relations, 'a relation', shared),
    ...sameNames(
      childrenOf('statistics'),
      'statistics',
      'The statistics of all views in a schema share one namespace.',
    ),
  ]
}

interface Placed {
  readonly path: Path
  readonly schema: string
  readonly name: string
}

function sameNames(all: readonly Placed[], what: string, hint: string): readonly PathProblem[] {
  const first = new Map<string, Path>()
  return all.flatMap(({ path, schema, name }): readonly PathProblem[] => {
    const key = JSON.stringify([schema, name])
    const other = first.get(key)
    if (!other) {
      first.set(key, path)
      return []
    }
    const message = `schema "${schema}" already has ${what} named "${name}"`
    return [atKey(path, { code: 'manifest/duplicate-name', message, hint }, other)]
  })
}

function parentProblems(manifest: Manifest): readonly PathProblem[] {
  return foreignTables(manifest).flatMap(({ path, table: { inherits = [], partition_of: partition } }) => {
    const problems: PathProblem[] = []
    const note = (at: Path, code: ProblemCode, message: string, hint: string) =>
      problems.push(atKey([...path, ...at], { code, message, hint }))
    const parents = inherits.map((parent) => JSON.stringify(parent))
    for (const [at, parent] of parents.entries()) {
      if (parents.indexOf(parent) === at) continue
      note(['inherits', at], 'manifest/duplicate-name', 'this table is already in the list', 'Remove one of the two.')
    }
    if (partition && inherits.length > 0) {
      const message = 'a partition cannot also inherit from other tables'
      note(['inherits'], 'manifest/conflicting-keys', message, 'Remove inherits or partition_of.')
    }
    if (partition && (partition.for_values !== undefined) === (partition.default === true)) {
      const message = 'a partition needs either for_values or default: true'
      note(['partition_of'], 'manifest/conflicting-keys', message, 'Declare one of the two.')
    }
    return problems
  })
}

function markProblems(manifest: Manifest): readonly PathProblem[] {
  const own = tables(manifest).map(({ path, table }) => ({ path, parameters: table.with }))
  const mirrored = Object.entries(manifest.mirrors ?? {}).flatMap(([mirror, { tables = {} }]) =>
    Object.entries(tables).map(([name, table]) => ({
      path: ['mirrors', mirror, 'tables', name],
      parameters: table.with,
    })),
  )
  return [...own, ...mirrored].flatMap(({ path, parameters = {} }): readonly PathProblem[] => {
    if (!Object.hasOwn(parameters, tableMark.name)) return []
    const message = `fdwsync itself sets "${tableMark.name}" on tables, to recognize them`
    return [atKey([...path, 'with', tableMark.name], { code: 'manifest/invalid-value', message, hint: 'Remove it.' })]
  })
}

function statisticsProblems(manifest: Manifest): readonly PathProblem[] {
  const own = copies(manifest).map(({ path, copy }) => ({ path, statistics: copy.statistics }))
  const mirrored = Object.entries(manifest.mirrors ?? {}).flatMap(([mirror, { tables = {} }]) =>
    Object.entries(tables).map(([name, { statistics }]) => ({ path: ['mirrors', mirror, 'tables', name], statistics })),
  )
  return [...own, ...mirrored].flatMap(({ path, statistics = {} }) =>
    Object.entries(statistics).flatMap(([name, { columns = [], expressions = [] }]): readonly PathProblem[] => {
      if (expressions.length > 0 || columns.length > 1) return []
      const message = 'statistics need at least two columns, or an expression'
      return [atKey([...path, 'statistics', name], { code: 'manifest/invalid-value', message })]
    }),
  )
}

function columnProblems(manifest: Manifest): readonly PathProblem[] {
  return foreignTables(manifest).flatMap(({ path, table }) =>
    Object.entries(table.columns ?? {}).flatMap(([name, column]): readonly PathProblem[] => {
      if (typeof column === 'string') return []
      const [key, other] = (['identity', 'default', 'generated'] as const).filter((each) => column[each] !== undefined)
      const isNullable = column.identity !== undefined && column.not_null === false
      if (!key || !(other || isNullable)) return []
      const message = other
        ? `column "${name}" cannot have both "${key}" and "${other}"`
        : `column "${name}" is an identity column, so it cannot be nullable`
      const problem = { code: 'manifest/conflicting-keys', message, hint: 'Remove one of the two.' } as const
      return [atKey([...path, 'columns', name, key], problem)]
    }),
  )
}

/** The keys that not all types can have, and which ones can. */
const keysOfSorts = {
  collation: ['domain', 'range'],
  not_null: ['domain'],
  default: ['domain'],
  checks: ['domain'],
  subtype_diff: ['range'],
  multirange: ['range'],
} as const

function typeProblems({ path, type }: ReturnType<typeof types>[number]): readonly PathProblem[] {
  const [sort, second] = (['enum', 'domain', 'range', 'composite'] as const).filter((each) => type[each] !== undefined)
  const code = 'manifest/conflicting-keys'
  if (!sort || second) {
    const message = sort
      ? `a type cannot be both ${sort} and ${second}`
      : 'a type must be one of enum, domain, range and composite'
    return [atKey(second ? [...path, second] : path, { code, message, hint: 'Declare exactly one of them.' })]
  }
  return Object.entries(keysOfSorts).flatMap(([key, owners]) =>
    type[key as keyof typeof keysOfSorts] === undefined || owners.some((owner) => owner === sort)
      ? []
      : atKey([...path, key], { code, message: `only a ${owners.join(' or a ')} can have ${key}` }),
  )
}

function clusterProblems(manifest: Manifest): readonly PathProblem[] {
  return copies(manifest).flatMap(({ path, copy: { cluster_on: index, indexes = {} } }): readonly PathProblem[] => {
    if (index === undefined || Object.hasOwn(indexes, index)) return []
    const message = `it declares no index "${index}"`
    const hint = 'Declare it under indexes, or name another index.'
    return [atValue([...path, 'cluster_on'], { code: 'manifest/unknown-name', message, hint })]
  })
}

function grantProblems(manifest: Manifest): readonly PathProblem[] {
  return accessibles(manifest)
    .flatMap(grantees)
    .flatMap(({ path, grantee }): readonly PathProblem[] => {
      if (typeof grantee === 'string' || grantee.role !== 'public' || !grantee.with_grant_option) return []
      const message = 'a grant option cannot be given to public'
      const hint = 'Name the roles, or remove with_grant_option.'
      return [atKey([...path, 'with_grant_option'], { code: 'manifest/invalid-value', message, hint })]
    })
}

function connectionProblems({ servers = {} }: Manifest): readonly PathProblem[] {
  return Object.entries(servers).flatMap(([name, { max_connections: limit }]): readonly PathProblem[] => {
    if (limit === undefined || Number(limit) !== 0) return []
    const message = '"max_connections" must be at least 1'
    return [atValue(['servers', name, 'max_connections'], { code: 'manifest/invalid-value', message })]
  })
}

type Options = Readonly<Record<string, string | Secret>>

/** Secrets among options where postgres_fdw or an import does not accept them. */
function optionProblems(manifest: Manifest): readonly PathProblem[] {
  const refused = (path: Path, options: Options | undefined, why: string): readonly PathProblem[] =>
    Object.entries(options ?? {})
      .filter(([name, value]) => (typeof value === 'string' ? isSecretOption(name, value) : soundsSecret(name)))
      .map(([name]) => {
        const message = `the option "${name}" cannot be set here, ${why}`
        const hint = 'Put it into a user mapping of the server: user_mappings: { role: { … } }.'
        return atKey([...path, 'options', name], { code: 'secret/exposed', message, hint })
      })
  const readable = 'where every role can read it'
  const recorded = 'where it is part of a statement that servers log'
  const ofPostgresFdw = Object.entries(manifest.servers ?? {}).filter(([, server]) => usesPostgresFdw(manifest, server))
  const names = new Set(ofPostgresFdw.map(([name]) => name))
  return [
    ...ofPostgresFdw.flatMap(([name, { options = {} }]) => [
      ...refused(['servers', name], options, readable),
      ...userOptionProblems(['servers', name, 'options'], options),
    ]),
    ...foreignTables(manifest).flatMap(({ path, table }) =>
      names.has(table.server) ? refused(path, table.options, readable) : [],
    ),
    ...Object.entries(manifest.schemas ?? {}).flatMap(([schema, { imports = [] }]) =>
      imports.flatMap(({ options }, at) => refused(['schemas', schema, 'imports', at], options, recorded)),
    ),
    ...Object.entries(manifest.mirrors ?? {}).flatMap(([name, { options }]) =>
      refused(['mirrors', name], options, recorded),
    ),
  ]
}
