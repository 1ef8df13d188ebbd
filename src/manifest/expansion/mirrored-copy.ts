// What a mirror copies a table of its source into: a materialized view, or a table.

import type { CopyId } from '../../core/object.ts'
import type { ImportRequest, Manifest } from '../manifest.ts'

export type Mirror = NonNullable<Manifest['mirrors']>[string]
export type MirroredTable = NonNullable<Mirror['tables']>[string]

/** The keys of a schema under which copies are declared. */
export type CopiesKey = 'materialized_views' | 'tables'

/** The kinds of the copies under each key. */
const kindsOfCopies = {
  materialized_views: 'materializedView',
  tables: 'table',
} as const satisfies Readonly<Record<CopiesKey, CopyId['kind']>>

export function mirrorOf(manifest: Manifest, { path: [top, name] }: ImportRequest): Mirror | undefined {
  return top === 'mirrors' ? manifest.mirrors?.[String(name)] : undefined
}

export function overrideOf({ tables }: Mirror, table: string): MirroredTable | undefined {
  return tables && Object.hasOwn(tables, table) ? tables[table] : undefined
}

/** Whether the manifest itself declares the query of a copy. The source's keys and indexes may not fit then. */
export function hasOwnQuery(manifest: Manifest, request: ImportRequest, table: string): boolean {
  const mirror = mirrorOf(manifest, request)
  return mirror !== undefined && overrideOf(mirror, table)?.query !== undefined
}

export function copiedAs(mirror: Mirror, table: string): CopiesKey {
  return overrideOf(mirror, table)?.as ?? mirror.as ?? 'materialized_views'
}

/** Whether any table is copied into a table, which has the primary key of the source. */
export function copiesTables({ as, tables = {} }: Mirror): boolean {
  return as === 'tables' || Object.values(tables).some((table) => table.as === 'tables')
}

export function mirroredCopy(mirror: Mirror, name: string): CopyId {
  return { kind: kindsOfCopies[copiedAs(mirror, name)], schema: mirror.schema, name }
}
