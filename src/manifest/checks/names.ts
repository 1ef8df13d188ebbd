// Checks every name in a manifest against the rules of PostgreSQL for names.

import type { Import, ImportTable, Mirror } from '../generated/manifest-types.ts'
import type { Manifest, Path } from '../manifest.ts'
import { atKey, atValue, type PathProblem } from './path-problem.ts'
import { accessibles, copies, foreignTables, type Granted, grantees, tables, types } from './walk.ts'

const longestName = 63

/**
 * Names that PostgreSQL cannot have. It would truncate a long name, and the rest may be the name of something else. The
 * limit is 63 bytes in UTF-8. A server with another encoding may count differently, and then reports an error itself.
 */
export function nameProblems(manifest: Manifest): readonly PathProblem[] {
  return [
    ...value(['name'], manifest.name),
    ...(manifest.search_path ?? []).flatMap((schema, at) => value(['search_path', at], schema)),
    ...(manifest.trusted_roles ?? []).flatMap((role, at) => value(['trusted_roles', at], role)),
    ...value(['cron', 'database'], manifest.cron?.database),
    ...extensionNames(manifest),
    ...wrapperNames(manifest),
    ...serverNames(manifest),
    ...keys(['schemas'], manifest.schemas),
    ...foreignTables(manifest).flatMap(({ path, table }) => tableNames(path, table)),
    ...copies(manifest).flatMap(({ path, copy }) => copyNames(path, copy)),
    ...tables(manifest).flatMap(({ path, table }) => keyNames(path, table)),
    ...types(manifest).flatMap(({ path, type }) => [
      ...ownName(path),
      ...object([...path, 'collation'], type.collation),
      ...object([...path, 'subtype_diff'], type.subtype_diff),
      ...value([...path, 'multirange'], type.multirange),
      ...keys([...path, 'checks'], type.checks),
      ...keys([...path, 'composite'], type.composite),
    ]),
    ...importNames(manifest),
    ...accessibles(manifest).flatMap(({ path, owner }) => value([...path, 'owner'], owner)),
    ...accessibles(manifest).flatMap(grantees).flatMap(granteeNames),
  ]
}

function problemsOf(path: Path, name: string, at: typeof atKey): readonly PathProblem[] {
  const message = nameProblem(name)
  return message === undefined ? none : [at(path, { code: 'manifest/invalid-value', message })]
}

const none: readonly PathProblem[] = []

function nameProblem(name: string): string | undefined {
  if (/^[\x20-\x7e]{1,63}$/.test(name)) return undefined
  if (name === '') return 'a name cannot be empty'
  if (name.includes('\0')) return 'a name cannot contain a NUL character'
  if (/\p{Surrogate}/u.test(name)) return 'a name cannot contain half a surrogate pair'
  const bytes = new TextEncoder().encode(name).length
  return bytes > longestName ? `the name has ${bytes} bytes; PostgreSQL allows ${longestName}` : undefined
}

function extensionNames({ extensions }: Manifest): readonly PathProblem[] {
  return [
    ...keys(['extensions'], extensions),
    ...Object.entries(extensions ?? {}).flatMap(([name, { schema }]) => value(['extensions', name, 'schema'], schema)),
  ]
}

function wrapperNames({ foreign_data_wrappers: wrappers }: Manifest): readonly PathProblem[] {
  return [
    ...keys(['foreign_data_wrappers'], wrappers),
    ...Object.entries(wrappers ?? {}).flatMap(([name, { handler, validator, options }]) => {
      const path = ['foreign_data_wrappers', name]
      return [
        ...object([...path, 'handler'], handler),
        ...object([...path, 'validator'], validator),
        ...keys([...path, 'options'], options),
      ]
    }),
  ]
}

function serverNames({ servers }: Manifest): readonly PathProblem[] {
  return [
    ...keys(['servers'], servers),
    ...Object.entries(servers ?? {}).flatMap(
      ([name, { foreign_data_wrapper, renamed_from, options, user_mappings }]) => {
        const path = ['servers', name]
        return [
          ...value([...path, 'renamed_from'], renamed_from),
          ...value([...path, 'foreign_data_wrapper'], foreign_data_wrapper),
          ...keys([...path, 'options'], options),
          ...keys([...path, 'user_mappings'], user_mappings),
          ...Object.entries(user_mappings ?? {}).flatMap(([role, mapping]) =>
            keys([...path, 'user_mappings', role], mapping),
          ),
        ]
      },
    ),
  ]
}

function importNames({ schemas, mirrors }: Manifest): readonly PathProblem[] {
  const imports = Object.entries(schemas ?? {}).flatMap(([schema, { imports: items = [] }]) =>
    items.flatMap((item, at) => {
      const path = ['schemas', schema, 'imports', at]
      const tables = Object.entries(item.tables ?? {})
      return [
        ...sourceNames(path, item),
        ...tables.flatMap(([name, table]) => tableNames([...path, 'tables', name], table)),
      ]
    }),
  )
  const views = Object.entries(mirrors ?? {}).flatMap(([name, mirror]) => {
    const path = ['mirrors', name]
    return [
      ...sourceNames(path, mirror),
      ...value([...path, 'proxy_schema'], mirror.proxy_schema),
      ...value([...path, 'types_schema'], mirror.types_schema),
      ...value([...path, 'schema'], mirror.schema),
      ...(mirror.indexes?.each ?? []).flatMap((index, at) => indexNames([...path, 'indexes', 'each', at], index)),
      ...Object.entries(mirror.tables ?? {}).flatMap(([table, view]) => [
        ...copyNames([...path, 'tables', table], view),
        ...keyNames([...path, 'tables', table], view),
      ]),
    ]
  })
  return [...imports, ...views]
}

function sourceNames(path: Path, { server, remote_schema, limit_to, except, options }: Import | Mirror) {
  const list = (key: string, names: readonly string[] | undefined) =>
    (names ?? []).flatMap((name, at) => value([...path, key, at], name))
  return [
    ...value([...path, 'server'], server),
    ...value([...path, 'remote_schema'], remote_schema),
    ...list('limit_to', limit_to),
    ...list('except', except),
    ...keys([...path, 'options'], options),
  ]
}

type Table = ReturnType<typeof foreignTables>[number]['table']
type Copy = ReturnType<typeof copies>[number]['copy']
type DeclaredTable = ReturnType<typeof tables>[number]['table']
type Index = NonNullable<Copy['indexes']>[string]

function tableNames(
  path: Path,
  {
    server,
    renamed_from,
    options,
    columns,
    checks,
    inherits,
    partition_of,
  }: Partial<Table> | (ImportTable & { server?: never; renamed_from?: never; inherits?: never; partition_of?: never }),
): readonly PathProblem[] {
  return [
    ...ownName(path),
    ...value([...path, 'server'], server),
    ...value([...path, 'renamed_from'], renamed_from),
    ...keys([...path, 'options'], options),
    ...keys([...path, 'columns'], columns),
    ...Object.entries(columns ?? {}).flatMap(([name, column]) => {
      if (typeof column === 'string') return []
      const at = [...path, 'columns', name]
      const old = 'renamed_from' in column && typeof column.renamed_from === 'string' ? column.renamed_from : undefined
      return [
        ...value([...at, 'renamed_from'], old),
        ...object([...at, 'collation'], column.collation),
        ...keys([...at, 'options'], column.options),
      ]
    }),
    ...keys([...path, 'checks'], checks),
    ...(inherits ?? []).flatMap((parent, at) => object([...path, 'inherits', at], parent)),
    ...object([...path, 'partition_of', 'table'], partition_of?.table),
  ]
}

function copyNames(
  path: Path,
  copy: Pick<Copy, 'renamed_from' | 'with' | 'indexes' | 'statistics'>,
): readonly PathProblem[] {
  return [
    ...ownName(path),
    ...value([...path, 'renamed_from'], copy.renamed_from),
    ...keys([...path, 'with'], copy.with),
    ...keys([...path, 'indexes'], copy.indexes),
    ...Object.entries(copy.indexes ?? {}).flatMap(([name, index]) => indexNames([...path, 'indexes', name], index)),
    ...keys([...path, 'statistics'], copy.statistics),
    ...Object.entries(copy.statistics ?? {}).flatMap(([name, { columns = [] }]) =>
      columns.flatMap((column, at) => value([...path, 'statistics', name, 'columns', at], column)),
    ),
  ]
}

function keyNames(
  path: Path,
  { primary_key: key, not_null: columns }: Pick<DeclaredTable, 'primary_key' | 'not_null'>,
): readonly PathProblem[] {
  const list = (place: Path, names: readonly string[] | undefined) =>
    (names ?? []).flatMap((name, at) => value([...place, at], name))
  const at = [...path, 'primary_key']
  const ofKey =
    key === undefined || isList(key)
      ? list(at, key)
      : [
          ...value([...at, 'name'], key.name),
          ...list([...at, 'columns'], key.columns),
          ...list([...at, 'include'], key.include),
        ]
  return [...ofKey, ...list([...path, 'not_null'], columns)]
}

function isList<List extends readonly unknown[]>(value: List | object): value is List {
  return Array.isArray(value)
}

function indexNames(path: Path, { method, renamed_from, columns, include }: Index): readonly PathProblem[] {
  return [
    ...value([...path, 'method'], method),
    ...value([...path, 'renamed_from'], renamed_from),
    ...columns.flatMap((column, position) => {
      const at = [...path, 'columns', position]
      if (typeof column === 'string') return value(at, column)
      return [
        ...value([...at, 'column'], column.column),
        ...object([...at, 'operator_class'], column.operator_class),
        ...object([...at, 'collation'], column.collation),
      ]
    }),
    ...(include ?? []).flatMap((column, position) => value([...path, 'include', position], column)),
  ]
}

function granteeNames({ path, grantee }: Granted): readonly PathProblem[] {
  if (typeof grantee === 'string') return value(path, grantee)
  const columns = (grantee.columns ?? []).flatMap((column, place) => value([...path, 'columns', place], column))
  return [...value([...path, 'role'], grantee.role), ...columns]
}

function ownName(path: Path): readonly PathProblem[] {
  return problemsOf(path, String(path.at(-1)), atKey)
}

function keys(path: Path, map: object | undefined): readonly PathProblem[] {
  return Object.keys(map ?? {}).flatMap((name) => (nameProblem(name) === undefined ? none : ownName([...path, name])))
}

function value(path: Path, name: string | undefined): readonly PathProblem[] {
  return name === undefined ? none : problemsOf(path, name, atValue)
}

function object(path: Path, name: string | { readonly schema?: string; readonly name: string } | undefined) {
  if (typeof name !== 'object') return value(path, name)
  return [...value([...path, 'schema'], name.schema), ...value([...path, 'name'], name.name)]
}
