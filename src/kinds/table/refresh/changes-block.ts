// Brings a table up to date by its watermark: reads the rows from a value on, and finds out which ones are gone. Pure.
import { type Sql, sql } from '../../../core/sql.ts'
import type { TableBlock } from './table-block.ts'
import { fresh, keys, readInto, type TableSql, type WatermarkSql } from './table-sql.ts'

/** How to find the rows that are gone at the source, among those that were not read. */
export interface FindGone {
  /** Declarations of variables. */
  readonly declare?: Sql
  /** A statement that finds them. */
  readonly find: Sql
  /** A condition on `t`, true for rows that are gone. */
  readonly gone: Sql
}

/**
 * Reads the rows from a value on, and those without a value. Reads all rows if the source cannot select them, or if none has such a value
 * any more: then its table may be another one, or an older one.
 */
export function changesBlock(
  table: TableSql,
  watermark: WatermarkSql,
  { declare = sql``, find, gone }: FindGone,
): TableBlock {
  const { name, relation, key, isSameKey, columns, query, source, inOrder } = table
  const of = sql`q.${watermark.column}`
  const since = sql` WHERE (${of} OPERATOR(pg_catalog.>=) fdwsync.low OR ${of} IS NULL)`
  const rows = sql`SELECT ${columns} FROM ${query} AS q`
  // The clock of the server may have been set back since a value was reached.
  const counts = sql`(${watermark.counts}) OR r.${watermark.column} OPERATOR(pg_catalog.<=) ${watermark.reached}`
  const findHighest = highestIn(fresh, { ...watermark, counts })
  return {
    declare: [
      declareHighest(watermark),
      declare,
      sql`low ${watermark.type};\n  with_condition json;\n  without_condition json;\n  why text;\n  `,
    ],
    read: [
      // An unlogged table is empty after a crash, and any table may have been truncated.
      sql`low := CASE WHEN pg_catalog.pg_relation_size(${relation}) OPERATOR(pg_catalog.=) 0 THEN ${watermark.lowest} ELSE ${watermark.low} END`,
      explain(sql`with_condition`, sql`${rows}${since}`),
      explain(sql`without_condition`, rows),
      // OFFSET keeps the sorting here instead of at the source. Rows that the source has marked as deleted are read too, so that
      // they can be deleted here.
      sql`IF pg_catalog.concat(${filtersIn(sql`with_condition`)}) OPERATOR(pg_catalog.<>) pg_catalog.concat(${filtersIn(sql`without_condition`)}) THEN
          why := ${watermark.unselectable};
          ${readInto(columns, source)};
        ELSE ${readInto(columns, sql`(SELECT * FROM ${query} AS q${since} OFFSET 0)`, inOrder)}; END IF`,
      findHighest,
      // The row that was read last is read once more, if it is still there.
      sql`IF highest IS NULL AND why IS NULL AND ${watermark.lost} IS NOT NULL THEN
          DROP TABLE ${fresh};
          ${readInto(columns, source)};
          IF EXISTS (SELECT FROM ${fresh}) OR EXISTS (SELECT FROM ONLY ${name}) THEN why := ${watermark.lost}; END IF;
          ${findHighest};
        ELSE highest := GREATEST(highest, ${watermark.reached}); END IF`,
      find,
    ],
    gone,
    isWhole: false,
    deleteGone: sql`DELETE FROM ONLY ${name} AS t WHERE NOT EXISTS (SELECT FROM (SELECT ${key} FROM ${source} AS q) AS f WHERE ${isSameKey});
        GET DIAGNOSTICS further = ROW_COUNT;
        deleted := deleted OPERATOR(pg_catalog.+) further`,
    result: [['why', sql`fdwsync.why`], highestResult(watermark)],
  }
}

/** Finds the highest value of a table that a block brings up to date with all of its source. */
export function withHighest(table: TableSql, watermark: WatermarkSql, block: TableBlock): TableBlock {
  return {
    ...block,
    declare: [...block.declare, declareHighest(watermark)],
    end: [highestIn(sql`ONLY ${table.name}`, watermark)],
    result: [...block.result, highestResult(watermark)],
  }
}

/** Only if all rows were read. */
export const findNothing: FindGone = { find: sql`NULL`, gone: sql`fdwsync.why IS NOT NULL` }

/** Finds them by all keys of the source. */
export function findByKeys(table: TableSql): FindGone {
  const { key, source, isSameKey } = table
  return {
    find: sql`CREATE TEMPORARY TABLE fdwsync_keys AS SELECT ${key} FROM ${source} AS q;
    ANALYZE ${keys};
    ${addUnknown(table)}`,
    gone: sql`NOT EXISTS (SELECT FROM ${keys} AS f WHERE ${isSameKey})`,
  }
}

/** Reads rows that were committed later than their watermark suggests. */
export function addUnknown({ name, columns, source, isSameKey }: TableSql): Sql {
  // In these conditions, `f` is a key of the source, and `t` a row that may have it.
  const isUnknown = sql`NOT EXISTS (SELECT FROM ONLY ${name} AS t WHERE ${isSameKey}) AND NOT EXISTS (SELECT FROM ${fresh} AS t WHERE ${isSameKey})`
  return sql`IF EXISTS (SELECT FROM ${keys} AS f WHERE ${isUnknown}) THEN
      INSERT INTO ${fresh} SELECT ${columns} FROM ${source} AS t WHERE EXISTS (SELECT FROM ${keys} AS f WHERE ${isSameKey} AND ${isUnknown});
    END IF`
}

/** Finds them by a condition that is true for rows that the source has marked as deleted. */
export function findMarked({ key, isSameKey }: TableSql, soft: Sql): FindGone {
  return {
    find: sql`CREATE TEMPORARY TABLE fdwsync_keys AS SELECT ${key} FROM ${fresh} WHERE ${soft};
    DELETE FROM ${fresh} WHERE ${soft}`,
    gone: sql`fdwsync.why IS NOT NULL OR EXISTS (SELECT FROM ${keys} AS f WHERE ${isSameKey})`,
  }
}

function declareHighest({ type }: WatermarkSql): Sql {
  return sql`highest ${type};\n  `
}

function highestIn(relation: Sql, { column, counts }: WatermarkSql): Sql {
  return sql`SELECT pg_catalog.max(r.${column}) INTO highest FROM ${relation} AS r WHERE ${counts}`
}

function highestResult({ highest }: WatermarkSql) {
  return ['highest', highest] as const
}

function explain(into: Sql, query: Sql): Sql {
  return sql`FOR ${into} IN EXPLAIN (VERBOSE, FORMAT JSON) ${query} LOOP EXIT; END LOOP`
}

/** The conditions that this server checks itself, from a plan of EXPLAIN. */
function filtersIn(plan: Sql): Sql {
  return sql`pg_catalog.jsonb_path_query_array(CAST(${plan} AS pg_catalog.jsonb), '$.**.Filter')`
}
