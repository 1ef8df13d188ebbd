// Reads from the catalog what a refresh needs of copies, and no more: reading definitions takes several times as long.

import type { LiveState } from '../core/change.ts'
import { type CopyId, type Key, keyOf, type ObjectId } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { CatalogEntry } from '../dependents/dependents.ts'
import { noteLocked, readCatalog } from '../introspector/read-catalog.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { relationsReadByQuery } from '../kinds/facets/copy/catalog.ts'
import { asKind } from '../kinds/specs.ts'
import type { TableSpec } from '../kinds/table/spec.ts'

interface Row {
  /** The position among the given names. */
  readonly at: number
  readonly oid: number
  readonly isView: boolean
  readonly isPopulated: boolean
  /** The relations that the query of a view reads. */
  readonly reads: readonly ObjectId[]
  readonly hasUniqueIndex: boolean
  readonly bytes: number
  readonly owner: string
  readonly actsAsOwner: boolean
  readonly setsOwner: boolean
  readonly ownerUsesSchema: boolean
  readonly ownerCreatesTemporary: boolean
  readonly createsInSchema: boolean
  readonly createsInDatabase: boolean
  readonly writesLedger: boolean
  /** The table that it is a partition of, or inherits from. */
  readonly parent: string | null
}

// pg_relation_size waits for a REFRESH of another session, as pg_get_viewdef does: see read-catalog.ts.
const factsQuery = trusted(`
  SELECT wanted.at, c.oid, c.relkind = 'm' AS "isView", c.relispopulated AS "isPopulated", ${relationsReadByQuery} AS reads,
         EXISTS (SELECT FROM pg_index i
                  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                    AND i.indpred IS NULL AND i.indexprs IS NULL) AS "hasUniqueIndex",
         CASE WHEN c.oid = ANY (current_setting('fdwsync.locked')::oid[])
              THEN c.relpages * current_setting('block_size')::float8 ELSE pg_relation_size(c.oid)::float8 END AS bytes,
         pg_get_userbyid(c.relowner) AS owner, pg_has_role(c.relowner, 'USAGE') AS "actsAsOwner",
         pg_has_role(c.relowner, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END) AS "setsOwner",
         has_schema_privilege(c.relowner, c.relnamespace, 'USAGE') AS "ownerUsesSchema",
         has_database_privilege(c.relowner, current_database(), 'TEMPORARY') AS "ownerCreatesTemporary",
         has_schema_privilege(c.relnamespace, 'CREATE') AS "createsInSchema",
         has_database_privilege(current_database(), 'CREATE') AS "createsInDatabase",
         (SELECT coalesce(bool_and(has_schema_privilege(ln.oid, 'USAGE') AND has_table_privilege(l.oid, 'SELECT')
                                     AND has_table_privilege(l.oid, 'UPDATE')), true)
            FROM pg_namespace ln JOIN pg_class l ON l.relnamespace = ln.oid AND l.relname = 'object'
           WHERE ln.nspname = 'fdwsync') AS "writesLedger",
         (SELECT min(inhparent::regclass::text) FROM pg_inherits WHERE inhrelid = c.oid) AS parent
    FROM jsonb_to_recordset($1) AS wanted(at int, schema text, name text)
    JOIN pg_namespace n ON n.nspname = wanted.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name AND c.relkind IN ('m', 'r')
    LEFT JOIN pg_rewrite r ON c.relkind = 'm' AND r.ev_class = c.oid AND r.rulename = '_RETURN'`)

/** A copy that exists. */
export interface CopyRow extends CatalogEntry, Omit<Row, 'at' | 'isView' | 'reads'> {
  readonly key: Key
  readonly id: CopyId
  /** The relations that its query reads. */
  readonly reads: readonly Key[]
  /** Undefined for a materialized view. */
  readonly table: TableSpec | undefined
}

export async function readCopyRows(session: Session, ids: readonly CopyId[]): Promise<ReadonlyMap<Key, CopyRow>> {
  const tables = ids.filter(({ kind }) => kind === 'table')
  const live: LiveState = tables.length === 0 ? new Map() : (await readCatalog(session, tables, '')).live
  await session.run(readingPath)
  await noteLocked(session)
  const rows = await session.query<Row>(factsQuery, [
    JSON.stringify(ids.map(({ schema, name }, at) => ({ at, schema, name }))),
  ])
  return new Map(
    rows.flatMap(({ at, isView, reads, ...row }) => {
      const id = ids[at]
      if (!id) return []
      const [key, catalog] = [keyOf(id), 'pg_class' as const]
      if (id.kind === 'materializedView') {
        const view: CopyRow = { ...row, id, key, catalog, reads: reads.map(keyOf), table: undefined }
        return isView ? [[key, view] as const] : []
      }
      const table = asKind(live.get(key), 'table')
      if (!table) return []
      const { spec, needs } = table
      return [[key, { ...row, id, key, catalog, reads: needs, table: spec, isPopulated: spec.populated }] as const]
    }),
  )
}
