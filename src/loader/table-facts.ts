// Reads what the strategies of tables depend on: the columns, how a source can digest each, and the key.

import { groupBy } from '../core/data.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { type DigestMethod, digestMethodColumn } from '../kinds/table/refresh/digest.ts'
import type { TableSpec } from '../kinds/table/spec.ts'
import type { TableFacts } from './strategies/strategy.ts'

interface Row {
  readonly oid: number
  readonly rows: number
  readonly can_merge: boolean
  readonly name: string
  readonly type: string
  readonly digest: DigestMethod | null
  readonly width: number | null
  /** Null if the column is not part of the key. */
  readonly equals: string | null
}

// Statistics are shown only to roles that can read the column.
const columnsQuery = trusted(`
  SELECT c.oid, c.reltuples::float8 AS rows,
         -- MERGE writes in any order. With another unique index, a new row may need a value that an UPDATE takes away from an old one.
         -- How many rows a trigger skips is not known. From 17 on MERGE reports what it has done.
         current_setting('server_version_num')::int >= 170000 AND NOT c.relhasrules AND NOT c.relhastriggers
           AND (SELECT count(*) FROM pg_index u WHERE u.indrelid = c.oid AND NOT u.indisprimary AND (u.indisunique OR u.indisexclusion)) = 0 AS can_merge,
         a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
         ${digestMethodColumn} AS digest, s.avg_width AS width,
         (SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
            FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) AS keyed(attnum, opclass)
            JOIN pg_opclass oc ON oc.oid = keyed.opclass
            JOIN pg_amop am ON am.amopfamily = oc.opcfamily AND am.amoplefttype = oc.opcintype AND am.amoprighttype = oc.opcintype
                           AND am.amopstrategy = 3
            JOIN pg_operator o ON o.oid = am.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace
           WHERE i.indrelid = c.oid AND i.indisprimary AND keyed.attnum = a.attnum) AS equals
    FROM pg_class c JOIN pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_proc f ON f.oid = t.typsend AND f.pronamespace = 'pg_catalog'::regnamespace
    -- OFFSET has it look up one column after the other, instead of all of the database.
    LEFT JOIN LATERAL (SELECT avg_width FROM pg_stats WHERE schemaname = cn.nspname AND tablename = c.relname AND attname = a.attname AND NOT inherited
                       OFFSET 0) s ON true
   WHERE c.oid = ANY ($1::oid[])
   ORDER BY c.oid, a.attnum`)

/** Reads the facts of tables, by OID. */
export async function readTableFacts(
  session: Session,
  tables: readonly { readonly oid: number; readonly spec: TableSpec }[],
): Promise<ReadonlyMap<number, TableFacts>> {
  if (tables.length === 0) return new Map()
  const rows = await session.query<Row>(columnsQuery, [tables.map(({ oid }) => oid)])
  const byTable = groupBy(rows, ({ oid }) => oid)
  return new Map(tables.map(({ oid, spec }) => [oid, factsOf(spec, byTable.get(oid) ?? [])]))
}

function factsOf({ owner, addedColumns = [], primaryKey }: TableSpec, rows: readonly Row[]): TableFacts {
  if (typeof owner !== 'string') throw new Error('a live table has an owner')
  return {
    owner,
    columns: rows
      .filter(({ name }) => !addedColumns.includes(name))
      .map(({ name, type, digest, width }) => ({ name, type, digest: digest ?? undefined, width: width ?? undefined })),
    key: (primaryKey?.columns ?? []).map((name) => {
      const equals = rows.find((row) => row.name === name)?.equals
      if (!equals) throw new Error(`the key has no operator for ${name}`)
      return { name, equals }
    }),
    rows: rows[0]?.rows ?? -1,
    canMerge: rows[0]?.can_merge ?? false,
  }
}
