// Mirrors: how the tables of a source become materialized views or tables of the manifest.

import { canonicalJson } from '../../core/data.ts'
import { didYouMean } from '../../core/nearest.ts'
import { inheritedStanza, mergeStanzas, type RefreshStanza } from '../../core/refresh-policy.ts'
import { qualified } from '../../core/sql.ts'
import { atKey, type PathProblem } from '../checks/path-problem.ts'
import { primaryKeyOf } from '../copies.ts'
import type { Manifest, Path } from '../manifest.ts'
import { namedPrimaryKey, type PrimaryKeyStanza } from '../primary-key.ts'
import {
  type CopiedTableStanza,
  type Expansion,
  type FormerNames,
  type IndexStanza,
  originKey,
  type SourceTables,
  type TableStanza,
  type ViewStanza,
} from './imports.ts'
import { type CopiesKey, copiedAs, type Mirror, overrideOf } from './mirrored-copy.ts'

type Indexes = Readonly<Record<string, IndexStanza>>
type Schema = NonNullable<Manifest['schemas']>[string]

/** The contents of a mirror's source. */
export interface Mirrored extends SourceTables {
  readonly name: string
  readonly tables: ReadonlyMap<string, TableStanza>
  /** By table. */
  readonly formerNames: ReadonlyMap<string, FormerNames>
  /** Whether all tables of the source are known, so that a table that is missing here does not exist. */
  readonly isComplete: boolean
  /** Tables that it has, but could not be imported. */
  readonly leftOut: ReadonlySet<string>
}

/** Adds the copies of mirrors to their schemas. What the manifest itself declares takes precedence; the mirror's policy applies to it too. */
export function addMirrors(manifest: Manifest, all: readonly Mirrored[]): Expansion {
  const origins = new Map<string, Path>()
  const problems: PathProblem[] = []
  const schemas = { ...manifest.schemas }
  for (const mirrored of all) {
    const { name, tables, formerNames, isComplete, leftOut } = mirrored
    const mirror = manifest.mirrors?.[name]
    if (!mirror) continue
    const { schema } = mirror
    if (!schemas[schema]) origins.set(originKey(['schemas', schema]), ['mirrors', name])
    const copies = {
      materialized_views: { ...schemas[schema]?.materialized_views },
      tables: { ...schemas[schema]?.tables },
    }
    const taken = namesIn(copies, mirrored)
    for (const table of tables.keys()) {
      const as = declaredAs(manifest.schemas?.[schema], table)
      if (as) {
        addPolicy(copies, as, table, mirror)
        continue
      }
      const override = overrideOf(mirror, table)
      const at = ['mirrors', name, ...(override ? ['tables', table] : [])]
      const place = (key: CopiesKey) => originKey(['schemas', schema, key, table])
      if (origins.has(place('materialized_views')) || origins.has(place('tables')))
        problems.push(mirroredTwice(schema, table, at))
      origins.set(place(copiedAs(mirror, table)), at)
      const former = formerNames.get(table)?.table
      const renamed = former === undefined ? {} : { renamed_from: former }
      const stanza = copyOf(mirror, table, mirrored, taken)
      if (copiedAs(mirror, table) === 'tables') {
        copies.tables[table] = { ...renamed, ...stanza, ...tableKeys(mirror, table, mirrored) }
      } else {
        copies.materialized_views[table] = { ...renamed, ...stanza }
      }
    }
    if (isComplete) problems.push(...unknownTables(name, mirror, new Set([...tables.keys(), ...leftOut])))
    schemas[schema] = { ...schemas[schema], ...withoutEmpty(copies) }
  }
  return { manifest: { ...manifest, schemas }, origins, problems }
}

interface Copies {
  readonly materialized_views: Record<string, ViewStanza>
  readonly tables: Record<string, CopiedTableStanza>
}

/** A schema has both keys only if it has both kinds of copies. */
function withoutEmpty({ materialized_views, tables }: Copies): Pick<Schema, CopiesKey> {
  return Object.keys(tables).length === 0
    ? { materialized_views }
    : { ...(Object.keys(materialized_views).length === 0 ? {} : { materialized_views }), tables }
}

/** What the manifest itself declares under the name of a table of a mirror. */
function declaredAs(schema: Schema | undefined, table: string): CopiesKey | undefined {
  return (['materialized_views', 'tables'] as const).find((key) => Object.hasOwn(schema?.[key] ?? {}, table))
}

function addPolicy({ materialized_views: views, tables }: Copies, as: CopiesKey, table: string, mirror: Mirror): void {
  const declared = as === 'tables' ? tables[table] : views[table]
  const policy = refreshOf(mirror, table, declared && primaryKeyOf(declared), declared?.refresh)
  if (as === 'tables')
    tables[table] = { ...tables[table], ...policy } as CopiedTableStanza // it is declared
  else views[table] = { ...views[table], ...policy } as ViewStanza // it is declared
}

function mirroredTwice(schema: string, table: string, path: Path): PathProblem {
  const message = `two mirrors declare "${table}" in schema "${schema}"`
  return atKey(path, { code: 'manifest/duplicate-name', message, hint: 'Exclude it in one of the two.' })
}

function unknownTables(name: string, { tables = {} }: Mirror, found: ReadonlySet<string>) {
  return Object.entries(tables).flatMap(([table, { exclude }]): readonly PathProblem[] => {
    if (exclude || found.has(table)) return []
    const message = `the mirror has no table "${table}": the source does not have it, or it is excluded${didYouMean(table, found)}`
    return [atKey(['mirrors', name, 'tables', table], { code: 'source/not-found', message })]
  })
}

/** The keys that views and tables have in common. */
function copyOf(mirror: Mirror, table: string, mirrored: Mirrored, taken: Set<string>): ViewStanza {
  const override = overrideOf(mirror, table)
  const { exclude: _, as: __, primary_key, not_null, unlogged, adopt, query, indexes = {}, ...rest } = override ?? {}
  const key = keyOf(mirror, table, mirrored)
  const own = { ...(query === undefined ? withoutKey(mirrored.indexes.get(table) ?? {}, key) : {}), ...indexes }
  const existing = key ? [...Object.values(own), key] : Object.values(own)
  const columns = mirrored.tables.get(table)?.columns ?? {}
  for (const index of mirror.indexes?.each ?? []) {
    const plain = plainColumns(index)
    if (!plain.every((column) => Object.hasOwn(columns, column))) continue
    if (existing.some((other) => isSameIndex(other, index))) continue
    own[freeName(table, plain, taken)] = index
  }
  const all = query ?? `SELECT * FROM ${qualified(mirror.proxy_schema, table)}`
  return { query: all, ...rest, ...refreshOf(mirror, table, key), indexes: own }
}

/** The keys that only tables have. */
function tableKeys(mirror: Mirror, table: string, mirrored: Mirrored) {
  const { not_null, unlogged, adopt } = overrideOf(mirror, table) ?? {}
  const key = keyOf(mirror, table, mirrored)
  return {
    ...(key === undefined ? {} : { primary_key: key }),
    ...(not_null === undefined ? {} : { not_null }),
    ...(unlogged === undefined ? {} : { unlogged }),
    ...(adopt === undefined ? {} : { adopt }),
  }
}

/** The primary key of a copy. What a query of its own returns may be unique by other columns than the source's table. */
function keyOf(mirror: Mirror, table: string, { primaryKeys }: Mirrored): PrimaryKeyStanza | undefined {
  if (copiedAs(mirror, table) !== 'tables') return undefined
  const { primary_key: declared, query } = overrideOf(mirror, table) ?? {}
  return namedPrimaryKey(table, declared) ?? (query === undefined ? primaryKeys.get(table) : undefined)
}

/** A primary key has an index of its own. */
function withoutKey(indexes: Indexes, key: PrimaryKeyStanza | undefined): Indexes {
  if (!key) return indexes
  const others = Object.entries(indexes).filter(([name, index]) => name !== key.name && !isSameIndex(index, key))
  return Object.fromEntries(others)
}

/** The policy of a copy, from its own declaration and that of the mirror. */
function refreshOf(
  mirror: Mirror,
  table: string,
  primaryKey: ReturnType<typeof primaryKeyOf>,
  own?: RefreshStanza,
): { readonly refresh?: RefreshStanza } {
  const refresh = mergeStanzas(own, overrideOf(mirror, table)?.refresh, inheritedStanza(mirror.refresh, primaryKey))
  return Object.keys(refresh).length > 0 ? { refresh } : {}
}

function plainColumns({ columns, include = [] }: IndexStanza): readonly string[] {
  const keys = columns.flatMap((column) => (typeof column === 'string' ? column : (column.column ?? [])))
  return [...keys, ...include]
}

type Covering = Pick<IndexStanza, 'method' | 'columns' | 'include' | 'where'>

function isSameIndex(left: Covering, right: Covering): boolean {
  return comparable(left) === comparable(right)
}

function comparable({ method = 'btree', columns, include = [], where }: Covering): string {
  const keys = columns.map((column) => (typeof column === 'string' ? { column } : column))
  return canonicalJson({ method, keys, include, where })
}

/** The names of all relations in the schema. */
function namesIn({ materialized_views, tables }: Copies, mirrored: Mirrored): Set<string> {
  const declared = { ...materialized_views, ...tables }
  const names = new Set([...Object.keys(declared), ...mirrored.tables.keys()])
  for (const copy of Object.values(declared)) for (const index of Object.keys(copy.indexes ?? {})) names.add(index)
  for (const indexes of mirrored.indexes.values()) for (const index of Object.keys(indexes)) names.add(index)
  for (const { name } of mirrored.primaryKeys.values()) names.add(name)
  return names
}

/** The name that PostgreSQL would choose, such as `orders_geom_idx`, with a number if that is taken. */
function freeName(table: string, columns: readonly string[], taken: Set<string>): string {
  for (let number = 0; ; number++) {
    const name = objectName(table, columns.join('_'), number === 0 ? 'idx' : `idx${number}`)
    if (taken.has(name)) continue
    taken.add(name)
    return name
  }
}

/** Shortens the longer of the two parts until the name has at most 63 bytes, as PostgreSQL does. */
function objectName(table: string, columns: string, label: string): string {
  const parts: [string[], string[]] = [[...table], [...columns]]
  const text = () => `${parts[0].join('')}_${parts[1].join('')}_${label}`
  const length = (part: readonly string[]) => Buffer.byteLength(part.join(''))
  while (Buffer.byteLength(text()) > 63) parts[length(parts[0]) > length(parts[1]) ? 0 : 1].pop()
  return text()
}
