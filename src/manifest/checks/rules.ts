import type { ProblemCode } from '../../core/codes.ts'
import type { Problem } from '../../core/errors.ts'
import { soundsSecret } from '../../core/secret-names.ts'
import { importProblems } from '../expansion/imports.ts'
import type { Manifest, Path } from '../manifest.ts'
import { nameProblems } from './names.ts'
import { serverOptionProblems, tableOptionProblems } from './postgres-fdw-options.ts'
import { renameProblems } from './renames.ts'
import type { PathProblem } from './schema-problems.ts'
import { accessibles, foreignTables, grantees, types, views } from './walk.ts'

type Server = NonNullable<Manifest['servers']>[string]

/** What a schema can't say: names, names that collide, options in the wrong place, values that the server won't check. */
export function ruleProblems(manifest: Manifest): readonly PathProblem[] {
  return [
    ...nameProblems(manifest),
    ...collisions(manifest),
    ...columnProblems(manifest),
    ...parentProblems(manifest),
    ...optionProblems(manifest),
    ...grantProblems(manifest),
    ...importProblems(manifest),
    ...clusterProblems(manifest),
    ...statisticsProblems(manifest),
    ...renameProblems(manifest),
    ...types(manifest).flatMap(typeProblems),
  ]
}

/** Relations of all kinds, indexes among them, share one namespace a schema. */
function collisions(manifest: Manifest): readonly PathProblem[] {
  const partsOf = (key: 'indexes' | 'statistics') =>
    views(manifest).flatMap(({ path, schema, view }) =>
      Object.keys(view[key] ?? {}).map((name) => ({ path: [...path, key, name], schema, name })),
    )
  const relations = [...foreignTables(manifest), ...views(manifest), ...partsOf('indexes')]
  const shared = 'Tables, materialized views and indexes of a schema share one set of names.'
  return [
    ...sameNames(relations, 'relations', shared),
    ...sameNames(partsOf('statistics'), 'statistics', 'Statistics of all views of a schema share one set of names.'),
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
    const message = `the schema "${schema}" has two ${what} named "${name}": this one and the one`
    return [{ path, atKey: true, problem: { code: 'manifest/duplicate-name', message, hint }, other }]
  })
}

function parentProblems(manifest: Manifest): readonly PathProblem[] {
  return foreignTables(manifest).flatMap(({ path, table: { inherits = [], partition_of: partition } }) => {
    const problems: PathProblem[] = []
    const note = (at: Path, code: ProblemCode, message: string, hint: string) =>
      problems.push({ path: [...path, ...at], atKey: true, problem: { code, message, hint } })
    const texts = inherits.map((parent) => JSON.stringify(parent))
    for (const [at, text] of texts.entries()) {
      if (texts.indexOf(text) < at)
        note(['inherits', at], 'manifest/duplicate-name', 'this table is in the list already', 'Remove one of the two.')
    }
    if (partition && inherits.length > 0) {
      note(
        ['inherits'],
        'manifest/conflicting-keys',
        'a partition can not inherit from other tables too',
        'Remove one of the two.',
      )
    }
    if (partition && (partition.for_values !== undefined) === (partition.default === true)) {
      note(
        ['partition_of'],
        'manifest/conflicting-keys',
        'a partition has either for_values or default: true',
        'Declare one of the two.',
      )
    }
    return problems
  })
}

function statisticsProblems(manifest: Manifest): readonly PathProblem[] {
  const own = views(manifest).map(({ path, view }) => ({ path, statistics: view.statistics }))
  const mirrored = Object.entries(manifest.mirrors ?? {}).flatMap(([mirror, { tables = {} }]) =>
    Object.entries(tables).map(([name, { statistics }]) => ({ path: ['mirrors', mirror, 'tables', name], statistics })),
  )
  return [...own, ...mirrored].flatMap(({ path, statistics = {} }) =>
    Object.entries(statistics).flatMap(([name, { columns = [], expressions = [] }]): readonly PathProblem[] => {
      if (expressions.length > 0 || columns.length > 1) return []
      const problem: Problem = {
        code: 'manifest/invalid-value',
        message: 'statistics are of at least two columns, or of an expression',
      }
      return [{ path: [...path, 'statistics', name], atKey: true, problem }]
    }),
  )
}

function columnProblems(manifest: Manifest): readonly PathProblem[] {
  return foreignTables(manifest).flatMap(({ path, table }) =>
    Object.entries(table.columns ?? {}).flatMap(([name, column]): readonly PathProblem[] => {
      if (typeof column === 'string' || column.default === undefined || column.generated === undefined) return []
      const problem: Problem = {
        code: 'manifest/conflicting-keys',
        message: `the column "${name}" can not have a default and be generated`,
        hint: 'Remove one of the two.',
      }
      return [{ path: [...path, 'columns', name, 'default'], atKey: true, problem }]
    }),
  )
}

/** A type is one of three, and only a domain has conditions. */
function typeProblems({ path, type }: ReturnType<typeof types>[number]): readonly PathProblem[] {
  const sorts = (['enum', 'domain', 'composite'] as const).filter((sort) => type[sort] !== undefined)
  const [sort, second] = sorts
  if (!sort || second) {
    const message = sort
      ? `a type can not be ${sort} and ${second} at once`
      : 'a type is one of enum, domain and composite'
    return [
      {
        path: second ? [...path, second] : path,
        atKey: true,
        problem: { code: 'manifest/conflicting-keys', message, hint: 'Say just one of them.' },
      },
    ]
  }
  if (sort === 'domain') return []
  return (['collation', 'not_null', 'default', 'checks'] as const).flatMap((key) =>
    type[key] === undefined
      ? []
      : [
          {
            path: [...path, key],
            atKey: true,
            problem: { code: 'manifest/conflicting-keys', message: `only a domain can have ${key}` },
          },
        ],
  )
}

function clusterProblems(manifest: Manifest): readonly PathProblem[] {
  return views(manifest).flatMap(({ path, view: { cluster_on: index, indexes = {} } }): readonly PathProblem[] => {
    if (index === undefined || Object.hasOwn(indexes, index)) return []
    const problem: Problem = {
      code: 'manifest/unknown-name',
      message: `the view declares no index "${index}"`,
      hint: 'Declare it below indexes, or name one that stands there.',
    }
    return [{ path: [...path, 'cluster_on'], atKey: false, problem }]
  })
}

function grantProblems(manifest: Manifest): readonly PathProblem[] {
  return accessibles(manifest)
    .flatMap(grantees)
    .flatMap(({ path, grantee }): readonly PathProblem[] => {
      if (typeof grantee === 'string' || grantee.role !== 'public' || !grantee.with_grant_option) return []
      const problem: Problem = {
        code: 'manifest/invalid-value',
        message: 'a grant option can not be given to everybody',
        hint: 'Name the roles, or remove with_grant_option.',
      }
      return [{ path: [...path, 'with_grant_option'], atKey: true, problem }]
    })
}

/** Every role may read the options of servers and tables; only those of user mappings are kept from others. */
function optionProblems(manifest: Manifest): readonly PathProblem[] {
  const exposed = (path: Path, options: Readonly<Record<string, string>> | undefined): readonly PathProblem[] =>
    Object.keys(options ?? {})
      .filter(soundsSecret)
      .map((name) => ({
        path: [...path, name],
        atKey: true,
        problem: {
          code: 'secret/exposed',
          message: `the option "${name}" can not stand here, where every role may read it`,
          hint: 'Put it into a user mapping of the server: user_mappings: { role: { … } }.',
        },
      }))
  return [
    ...Object.entries(manifest.foreign_data_wrappers ?? {}).flatMap(([name, wrapper]) =>
      exposed(['foreign_data_wrappers', name, 'options'], wrapper.options),
    ),
    ...Object.entries(manifest.servers ?? {}).flatMap(([name, server]) => [
      ...exposed(['servers', name, 'options'], server.options),
      ...(usesPostgresFdw(server) ? serverOptionProblems(['servers', name, 'options'], server.options ?? {}) : []),
    ]),
    ...foreignTables(manifest).flatMap(({ path, table }) => {
      const server = manifest.servers?.[table.server]
      const isKnown = server !== undefined && usesPostgresFdw(server)
      return [
        ...exposed([...path, 'options'], table.options),
        ...(isKnown ? tableOptionProblems([...path, 'options'], table.options ?? {}) : []),
      ]
    }),
  ]
}

function usesPostgresFdw({ foreign_data_wrapper }: Server): boolean {
  return (foreign_data_wrapper ?? 'postgres_fdw') === 'postgres_fdw'
}
