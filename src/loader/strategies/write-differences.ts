// Compares the rows that were read of a source with those of the table, and writes the ones that differ. Pure.

import { ident, join, type Sql, sql, trusted } from '../../core/sql.ts'
import type { TableFacts } from './strategy.ts'
import {
  columnList,
  differs,
  fresh,
  namesOf,
  requireUniqueKey,
  sameKey,
  type TableCopy,
  tableName,
} from './table-copy.ts'

/** What was read, of what the table should hold. */
export interface ReadRows {
  /** Which rows of the table are deleted unless they were read: a condition on `t`. */
  readonly gone: Sql
  /** Whether what was read has the key of none but those rows, and of new ones. */
  readonly isWhole: boolean
}

const [t, f] = [sql`t`, sql`f`]

/** Where the rows are that differ: `old` in the table, `new` in what was read. One of them is null if there is no such row. */
export const differences = trusted('pg_temp.fdwsync_differences')

function namesBesideKey({ columns, key }: TableFacts): readonly string[] {
  const ofKey = namesOf(key)
  return namesOf(columns).filter((name) => !ofKey.includes(name))
}

/** Variables of the block. */
export const differenceVariables = trusted(`rows_before bigint;
  differing bigint;
  hashjoin text := pg_catalog.current_setting('enable_hashjoin');
  mergejoin text := pg_catalog.current_setting('enable_mergejoin');`)

/** Finds what is gone, changed and new, and writes it. No other session does, so rows stay where they were found. */
export function writeDifferences(copy: TableCopy, rows: ReadRows): readonly Sql[] {
  const { isUnique, requireUnique } = uniqueKeys(copy, rows)
  return [
    sql`SELECT pg_catalog.count(*) INTO rows_read FROM ${fresh}`,
    ...isUnique,
    ...(rows.isWhole ? compareWhole(copy, rows) : compareRead(copy, rows)),
    sql`ANALYZE ${differences}`,
    ...byIndexIfFew(copy, sql`differing`, write(copy)),
    ...requireUnique,
    // What is less is left to autovacuum.
    sql`IF differing OPERATOR(pg_catalog.>) ${shareOfRows(copy, 10)} THEN ANALYZE ${tableName(copy)}; END IF`,
  ]
}

/** Both are read once. */
function compareWhole(copy: TableCopy, { gone }: ReadRows): readonly Sql[] {
  return [
    sql`CREATE TEMPORARY TABLE fdwsync_differences AS SELECT t.ctid AS old, f.ctid AS new
      FROM (SELECT t.ctid, t.* FROM ONLY ${tableName(copy)} AS t WHERE ${gone}) AS t
      FULL JOIN (SELECT f.ctid, f.* FROM ${fresh} AS f) AS f ON ${sameKey(copy.table, t, f)}
      WHERE t.ctid IS NULL OR f.ctid IS NULL OR ${isChanged(copy)}`,
    sql`GET DIAGNOSTICS differing = ROW_COUNT`,
  ]
}

/** Few rows of the table may have been read. */
function compareRead(copy: TableCopy, { gone }: ReadRows): readonly Sql[] {
  const table = tableName(copy)
  const isSame = sameKey(copy.table, t, f)
  const found = sql`CREATE TEMPORARY TABLE fdwsync_differences AS SELECT t.ctid AS old, f.ctid AS new
      FROM ${fresh} AS f LEFT JOIN ONLY ${table} AS t ON ${isSame} WHERE t.ctid IS NULL OR ${isChanged(copy)}`
  return [
    ...byIndexIfFew(copy, sql`rows_read`, [found]),
    sql`INSERT INTO ${differences} SELECT t.ctid, NULL FROM ONLY ${table} AS t
      WHERE (${gone}) AND NOT EXISTS (SELECT FROM ${fresh} AS f WHERE ${isSame})`,
    sql`SELECT pg_catalog.count(*) INTO differing FROM ${differences}`,
  ]
}

function isChanged({ table }: TableCopy): Sql {
  return differs(namesBesideKey(table), t, f)
}

function write(copy: TableCopy): readonly Sql[] {
  const { table: facts } = copy
  const table = tableName(copy)
  const [columns, others] = [namesOf(facts.columns), namesBesideKey(facts)]
  const at = (one: Sql, other: Sql) => sql`${one} OPERATOR(pg_catalog.=) ${other}`
  const written = sql`${differences} AS d JOIN ${fresh} AS f ON ${at(sql`f.ctid`, sql`d.new`)}`
  const oldRow = at(sql`t.ctid`, sql`d.old`)
  const assignments = others.map((name) => sql`${ident(name)} = f.${ident(name)}`)
  const update = sql`UPDATE ONLY ${table} AS t SET ${join(assignments, ', ')} FROM ${written} WHERE ${oldRow}`
  return [
    sql`DELETE FROM ONLY ${table} AS t USING ${differences} AS d WHERE ${oldRow} AND d.new IS NULL`,
    sql`GET DIAGNOSTICS deleted = ROW_COUNT`,
    ...(others.length > 0 ? [update, sql`GET DIAGNOSTICS updated = ROW_COUNT`] : []),
    sql`BEGIN
      INSERT INTO ${table} (${columnList(columns)}) SELECT ${columnList(columns, f)} FROM ${written} WHERE d.old IS NULL;
      GET DIAGNOSTICS inserted = ROW_COUNT;
    EXCEPTION WHEN unique_violation OR not_null_violation THEN
      ${requireUniqueKey(copy.title, namesOf(facts.key))};
      RAISE;
    END`,
  ]
}

/**
 * Statements that join a temporary table with the table. Where that has few of its rows, looking up each takes less than reading the table, also if
 * PostgreSQL expects that pages have to be read from disk: what is written has to be read anyway.
 */
function byIndexIfFew(copy: TableCopy, count: Sql, statements: readonly Sql[]): readonly Sql[] {
  const set = (hashjoin: Sql, mergejoin: Sql) =>
    sql`PERFORM pg_catalog.set_config('enable_hashjoin', ${hashjoin}, true), pg_catalog.set_config('enable_mergejoin', ${mergejoin}, true)`
  return [
    sql`IF ${count} OPERATOR(pg_catalog.<) ${shareOfRows(copy, 20)} THEN ${set(sql`'off'`, sql`'off'`)}; END IF`,
    ...statements,
    set(sql`hashjoin`, sql`mergejoin`),
  ]
}

/**
 * The key of a row that was read must identify it. Where the table then has to have as many rows as were read, counting shows whether it does:
 * to look for keys that occur twice takes as long as to find what differs.
 */
function uniqueKeys(copy: TableCopy, { gone, isWhole }: ReadRows) {
  const require = requireUniqueKey(copy.title, namesOf(copy.table.key))
  if (!isWhole) return { isUnique: [sql`ANALYZE ${fresh}`, require], requireUnique: [] }
  const added = sql`inserted OPERATOR(pg_catalog.-) deleted`
  return {
    isUnique: [sql`SELECT pg_catalog.count(*) INTO rows_before FROM ONLY ${tableName(copy)} AS t WHERE ${gone}`],
    requireUnique: [
      sql`IF rows_before OPERATOR(pg_catalog.+) ${added} OPERATOR(pg_catalog.<>) rows_read THEN ${require}; END IF`,
    ],
  }
}

/** Of the rows that the table had when it was analyzed last. */
function shareOfRows({ table: { rows } }: TableCopy, divisor: number): Sql {
  return trusted(`${Math.max(Math.round(rows / divisor), 0)}::pg_catalog.int8`)
}
