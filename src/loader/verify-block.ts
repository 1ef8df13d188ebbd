// The PL/pgSQL block that compares all rows of a copy with all rows of its query. It writes only into temporary tables, and runs as
// the owner of the copy. Pure.

import { join, literal, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import { fresh, readInto, relationConstant, requireAllRows } from '../kinds/table/refresh/table-sql.ts'
import { requireUniqueKey } from '../kinds/table/refresh/write-differences.ts'
import type { TableFacts } from './strategies/strategy.ts'
import { columnList, differs, keySqlOf, namesOf, noPrefix, sameKey } from './strategies/table-block.ts'

export interface ComparedCopy {
  readonly id: { readonly schema: string; readonly name: string }
  /** The columns that the query returns. */
  readonly columns: readonly string[]
  /** The facts of a table with a primary key; undefined for any other copy. */
  readonly table: TableFacts | undefined
  /** A query for the rows that the copy should hold. */
  readonly source: Sql
}

const counted = ['rows', 'missing', 'extra', 'different'] as const

/** Returns the numbers of rows: see core/verification.ts. The table and its query are read once each. */
export function verifyBlock(copy: ComparedCopy): Sql {
  const fields = counted.map((name) => sql`${literal(name)}, fdwsync.${trusted(name)}`)
  const relation = relationConstant(qualified(copy.id.schema, copy.id.name))
  const complete = copy.table ? [requireAllRows({ relation, prefix: noPrefix })] : []
  const key = copy.table ? namesOf(copy.table.key) : []
  const check = key.length > 0 ? [requireUniqueKey(keySqlOf(key))] : []
  const compare = copy.table && key.length > 0 ? compareByKey(copy, copy.table) : compareWholeRows(copy)
  const read = readInto(columnList(copy.columns, sql`q`), copy.source)
  return sql`<<fdwsync>>
DECLARE
  duplicate text;
  ${join(
    counted.map((name) => sql`${trusted(name)} bigint := 0;`),
    '\n  ',
  )}
BEGIN
  ${join([...complete, read, sql`ANALYZE ${fresh}`, ...check, compare], ';\n  ')};
  RETURN pg_catalog.jsonb_build_object(${join(fields, ', ')});
END`
}

function compareByKey({ id, columns }: ComparedCopy, table: TableFacts): Sql {
  const [t, f] = [sql`t`, sql`f`]
  const isDifferent = sql`t.ctid IS NOT NULL AND f.ctid IS NOT NULL AND ${differs(columns, t, f)}`
  return sql`SELECT pg_catalog.count(t.ctid), pg_catalog.count(*) FILTER (WHERE t.ctid IS NULL),
         pg_catalog.count(*) FILTER (WHERE f.ctid IS NULL), pg_catalog.count(*) FILTER (WHERE ${isDifferent})
    INTO fdwsync.rows, fdwsync.missing, fdwsync.extra, fdwsync.different
    FROM (SELECT ctid, * FROM ONLY ${qualified(id.schema, id.name)}) AS t FULL JOIN (SELECT ctid, * FROM ${fresh}) AS f ON ${sameKey(table, t, f)}`
}

/** Rows can occur several times. Their types may have no equality, but all have a text. */
function compareWholeRows({ id, columns }: ComparedCopy): Sql {
  const countedIn = (from: Sql) =>
    sql`(SELECT CAST(ROW(${columnList(columns, sql`r`)}) AS pg_catalog.text) COLLATE pg_catalog."C" AS whole_row, pg_catalog.count(*) AS times
       FROM ${from} AS r GROUP BY 1)`
  const surplus = (one: string, other: string) =>
    trusted(
      `coalesce(pg_catalog.sum(GREATEST(coalesce(${one}.times, 0) OPERATOR(pg_catalog.-) coalesce(${other}.times, 0), 0)), 0)`,
    )
  // The texts of floating-point numbers are exact only from this value on. The query was read under that of the role.
  return sql`PERFORM pg_catalog.set_config('extra_float_digits', '1', true);
  SELECT coalesce(pg_catalog.sum(t.times), 0), ${surplus('f', 't')}, ${surplus('t', 'f')}
    INTO fdwsync.rows, fdwsync.missing, fdwsync.extra
    FROM ${countedIn(sql`${qualified(id.schema, id.name)}`)} AS t
    FULL JOIN ${countedIn(fresh)} AS f ON t.whole_row OPERATOR(pg_catalog.=) f.whole_row`
}
