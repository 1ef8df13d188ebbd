// Mirrors: how the tables of a source become materialized views of the manifest.

import { canonicalJson } from '../../core/data.ts'
import { didYouMean } from '../../core/nearest.ts'
import { mergeStanzas, type RefreshStanza } from '../../core/refresh-policy.ts'
import { qualified } from '../../core/sql.ts'
import { atKey, type PathProblem } from '../checks/path-problem.ts'
import type { Manifest, Path } from '../manifest.ts'
import {
  type Expansion,
  type FormerNames,
  type IndexStanza,
  originKey,
  type TableStanza,
  type ViewStanza,
} from './imports.ts'

type Mirror = NonNullable<Manifest['mirrors']>[string]
type Indexes = Readonly<Record<string, IndexStanza>>

/** What a mirror finds at its source. */
export interface Mirrored {
  readonly name: string
  readonly tables: ReadonlyMap<string, TableStanza>
  /** The source's own indexes, by table. */
  readonly indexes: ReadonlyMap<string, Indexes>
  /** By table. */
  readonly formerNames: ReadonlyMap<string, FormerNames>
  /** Whether all tables of the source are known, so that a table that is missing here does not exist. */
  readonly isComplete: boolean
}

/** Adds the views of mirrors to their schemas. A view that the manifest itself declares takes precedence; the mirror's policy applies to it too. */
export function addMirrors(manifest: Manifest, all: readonly Mirrored[]): Expansion {
  const origins = new Map<string, Path>()
  const problems: PathProblem[] = []
  const schemas = { ...manifest.schemas }
  for (const { name, tables, indexes, formerNames, isComplete } of all) {
    const mirror = manifest.mirrors?.[name]
    if (!mirror) continue
    const { schema } = mirror
    if (!schemas[schema]) origins.set(originKey(['schemas', schema]), ['mirrors', name])
    const declared = manifest.schemas?.[schema]?.materialized_views ?? {}
    const views = { ...schemas[schema]?.materialized_views }
    const taken = namesIn(views, tables.keys(), indexes.values())
    for (const [table, stanza] of tables) {
      const instead = Object.hasOwn(declared, table) ? declared[table] : undefined
      if (instead) {
        views[table] = { ...instead, ...refreshOf(mirror, table, instead.refresh) }
        continue
      }
      const override = mirror.tables && Object.hasOwn(mirror.tables, table)
      const at = ['mirrors', name, ...(override ? ['tables', table] : [])]
      const path = ['schemas', schema, 'materialized_views', table]
      if (origins.has(originKey(path))) problems.push(mirroredTwice(schema, table, at))
      origins.set(originKey(path), at)
      const view = viewOf(mirror, table, stanza, indexes.get(table) ?? {}, taken)
      const former = formerNames.get(table)?.table
      views[table] = former === undefined ? view : { renamed_from: former, ...view }
    }
    if (isComplete) problems.push(...unknownTables(name, mirror, tables))
    schemas[schema] = { ...schemas[schema], materialized_views: views }
  }
  return { manifest: { ...manifest, schemas }, origins, problems }
}

function mirroredTwice(schema: string, table: string, path: Path): PathProblem {
  const message = `two mirrors declare view "${table}" in schema "${schema}"`
  return atKey(path, { code: 'manifest/duplicate-name', message, hint: 'Exclude it in one of the two.' })
}

function unknownTables(name: string, { tables = {} }: Mirror, found: ReadonlyMap<string, TableStanza>) {
  return Object.entries(tables).flatMap(([table, { exclude }]): readonly PathProblem[] => {
    if (exclude || found.has(table)) return []
    const message = `the mirror has no table "${table}": the source does not have it, or it is excluded${didYouMean(table, found.keys())}`
    return [atKey(['mirrors', name, 'tables', table], { code: 'source/not-found', message })]
  })
}

function viewOf(mirror: Mirror, table: string, stanza: TableStanza, copied: Indexes, taken: Set<string>): ViewStanza {
  const override = mirror.tables && Object.hasOwn(mirror.tables, table) ? mirror.tables[table] : undefined
  const { exclude: _, query, indexes = {}, ...rest } = override ?? {}
  const own = { ...(query === undefined ? copied : {}), ...indexes }
  for (const index of mirror.indexes?.each ?? []) {
    const plain = plainColumns(index)
    if (!plain.every((column) => stanza.columns && Object.hasOwn(stanza.columns, column))) continue
    if (Object.values(own).some((other) => isSameIndex(other, index))) continue
    own[freeName(table, plain, taken)] = index
  }
  const all = query ?? `SELECT * FROM ${qualified(mirror.proxy_schema, table)}`
  return { query: all, ...rest, ...refreshOf(mirror, table), indexes: own }
}

/** The policy of a copy, as far as it and the mirror declare one. */
function refreshOf(mirror: Mirror, table: string, own?: RefreshStanza): { readonly refresh?: RefreshStanza } {
  const override = mirror.tables && Object.hasOwn(mirror.tables, table) ? mirror.tables[table] : undefined
  const refresh = mergeStanzas(own, override?.refresh, mirror.refresh)
  return Object.keys(refresh).length > 0 ? { refresh } : {}
}

function plainColumns({ columns, include = [] }: IndexStanza): readonly string[] {
  const keys = columns.flatMap((column) => (typeof column === 'string' ? column : (column.column ?? [])))
  return [...keys, ...include]
}

function isSameIndex(left: IndexStanza, right: IndexStanza): boolean {
  return comparable(left) === comparable(right)
}

function comparable({ method = 'btree', columns, include = [], where }: IndexStanza): string {
  const keys = columns.map((column) => (typeof column === 'string' ? { column } : column))
  return canonicalJson({ method, keys, include, where })
}

/** The names of all relations in the schema. */
function namesIn(
  views: Readonly<Record<string, ViewStanza>>,
  tables: Iterable<string>,
  indexes: Iterable<Indexes>,
): Set<string> {
  const names = new Set([...Object.keys(views), ...tables])
  for (const view of Object.values(views)) for (const index of Object.keys(view.indexes ?? {})) names.add(index)
  for (const map of indexes) for (const index of Object.keys(map)) names.add(index)
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
