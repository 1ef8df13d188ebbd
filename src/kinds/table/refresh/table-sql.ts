// What differs from table to table in the blocks that bring tables up to date. The command puts it together from what it has read of a table;
// in fdwsync.refresh() they are places in which the function puts names.
import { literal, type Sql, sql, trusted } from '../../../core/sql.ts'

export interface TableSql {
  readonly name: Sql
  /** A constant of type regclass. */
  readonly relation: Sql
  /** What a message begins with, a constant: `'table shop.orders: '`, or nothing where a report names the table anyway. */
  readonly prefix: Sql
  /** What its query returns. */
  readonly query: Sql
  /** The rows that it should hold: what its query returns, without rows that the source has marked as deleted. */
  readonly source: Sql
  /** A list of all columns. */
  readonly columns: Sql
  /** A list of those of the key. */
  readonly key: Sql
  /** That one of those is null. */
  readonly isKeyNull: Sql
  /** That a row of `t` and a row of `f` have the same key. */
  readonly isSameKey: Sql
  /** That they differ in a column. That can be one of the key: 1.0 and 1.00 are the same key. */
  readonly differs: Sql
  /** What gives a row the values of a row of `f`. */
  readonly assignments: Sql
  /**
   * The values of a row of `f`, in the order of the columns. Undefined unless MERGE writes what an UPDATE and then an INSERT would write, and reports how
   * many rows those are.
   */
  readonly mergedValues: Sql | undefined
  /** What sorts rows by it, so that neighbours are written one after the other; nothing where sorting would take longer. */
  readonly inOrder: Sql
  /** How many keys rows of `f` have: an aggregate. NULL where counting them takes longer than looking for one that occurs twice. */
  readonly differentKeys: Sql
  /** How many rows the table had when it was analyzed last. */
  readonly rowCount: Sql
}

/** How a table with a watermark is read. */
export interface WatermarkSql {
  readonly column: Sql
  /** Why all rows are read, if the source cannot select some by it: a constant. */
  readonly unselectable: Sql
  /** Without a limit on its length or precision, to which a value would be rounded. */
  readonly type: Sql
  /** Whether its value in a row of `r` may become the watermark. */
  readonly counts: Sql
  /** Where reading begins, and the value that was reached before. */
  readonly low: Sql
  readonly lowest: Sql
  readonly reached: Sql
  /** The variable `highest` as text. */
  readonly highest: Sql
}

export function relationConstant(name: Sql): Sql {
  return sql`CAST(${literal(name)} AS pg_catalog.regclass)`
}

/**
 * Raises an error if the owner of a table, as which it is compared, would not see all of its rows. Rows that are hidden would seem to be missing, and
 * what is gone would stay.
 */
export function requireAllRows({ relation, prefix }: Pick<TableSql, 'relation' | 'prefix'>): Sql {
  const message = literal('%its owner does not see all of its rows, as row-level security is forced')
  const hint = literal('Give it an owner with BYPASSRLS, or run ALTER TABLE with NO FORCE ROW LEVEL SECURITY.')
  return sql`IF pg_catalog.row_security_active(CAST(${relation} AS pg_catalog.oid)) THEN
    RAISE EXCEPTION ${message}, ${prefix} USING ERRCODE = 'insufficient_privilege', HINT = ${hint};
  END IF`
}

/** What was read. The name is looked up in pg_temp alone. */
export const fresh = trusted('pg_temp.fdwsync_fresh')

/** Keys of the source, where it is found out which rows are gone by them. */
export const keys = trusted('pg_temp.fdwsync_keys')

/** Reads rows: by default all that the table should hold. */
export function readInto(columns: Sql, rows: Sql, where: Sql = sql``): Sql {
  return sql`CREATE TEMPORARY TABLE fdwsync_fresh AS SELECT ${columns} FROM ${rows} AS q${where}`
}
