// Reads what a relation has that its replacement must get, too: its data, and unmanaged objects on it.

import type { ObjectId } from '../core/object.ts'
import type { Predecessor } from '../core/plan.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

const predecessorsQuery = trusted(`
  WITH old AS (
    SELECT c.* FROM pg_class c WHERE c.oid = ANY ($1::oid[])
  ), declared AS (
    SELECT * FROM jsonb_to_recordset($2) AS o(kind text, schema text, name text)
  ), attached(oid, description) AS (
    SELECT old.oid, format('index %I.%I', n.nspname, ic.relname)
      FROM old JOIN pg_index i ON i.indrelid = old.oid JOIN pg_class ic ON ic.oid = i.indexrelid
      JOIN pg_namespace n ON n.oid = ic.relnamespace
     WHERE NOT EXISTS (SELECT FROM declared WHERE kind = 'index' AND schema = n.nspname AND name = ic.relname)
    UNION ALL
    SELECT old.oid, format('statistics %I.%I', n.nspname, s.stxname)
      FROM old JOIN pg_statistic_ext s ON s.stxrelid = old.oid JOIN pg_namespace n ON n.oid = s.stxnamespace
     WHERE NOT EXISTS (SELECT FROM declared WHERE kind = 'statistics' AND schema = n.nspname AND name = s.stxname)
    UNION ALL
    SELECT old.oid, format('trigger %I', tgname)
      FROM old JOIN pg_trigger t ON t.tgrelid = old.oid WHERE NOT tgisinternal AND tgparentid = 0
    UNION ALL
    SELECT old.oid, format('rule %I', rulename) FROM old JOIN pg_rewrite r ON r.ev_class = old.oid WHERE rulename <> '_RETURN'
    UNION ALL
    SELECT old.oid, format('default of %I', attname)
      FROM old JOIN pg_attrdef ON adrelid = old.oid JOIN pg_attribute a ON a.attrelid = old.oid AND a.attnum = adnum
     WHERE relkind = 'v'
  )
  SELECT old.oid, CASE WHEN reltuples >= 0 AND relpages > 0 THEN reltuples::float8 END AS rows,
         relpages * current_setting('block_size')::float8 AS bytes,
         ARRAY(SELECT description FROM attached WHERE attached.oid = old.oid ORDER BY 1) AS keeps
    FROM old`)

/**
 * Reads how much data relations have, and which unmanaged objects are on them. Call it under the reading path.
 * @param declared the declared objects, which are not listed
 */
export async function readPredecessors(
  session: Session,
  oids: readonly number[],
  declared: readonly ObjectId[],
): Promise<ReadonlyMap<number, Predecessor>> {
  if (oids.length === 0) return new Map()
  const rows = await session.query<Predecessor & { oid: number }>(predecessorsQuery, [oids, JSON.stringify(declared)])
  return new Map(rows.map(({ oid, rows, bytes, keeps }) => [oid, { rows, bytes, keeps }]))
}
