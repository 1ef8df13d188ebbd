// Finds the sources that copies read, and how to connect to each.

import { groupBy } from '../core/data.ts'
import { type IdOf, keyOf, type Relation, relationKey } from '../core/object.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { inReadOnlyTransaction, readingPath } from '../introspector/transaction-settings.ts'
import { directReads } from '../kinds/facets/copy/direct-reads.ts'
import { sourceViewOf } from '../kinds/facets/copy/source-view.ts'
import { connectThrough } from '../kinds/foreign-table/connectivity.ts'
import type { ConnectivityProbe } from '../kinds/kind.ts'
import { kindOf } from '../kinds/registry.ts'
import { oncePerRun } from './once-per-run.ts'

// Finds one foreign table for each server that a copy reads, directly or through plain views, such as the source view of a table,
// or tables that foreign ones inherit from, but not through materialized views: their data is here already.
const foreignTablesQuery: Sql = trusted(`
  WITH RECURSIVE read(schema, name, oid) AS (
    SELECT loaded.schema, loaded.name, c.oid
      FROM pg_catalog.jsonb_to_recordset($1) AS loaded(schema text, name text, source_schema text, source_name text)
      JOIN pg_catalog.pg_namespace n ON n.nspname IN (loaded.schema, loaded.source_schema)
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
       AND (n.nspname, c.relname) IN ((loaded.schema, loaded.name), (loaded.source_schema, loaded.source_name))
    UNION
    SELECT read.schema, read.name, next.oid
      FROM read CROSS JOIN LATERAL ${directReads('read.oid')} AS next
  )
  SELECT DISTINCT ON (read.schema, read.name, t.ftserver) read.schema, read.name, n.nspname AS table_schema, c.relname AS table_name, s.srvname AS server
    FROM read JOIN pg_catalog.pg_foreign_table t ON t.ftrelid = read.oid JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver
    JOIN pg_catalog.pg_class c ON c.oid = read.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`)

interface Row {
  /** The schema of the copy. */
  readonly schema: string
  readonly name: string
  readonly table_schema: string
  readonly table_name: string
  readonly server: string
}

/** The sources of each copy, by `relationKey`. */
export type SourcesOfViews = ReadonlyMap<string, readonly ConnectivityProbe[]>

export function sourcesRead(sources: SourcesOfViews, { schema, name }: Relation): readonly ConnectivityProbe[] {
  return sources.get(relationKey(schema, name)) ?? []
}

/** Looks up the sources of copies, for tables that are committed. It leaves the transaction under the reading path. */
export async function readSources(session: Session, copies: readonly Relation[]): Promise<SourcesOfViews> {
  return byCopy(await readForeignTables(session, copies), (row) => connectThrough(idOf(row), row.server))
}

/** The same on a session whose transaction may have created the tables. */
export async function readNewSources(session: Session, copies: readonly Relation[]): Promise<SourcesOfViews> {
  const rows = await readForeignTables(session, copies)
  if (rows.length === 0) return new Map()
  const { live } = await readCatalog(session, rows.map(idOf), '')
  const probes = new Map(
    Array.from(live, ([key, { id, spec }]) => [key, kindOf(id).connectivityProbe?.(id, spec)] as const),
  )
  return byCopy(rows, (row) => probes.get(keyOf(idOf(row))) ?? [])
}

async function readForeignTables(session: Session, copies: readonly Relation[]): Promise<readonly Row[]> {
  // Under the database's own path, an operator that a user has created could hide the built-in one.
  await session.run(readingPath)
  return session.query<Row>(foreignTablesQuery, [
    JSON.stringify(
      copies.map((copy) => {
        const source = sourceViewOf(copy)
        return { schema: copy.schema, name: copy.name, source_schema: source.schema, source_name: source.name }
      }),
    ),
  ])
}

function idOf({ table_schema: schema, table_name: name }: Row): IdOf<'foreignTable'> {
  return { kind: 'foreignTable', schema, name }
}

function byCopy(
  rows: readonly Row[],
  probesOf: (row: Row) => ConnectivityProbe | readonly ConnectivityProbe[],
): SourcesOfViews {
  const grouped = groupBy(rows, ({ schema, name }) => relationKey(schema, name))
  return new Map(Array.from(grouped, ([copy, tables]) => [copy, tables.flatMap(probesOf)]))
}

/** The sources of a view, looked up on the session that is about to load it, in a transaction of their own. */
export type SourcesOf = (session: Session, view: Relation) => Promise<readonly ConnectivityProbe[]>

/** Looks up each view on its own, for runs that replace what views read between loads. */
export const sourcesOfEach: SourcesOf = async (session, view) => {
  const found = await inReadOnlyTransaction(session, () => readNewSources(session, [view]))
  return [...found.values()].flat()
}

/** Looks up the sources of all views at once. */
export function sourcesOfAll(views: readonly Relation[]): SourcesOf {
  const read = oncePerRun((session) => inReadOnlyTransaction(session, () => readNewSources(session, views)))
  return async (session, view) => sourcesRead(await read(session), view)
}
