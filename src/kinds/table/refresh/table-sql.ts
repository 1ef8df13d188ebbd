// The parts of the blocks that differ from table to table. The command derives them from what it has read of a table; in
// fdwsync.refresh() they are placeholders, which the function replaces.
import { literal, type Sql, sql, trusted } from '../../../core/sql.ts'

export interface TableSql {
  readonly name: Sql
  /** A constant of type regclass. */
  readonly relation: Sql
  /** What a message begins with, a constant: `'table shop.orders: '`, or nothing where a report names the table anyway. */
  readonly prefix: Sql
  /** The query of the table. */
  readonly query: Sql
  /** The rows that it should hold: what its query returns, without rows that the source has marked as deleted. */
  readonly source: Sql
  /** A list of all columns. */
  readonly columns: Sql
  /** A list of the columns of the key. */
  readonly key: Sql
  /** A condition: one of these is null. */
  readonly isKeyNull: Sql
  /** A condition: a row of `t` and a row of `f` have the same key. */
  readonly isSameKey: Sql
  /** A condition: they differ in a column. That can be a column of the key: 1.0 and 1.00 are the same key. */
  readonly differs: Sql
  /** The assignments that give a row the values of a row of `f`. */
  readonly assignments: Sql
  /**
   * The values of a row of `f`, in the order of the columns. Undefined unless MERGE has the same effect as an UPDATE followed by an
   * INSERT, and counts the rows.
   */
  readonly mergedValues: Sql | undefined
  /** ORDER BY the key, so that neighbours are written one after the other; empty where sorting would take longer. */
  readonly inOrder: Sql
  /**
   * An aggregate: the number of distinct keys in `f`. NULL where counting takes longer than looking for a key that occurs twice.
   */
  readonly differentKeys: Sql
  /** How many rows the table had when it was last analyzed. */
  readonly rowCount: Sql
}

/** How a table with a watermark is read. */
export interface WatermarkSql {
  readonly column: Sql
  /** A constant: why all rows are read if the source cannot select rows by the watermark. */
  readonly unselectable: Sql
  /** A constant: why all rows are read if none is left from `low` on. NULL if they never are. */
  readonly lost: Sql
  /** The type without a limit on its length or precision, to which a value would be rounded. */
  readonly type: Sql
  /** A condition: the value in a row of `r` may become the watermark. */
  readonly counts: Sql
  /** The value at which reading begins, and the value that was reached before. */
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
 * Raises an error if the owner of the table, as which it is compared, would not see all of its rows. Hidden rows would seem to be
 * missing, and rows that are gone would stay.
 */
export function requireAllRows({ relation, prefix }: Pick<TableSql, 'relation' | 'prefix'>): Sql {
  const message = literal('%its owner does not see all of its rows, as row-level security is forced')
  const hint = literal('Give it an owner with BYPASSRLS, or run ALTER TABLE with NO FORCE ROW LEVEL SECURITY.')
  return sql`IF pg_catalog.row_security_active(CAST(${relation} AS pg_catalog.oid)) THEN
    RAISE EXCEPTION ${message}, ${prefix} USING ERRCODE = 'insufficient_privilege', HINT = ${hint};
  END IF`
}

/** The rows that were read. The name is looked up in pg_temp alone. */
export const fresh = trusted('pg_temp.fdwsync_fresh')

/** The keys of the source, for finding rows that are gone. */
export const keys = trusted('pg_temp.fdwsync_keys')

/** Reads rows, by default all that the table should hold. */
export function readInto(columns: Sql, rows: Sql, where: Sql = sql``): Sql {
  return sql`CREATE TEMPORARY TABLE fdwsync_fresh AS SELECT ${columns} FROM ${rows} AS q${where}`
}
