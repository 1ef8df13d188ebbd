// The PL/pgSQL block that brings a table up to date: it reads rows into a temporary table, and writes those that differ. The block runs as the
// owner of the table: see ../as-owner.ts. It is a part of fdwsync.refresh() too, so that a change of it needs a migration of the ledger. Pure.
//
// The label of the block distinguishes its variables from columns of users. In queries, `t` is the table, `f` what was read,
// and `q` what the query returns.
import { join, literal, type Sql, sql, trusted } from '../../../core/sql.ts'
import { runDeferred } from '../as-owner.ts'
import { fresh, readInto, type TableSql } from './table-sql.ts'

export interface TableBlock {
  /** Declarations of variables, beside those of every block. */
  readonly declare: readonly Sql[]
  /** Statements that read into the temporary table. They may `EXIT reading` if there is nothing to compare. */
  readonly read: readonly Sql[]
  /** Which rows of the table are deleted unless they were read: a condition on `t`. */
  readonly gone: Sql
  /** Statements at the end. */
  readonly end?: readonly Sql[]
  /** Pairs of a name and a value for the result, beside the counts. */
  readonly result: readonly (readonly [name: string, value: Sql])[]
}

/** Reads everything. */
export function mergeBlock({ columns, source }: TableSql): TableBlock {
  return { declare: [], read: [readInto(columns, source)], gone: sql`true`, result: [] }
}

/** Readers do not wait for the lock, nor it for them. Another refresh, or whoever else writes, waits until COMMIT. */
export function tableBlock(table: TableSql, { declare, read, gone, end = [], result }: TableBlock): Sql {
  const pairs = [...counted.map((name) => [name, sql`fdwsync.${trusted(name)}`] as const), ...result]
  const fields = pairs.map(([name, value]) => sql`${literal(name)}, ${value}`)
  return sql`<<fdwsync>>
DECLARE
  duplicate text;
  rows_read bigint := 0;
  inserted bigint := 0;
  updated bigint := 0;
  deleted bigint := 0;
  memory text := pg_catalog.current_setting('work_mem');
  ${join(declare, '')}
BEGIN
  LOCK TABLE ONLY ${table.name} IN SHARE ROW EXCLUSIVE MODE;
  ${useMaintenanceMemory};
  <<reading>>
  BEGIN
    ${join([...read, ...prepare(table), ...writeDifferences(table, gone), dropTemporary], ';\n')};
  END reading;
  ${join([...end, sql`PERFORM pg_catalog.set_config('work_mem', memory, true)`], ';\n')};
  ${runDeferred}
  RETURN pg_catalog.jsonb_build_object(${join(fields, ', ')});
END`
}

/** As PostgreSQL does when it checks a new foreign key: few run at once, and each with few operations that need memory. */
const useMaintenanceMemory = trusted(`IF pg_catalog.pg_size_bytes(memory)
      OPERATOR(pg_catalog.<) pg_catalog.pg_size_bytes(pg_catalog.current_setting('maintenance_work_mem'))
  THEN PERFORM pg_catalog.set_config('work_mem', pg_catalog.current_setting('maintenance_work_mem'), true); END IF`)

const dropTemporary = sql`DROP TABLE IF EXISTS ${fresh}, pg_temp.fdwsync_keys`

const counted = ['rows_read', 'inserted', 'updated', 'deleted'] as const

/** Prepares the comparison of what was read: the key of a row must identify it, and the server must know how many rows there are. */
function prepare(table: TableSql): readonly Sql[] {
  return [sql`SELECT pg_catalog.count(*) INTO rows_read FROM ${fresh}`, sql`ANALYZE ${fresh}`, requireUniqueKey(table)]
}

/** Raises an error that names a key which occurs twice, or has a null. */
export function requireUniqueKey({ title, key, isKeyNull }: Pick<TableSql, 'title' | 'key' | 'isKeyNull'>): Sql {
  const message = literal('%: its query returns the key % more than once, or with a null')
  const hint = literal('Nothing was written. Change the query, or the primary key of the table.')
  return sql`SELECT pg_catalog.row_to_json(k)::pg_catalog.text INTO duplicate
      FROM (SELECT ${key} FROM ${fresh} GROUP BY ${key}
            HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 OR ${isKeyNull} LIMIT 1) AS k;
    IF FOUND THEN RAISE EXCEPTION ${message}, ${title}, duplicate USING ERRCODE = 'unique_violation', HINT = ${hint}; END IF`
}

/** Writes what is gone, changed and new. */
function writeDifferences(table: TableSql, gone: Sql): readonly Sql[] {
  const { name, columns, isSameKey, differs, assignments, tenthOfRows } = table
  return [
    sql`DELETE FROM ONLY ${name} AS t WHERE (${gone}) AND NOT EXISTS (SELECT FROM ${fresh} AS f WHERE ${isSameKey})`,
    sql`GET DIAGNOSTICS deleted = ROW_COUNT`,
    sql`UPDATE ONLY ${name} AS t SET ${assignments} FROM ${fresh} AS f WHERE ${isSameKey} AND ${differs}`,
    sql`GET DIAGNOSTICS updated = ROW_COUNT`,
    sql`INSERT INTO ${name} (${columns}) SELECT ${columns} FROM ${fresh} AS f
         WHERE NOT EXISTS (SELECT FROM ONLY ${name} AS t WHERE ${isSameKey})`,
    sql`GET DIAGNOSTICS inserted = ROW_COUNT`,
    // What is less is left to autovacuum.
    sql`IF inserted OPERATOR(pg_catalog.+) updated OPERATOR(pg_catalog.+) deleted OPERATOR(pg_catalog.>) ${tenthOfRows} THEN
      ANALYZE ${name}; END IF`,
  ]
}
