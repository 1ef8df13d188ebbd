// Compares the rows that were read from a source with those of the table, and writes the differences. Pure.
import { join, literal, number, type Sql, sql, trusted } from '../../../core/sql.ts'
import { fresh, type TableSql } from './table-sql.ts'

/** Which part of the source's rows was read. */
export interface ReadRows {
  /** A condition on `t`, true for rows of the table that are deleted unless they were read. */
  readonly gone: Sql
  /** Whether the rows of the table that match `gone` are to be just the rows that were read. */
  readonly isWhole: boolean
  /**
   * A statement that deletes all rows that are gone at the source, if `gone` may not cover them all. It runs if such a row has a
   * value of a unique index that another row now has.
   */
  readonly deleteGone?: Sql
}

/**
 * The places of rows that differ: `old` in the table, `new` among the rows that were read. One of them is null if there is no such
 * row.
 */
export const differences = trusted('pg_temp.fdwsync_differences')

/** Declarations of variables. */
export const writeVariables = trusted(`duplicate text;
  rows_before bigint;
  different_keys bigint;
  differing bigint;
  rewritten bigint := 0;
  further bigint := 0;
  altered bigint;
  triggers text;
  attempt int := 0;
  hashjoin text := pg_catalog.current_setting('enable_hashjoin');
  mergejoin text := pg_catalog.current_setting('enable_mergejoin');`)

/** Finds rows that are gone, changed or new, and writes them. No other session writes, so rows stay where they were found. */
export function writeDifferences(table: TableSql, rows: ReadRows): readonly Sql[] {
  const { beforehand, afterwards } = requireUniqueKeys(table, rows)
  const written = sql`inserted OPERATOR(pg_catalog.+) updated OPERATOR(pg_catalog.+) deleted`
  return [
    ...beforehand,
    ...(table.mergedValues && !rows.isWhole
      ? mergeRead(table, rows, table.mergedValues)
      : [
          ...(rows.isWhole ? compareWhole(table, rows) : compareRead(table, rows)),
          sql`SELECT pg_catalog.count(*) INTO differing FROM ${differences}`,
          ...byLookup(write(table, rows)),
          ...afterwards,
          requireWritten(table),
          warnOfOtherValues(table),
        ]),
    // Smaller changes are left to autovacuum.
    sql`IF ${written} OPERATOR(pg_catalog.>) (${table.rowCount} OPERATOR(pg_catalog./) 5) THEN ANALYZE ${table.name}; END IF`,
  ]
}

/** Few rows of the table may have been read. Each of them is looked up and written at once, so that its pages are visited once. */
function mergeRead(table: TableSql, { gone }: ReadRows, values: Sql): readonly Sql[] {
  const { name, columns, isSameKey, differs, assignments } = table
  const times = (action: string) =>
    sql`pg_catalog.count(*) FILTER (WHERE w.action OPERATOR(pg_catalog.=) ${literal(action)})`
  const merge = sql`WITH written AS (
      MERGE INTO ONLY ${name} AS t USING ${fresh} AS f ON ${isSameKey}
       WHEN MATCHED AND ${differs} THEN UPDATE SET ${assignments}
       WHEN NOT MATCHED THEN INSERT (${columns}) VALUES (${values})
      RETURNING merge_action() AS action)
    SELECT ${times('INSERT')}, ${times('UPDATE')} INTO inserted, updated FROM written AS w`
  return [
    sql`DELETE FROM ONLY ${name} AS t WHERE (${gone}) AND NOT EXISTS (SELECT FROM ${fresh} AS f WHERE ${isSameKey})`,
    sql`GET DIAGNOSTICS deleted = ROW_COUNT`,
    ...byLookupIfFew(table, [merge]),
  ]
}

/** Reads both the table and the rows that were read once. */
function compareWhole({ name, isSameKey, differs }: TableSql, { gone }: ReadRows): readonly Sql[] {
  return [
    sql`CREATE TEMPORARY TABLE fdwsync_differences AS SELECT t.ctid AS old, f.ctid AS new
      FROM (SELECT t.ctid, t.* FROM ONLY ${name} AS t WHERE ${gone}) AS t
      FULL JOIN (SELECT f.ctid, f.* FROM ${fresh} AS f) AS f ON ${isSameKey}
      WHERE t.ctid IS NULL OR f.ctid IS NULL OR ${differs}`,
  ]
}

/** For tables to which MERGE cannot be applied. */
function compareRead(table: TableSql, { gone }: ReadRows): readonly Sql[] {
  const { name, isSameKey, differs } = table
  const found = sql`CREATE TEMPORARY TABLE fdwsync_differences AS SELECT t.ctid AS old, f.ctid AS new
      FROM ${fresh} AS f LEFT JOIN ONLY ${name} AS t ON ${isSameKey} WHERE t.ctid IS NULL OR ${differs}`
  return [
    ...byLookupIfFew(table, [found]),
    sql`INSERT INTO ${differences} SELECT t.ctid, NULL FROM ONLY ${name} AS t
      WHERE (${gone}) AND NOT EXISTS (SELECT FROM ${fresh} AS f WHERE ${isSameKey})`,
  ]
}

/**
 * PostgreSQL checks a unique index or an exclusion constraint row by row. Where rows exchange values of one, they are deleted and inserted instead
 * of updated, unless rows of other tables refer to them, which could be deleted with them.
 */
function write(table: TableSql, { deleteGone }: ReadRows): readonly Sql[] {
  const { name, columns, assignments } = table
  const oldRow = sql`t.ctid OPERATOR(pg_catalog.=) d.old`
  const written = sql`${differences} AS d JOIN ${fresh} AS f ON f.ctid OPERATOR(pg_catalog.=) d.new`
  const deleteChanged = sql`DELETE FROM ONLY ${name} AS t USING ${differences} AS d WHERE ${oldRow};
        GET DIAGNOSTICS rewritten = ROW_COUNT;
        UPDATE ${differences} SET old = NULL WHERE new IS NOT NULL`
  const freeValues = [
    // All keys of the source are read. Looking up each row among them would take quadratic time.
    ...(deleteGone ? [[sql`true`, join([usualJoins, deleteGone, noJoins], ';\n        ')] as const] : []),
    [sql`NOT ${isReferenced(table)}`, deleteChanged] as const,
  ].map(
    ([condition, statement], at) =>
      sql`WHEN attempt OPERATOR(pg_catalog.=) ${number(at + 1)} AND ${condition} THEN ${statement};`,
  )
  return [
    sql`DELETE FROM ONLY ${name} AS t USING ${differences} AS d WHERE ${oldRow} AND d.new IS NULL`,
    sql`GET DIAGNOSTICS deleted = ROW_COUNT`,
    sql`LOOP
      BEGIN
        UPDATE ONLY ${name} AS t SET ${assignments} FROM ${written} WHERE ${oldRow};
        GET DIAGNOSTICS updated = ROW_COUNT;
        INSERT INTO ${name} (${columns}) SELECT ${columns} FROM (SELECT f.* FROM ${written} WHERE d.old IS NULL) AS f;
        GET DIAGNOSTICS inserted = ROW_COUNT;
        EXIT;
      EXCEPTION WHEN unique_violation OR exclusion_violation OR not_null_violation THEN
        ${requireUniqueKey(table)};
        IF SQLSTATE OPERATOR(pg_catalog.=) '23502' THEN RAISE; END IF;
        attempt := attempt OPERATOR(pg_catalog.+) 1;
        CASE
          ${join(freeValues, '\n          ')}
          ELSE RAISE;
        END CASE;
      END;
    END LOOP`,
    sql`updated := updated OPERATOR(pg_catalog.+) rewritten`,
    sql`inserted := inserted OPERATOR(pg_catalog.-) rewritten`,
  ]
}

function isReferenced({ relation }: TableSql): Sql {
  return sql`EXISTS (SELECT FROM pg_catalog.pg_constraint AS c
            WHERE c.contype OPERATOR(pg_catalog.=) 'f' AND c.confrelid OPERATOR(pg_catalog.=) ${relation})`
}

const noJoins = setJoins(sql`'off'`, sql`'off'`)
const usualJoins = setJoins(sql`hashjoin`, sql`mergejoin`)

function setJoins(hashjoin: Sql, mergejoin: Sql): Sql {
  return sql`PERFORM pg_catalog.set_config('enable_hashjoin', ${hashjoin}, true), pg_catalog.set_config('enable_mergejoin', ${mergejoin}, true)`
}

/** Statements that fetch rows by the places that were found. If there are many, PostgreSQL would read the whole table otherwise. */
function byLookup(statements: readonly Sql[]): readonly Sql[] {
  return [noJoins, ...statements, usualJoins]
}

/**
 * Statements that join what was read with the table. If few rows were read, looking up each is cheaper than reading the table, even
 * if PostgreSQL expects to read pages from disk: pages that are written have to be read anyway.
 */
export function byLookupIfFew({ rowCount, key }: TableSql, statements: readonly Sql[]): readonly Sql[] {
  const isFew = sql`rows_read OPERATOR(pg_catalog.<) (${rowCount} OPERATOR(pg_catalog./) 8)`
  return [sql`IF ${isFew} THEN ${noJoins}; ELSE ANALYZE ${fresh} (${key}); END IF`, ...statements, usualJoins]
}

/**
 * The key of a row that was read must identify it. If the table must end up with as many rows as were read, counting its rows shows
 * that, since looking for keys that occur twice takes as long as finding the differences. Otherwise keys are counted if they are
 * read in order, which takes a sixth of the time.
 */
function requireUniqueKeys(table: TableSql, { gone, isWhole }: ReadRows) {
  const require = requireUniqueKey(table)
  if (!isWhole)
    return {
      beforehand: [
        sql`SELECT pg_catalog.count(*), ${table.differentKeys} INTO rows_read, different_keys FROM ${fresh} AS f`,
        sql`IF different_keys IS NULL OR different_keys OPERATOR(pg_catalog.<>) rows_read THEN ${require}; END IF`,
      ],
      afterwards: [],
    }
  const rowsAfter = sql`rows_before OPERATOR(pg_catalog.+) inserted OPERATOR(pg_catalog.-) deleted`
  return {
    beforehand: [
      sql`SELECT pg_catalog.count(*) INTO rows_read FROM ${fresh}`,
      sql`SELECT pg_catalog.count(*) INTO rows_before FROM ONLY ${table.name} AS t WHERE ${gone}`,
    ],
    afterwards: [sql`IF ${rowsAfter} OPERATOR(pg_catalog.<>) rows_read THEN ${require}; END IF`],
  }
}

/** A trigger of another role can skip rows, and a rule can write something else. */
function requireWritten({ prefix }: TableSql): Sql {
  const message = literal('%a trigger or a rule of the table keeps % of its rows from being written')
  const hint = literal('Drop it: a copy holds what its query returns.')
  const missing = sql`differing OPERATOR(pg_catalog.+) further OPERATOR(pg_catalog.-) inserted OPERATOR(pg_catalog.-) updated OPERATOR(pg_catalog.-) deleted`
  return sql`IF (${missing}) OPERATOR(pg_catalog.<>) 0 THEN
      RAISE EXCEPTION ${message}, ${prefix}, ${missing} USING ERRCODE = 'triggered_action_exception', HINT = ${hint};
    END IF`
}

/** A trigger can also store other values, so that the same rows differ at each refresh. */
function warnOfOtherValues({ name, relation, prefix, isSameKey, differs }: TableSql): Sql {
  const message = literal(
    '%each refresh writes some rows again (%), since the table stores other values than its query returns: see trigger %',
  )
  return sql`triggers := (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(g.tgname), ', ' ORDER BY g.tgname) FROM pg_catalog.pg_trigger AS g
      WHERE g.tgrelid OPERATOR(pg_catalog.=) ${relation} AND NOT g.tgisinternal AND g.tgenabled OPERATOR(pg_catalog.<>) 'D');
    IF triggers IS NOT NULL THEN
      SELECT pg_catalog.count(*) INTO altered FROM ${differences} AS d JOIN ${fresh} AS f ON f.ctid OPERATOR(pg_catalog.=) d.new
        LEFT JOIN ONLY ${name} AS t ON ${isSameKey} WHERE t.ctid IS NULL OR ${differs};
      IF altered OPERATOR(pg_catalog.>) 0 THEN
        RAISE WARNING ${message}, ${prefix}, altered, triggers;
      END IF;
    END IF`
}

/**
 * Raises an error that names a key that occurs twice or contains a null. `.*` is needed because a column can have the name of the
 * row.
 */
export function requireUniqueKey({ prefix, key, isKeyNull }: Pick<TableSql, 'prefix' | 'key' | 'isKeyNull'>): Sql {
  const message = literal('%its query returns the key % more than once, or with a null')
  const hint = literal('Nothing was written. Change the query, or the primary key of the table.')
  return sql`SELECT pg_catalog.row_to_json(k.*)::pg_catalog.text INTO duplicate
      FROM (SELECT ${key} FROM ${fresh} GROUP BY ${key}
            HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 OR ${isKeyNull} LIMIT 1) AS k;
    IF FOUND THEN RAISE EXCEPTION ${message}, ${prefix}, duplicate USING ERRCODE = 'unique_violation', HINT = ${hint}; END IF`
}
