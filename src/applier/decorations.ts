import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

// Statements that give another relation what people have made on this one and no kind knows: indexes that no manifest
// declares, and extended statistics. `$1` is the relation, `$2` the schema of its successor, which has the same name, and
// `$3` the names of the indexes that are declared, or no longer. Statistics keep their schema when their relation moves,
// so they are made after the swap.
const decorationsQuery: Sql = trusted(`
  WITH old AS (
    SELECT c.*, n.nspname, quote_ident($2) || '.' || quote_ident(c.relname) AS successor
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1
  ), foreign_indexes AS (
    SELECT i.*, ic.relname, pg_get_indexdef(i.indexrelid) AS definition
      FROM old JOIN pg_index i ON i.indrelid = old.oid JOIN pg_class ic ON ic.oid = i.indexrelid
     WHERE ic.relname <> ALL ($3)
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
    SELECT 9, format('CREATE STATISTICS %I.%I%s ON %s FROM %I.%I', sn.nspname, s.stxname,
                     coalesce((SELECT ' (' || string_agg(CASE k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies'
                                                          WHEN 'm' THEN 'mcv' END, ', ') || ')'
                                 FROM unnest(s.stxkind) k WHERE k <> 'e'), ''),
                     pg_get_statisticsobjdef_columns(s.oid), old.nspname, old.relname)
      FROM old JOIN pg_statistic_ext s ON s.stxrelid = old.oid JOIN pg_namespace sn ON sn.oid = s.stxnamespace
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
 * @param indexes those that are not carried over: the declared ones, which the successor has, and those that go
 */
export async function decorations(
  session: Session,
  oid: number,
  successorSchema: string,
  indexes: readonly string[],
): Promise<Decorations> {
  const rows = await session.query<{ sql: string; afterSwap: boolean }>(decorationsQuery, [
    oid,
    successorSchema,
    indexes,
  ])
  return {
    beside: rows.filter(({ afterSwap }) => !afterSwap).map(({ sql }) => trusted(sql)),
    inPlace: rows.filter(({ afterSwap }) => afterSwap).map(({ sql }) => trusted(sql)),
  }
}
