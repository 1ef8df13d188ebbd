import type { ObjectId } from '../core/object.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

// Statements that give another relation what people have made on this one and no manifest declares: indexes and extended
// statistics. `$1` is the relation, `$2` the schema of its successor, which has the same name, and `$3` the ids of all that
// is declared, or no longer. Statistics may stand in any schema and do not move with their relation: they are made beside
// under a name of their own, so that ANALYZE fills them there, and are moved after the swap, when their names are free.
const decorationsQuery: Sql = trusted(`
  WITH old AS (
    SELECT c.*, n.nspname, quote_ident($2) || '.' || quote_ident(c.relname) AS successor
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1
  ), ours AS (
    SELECT * FROM jsonb_to_recordset($3) AS o(kind text, schema text, name text)
  ), foreign_indexes AS (
    SELECT i.*, ic.relname, pg_get_indexdef(i.indexrelid) AS definition
      FROM old JOIN pg_index i ON i.indrelid = old.oid JOIN pg_class ic ON ic.oid = i.indexrelid
     WHERE NOT EXISTS (SELECT FROM ours WHERE kind = 'index' AND schema = old.nspname AND name = ic.relname)
  ), foreign_statistics AS (
    SELECT s.*, sn.nspname, old.relname, old.successor, to_jsonb(s) ->> 'stxstattarget' AS target,
           format('%I.%I', $2, 'fdwsync_' || s.oid) AS beside, format('%I.%I', sn.nspname, s.stxname) AS place
      FROM old JOIN pg_statistic_ext s ON s.stxrelid = old.oid JOIN pg_namespace sn ON sn.oid = s.stxnamespace
     WHERE NOT EXISTS (SELECT FROM ours WHERE kind = 'statistics' AND schema = sn.nspname AND name = s.stxname)
  ), statements AS (
    SELECT 3 AS place, left(definition, strpos(definition, on_old) - 1) || ' ON ' || old.successor ||
              substr(definition, strpos(definition, on_old) + length(on_old) - length(' USING ')) AS sql
      FROM foreign_indexes, old, format(' ON %I.%I USING ', old.nspname, old.relname) AS on_old
    UNION ALL
    SELECT 4, format('COMMENT ON INDEX %I.%I IS %L', $2, relname, obj_description(indexrelid, 'pg_class'))
      FROM foreign_indexes WHERE obj_description(indexrelid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT 4, format('ALTER MATERIALIZED VIEW %s CLUSTER ON %I', old.successor, i.relname)
      FROM foreign_indexes i, old WHERE i.indisclustered
    UNION ALL
    SELECT 5, format('CREATE STATISTICS %s%s ON %s FROM %s', beside,
                     (SELECT ' (' || string_agg(CASE k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies'
                                                 WHEN 'm' THEN 'mcv' END, ', ') || ')'
                        FROM unnest(stxkind) k WHERE k <> 'e'),
                     pg_get_statisticsobjdef_columns(oid), successor)
      FROM foreign_statistics
    UNION ALL
    SELECT 6, format('ALTER STATISTICS %s SET STATISTICS %s', beside, target) FROM foreign_statistics WHERE target::int >= 0
    UNION ALL
    SELECT 6, format('COMMENT ON STATISTICS %s IS %L', beside, obj_description(oid, 'pg_statistic_ext'))
      FROM foreign_statistics WHERE obj_description(oid, 'pg_statistic_ext') IS NOT NULL
    UNION ALL
    -- One after the other, since two of the same name may stand in two schemas.
    SELECT 9, format('ALTER STATISTICS %s RENAME TO %I; ALTER STATISTICS %I.%I SET SCHEMA %I', beside, stxname, $2, stxname, nspname)
      FROM foreign_statistics
    UNION ALL
    SELECT 10, format('ALTER STATISTICS %s OWNER TO %I', place, pg_get_userbyid(stxowner))
      FROM foreign_statistics WHERE pg_get_userbyid(stxowner) <> current_user
  )
  SELECT sql, place > 8 AS "afterSwap" FROM statements ORDER BY place`)

export interface Decorations {
  /** For the successor while it stands beside. */
  readonly beside: readonly Sql[]
  /** For when it has taken the place: its statistics, whose names were taken until then. */
  readonly inPlace: readonly Sql[]
}

/**
 * The statements that carry over to a successor what a relation was given by hand. Runs under the reading path.
 * @param ours what is not carried over: what is declared, which the successor has, or will have elsewhere; and what goes
 */
export async function decorations(
  session: Session,
  oid: number,
  successorSchema: string,
  ours: readonly ObjectId[],
): Promise<Decorations> {
  const rows = await session.query<{ sql: string; afterSwap: boolean }>(decorationsQuery, [
    oid,
    successorSchema,
    JSON.stringify(ours),
  ])
  return {
    beside: rows.filter(({ afterSwap }) => !afterSwap).map(({ sql }) => trusted(sql)),
    inPlace: rows.filter(({ afterSwap }) => afterSwap).map(({ sql }) => trusted(sql)),
  }
}
