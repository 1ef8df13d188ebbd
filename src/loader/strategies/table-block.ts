// Pieces of the PL/pgSQL block that brings a table up to date: it reads rows into a temporary table, and writes those that differ. The
// block runs as the owner of the table: see run-table-block.ts. Pure.
//
// The label of the block distinguishes its variables from columns of users. In queries, `t` is the table, `f` what was read,
// and `q` the view that holds the query.

import type { RefreshPolicy } from '../../core/refresh-policy.ts'
import { fragment, ident, join, literal, qualified, type Sql, sql, trusted } from '../../core/sql.ts'
import { sourceViewOf } from '../../kinds/facets/copy/source-view.ts'
import { runDeferred } from '../../kinds/table/as-owner.ts'
import type { Copy, TableFacts } from './strategy.ts'

export interface TableCopy extends Pick<Copy, 'id' | 'title'> {
  readonly table: TableFacts
  readonly policy: Pick<RefreshPolicy, 'watermark'>
}

/** What was read. The name is looked up in pg_temp alone. */
export const fresh = trusted('pg_temp.fdwsync_fresh')

export function tableName({ id }: TableCopy): Sql {
  return qualified(id.schema, id.name)
}

/** The rows that the table should hold: those of its query, without those that the source has marked as deleted. */
export function sourceRows({ id, policy: { watermark } }: TableCopy): Sql {
  const view = sourceViewOf(id)
  const rows = qualified(view.schema, view.name)
  return watermark?.soft === undefined
    ? rows
    : sql`(SELECT * FROM ${rows} WHERE (${fragment(watermark.soft)}) IS NOT TRUE)`
}

export function namesOf(columns: readonly { readonly name: string }[]): readonly string[] {
  return columns.map(({ name }) => name)
}

function namesBesideKey({ columns, key }: TableFacts): readonly string[] {
  const ofKey = namesOf(key)
  return namesOf(columns).filter((name) => !ofKey.includes(name))
}

export function columnList(names: readonly string[], from?: Sql): Sql {
  const columns = names.map(ident)
  return join(from === undefined ? columns : columns.map((column) => sql`${from}.${column}`), ', ')
}

/** Reads rows of the query: all, or those that meet a condition on `q`. */
export function readRows(copy: TableCopy, where: Sql = sql``): Sql {
  return sql`CREATE TEMPORARY TABLE fdwsync_fresh AS SELECT ${columnList(namesOf(copy.table.columns), sql`q`)} FROM ${sourceRows(copy)} AS q${where}`
}

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

/** Readers do not wait for the lock, nor it for them. Another refresh, or whoever else writes, waits until COMMIT. */
export function tableBlock(copy: TableCopy, { declare, read, gone, end = [], result }: TableBlock): Sql {
  const pairs = [...counted.map((name) => [name, sql`fdwsync.${trusted(name)}`] as const), ...result]
  const fields = pairs.map(([name, value]) => sql`${literal(name)}, ${value}`)
  return sql`<<fdwsync>>
DECLARE
  duplicate text;
  rows_read bigint := 0;
  inserted bigint := 0;
  updated bigint := 0;
  deleted bigint := 0;
  ${join(declare, '')}
BEGIN
  LOCK TABLE ONLY ${tableName(copy)} IN SHARE ROW EXCLUSIVE MODE;
  ${useMaintenanceMemory};
  <<reading>>
  BEGIN
    ${join([...read, ...compareRows(copy), ...writeDifferences(copy, gone), dropTemporary], ';\n')};
  END reading;
  ${join([...end, sql``], ';\n')}${runDeferred}
  RETURN pg_catalog.jsonb_build_object(${join(fields, ', ')});
END`
}

/** As PostgreSQL does when it checks a new foreign key: few run at once, and each with few operations that need memory. */
const useMaintenanceMemory = trusted(`IF pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem'))
      OPERATOR(pg_catalog.<) pg_catalog.pg_size_bytes(pg_catalog.current_setting('maintenance_work_mem'))
  THEN PERFORM pg_catalog.set_config('work_mem', pg_catalog.current_setting('maintenance_work_mem'), true); END IF`)

const dropTemporary = sql`DROP TABLE IF EXISTS ${fresh}, pg_temp.fdwsync_keys`

const counted = ['rows_read', 'inserted', 'updated', 'deleted'] as const

/** Prepares the comparison of what was read: the key of a row must identify it, and the server must know how many rows there are. */
function compareRows(copy: TableCopy): readonly Sql[] {
  return [
    sql`SELECT pg_catalog.count(*) INTO rows_read FROM ${fresh}`,
    sql`ANALYZE ${fresh}`,
    requireUniqueKey(copy.title, namesOf(copy.table.key)),
  ]
}

/** Raises an error that names a key which occurs twice, or has a null. */
export function requireUniqueKey(title: string, key: readonly string[]): Sql {
  const columns = columnList(key)
  const isNull = join(
    key.map((name) => sql`${ident(name)} IS NULL`),
    ' OR ',
  )
  // RAISE replaces each % of its format.
  const message = literal(`${title.replaceAll('%', '%%')}: its query returns the key % more than once, or with a null`)
  const hint = literal('Nothing was written. Change the query, or the primary key of the table.')
  return sql`SELECT pg_catalog.row_to_json(k)::pg_catalog.text INTO duplicate
      FROM (SELECT ${columns} FROM ${fresh} GROUP BY ${columns}
            HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 OR ${isNull} LIMIT 1) AS k;
    IF FOUND THEN RAISE EXCEPTION ${message}, duplicate USING ERRCODE = 'unique_violation', HINT = ${hint}; END IF`
}

/** That a row of one relation has the key of a row of another. */
export function sameKey({ key }: TableFacts, one: Sql, other: Sql): Sql {
  return join(
    key.map(({ name, equals }) => sql`${one}.${ident(name)} ${trusted(equals)} ${other}.${ident(name)}`),
    ' AND ',
  )
}

/**
 * That two rows differ in the columns. `*<>` compares the stored bytes of rows, so it works for types without equality, and sees every
 * difference that a reader could see.
 */
export function differs(columns: readonly string[], one: Sql, other: Sql): Sql {
  // Without the cast, PostgreSQL would look for such an operator for each pair of columns.
  const rowOf = (from: Sql) => sql`CAST(ROW(${columnList(columns, from)}) AS pg_catalog.record)`
  return columns.length === 0 ? sql`false` : sql`${rowOf(one)} OPERATOR(pg_catalog.*<>) ${rowOf(other)}`
}

const [t, f] = [sql`t`, sql`f`]

/** Writes what is gone, changed and new. */
function writeDifferences(copy: TableCopy, gone: Sql): readonly Sql[] {
  const { table: facts } = copy
  const table = tableName(copy)
  const isSame = sameKey(facts, t, f)
  const [columns, others] = [namesOf(facts.columns), namesBesideKey(facts)]
  const assignments = others.map((name) => sql`${ident(name)} = f.${ident(name)}`)
  const update = sql`UPDATE ONLY ${table} AS t SET ${join(assignments, ', ')} FROM ${fresh} AS f
    WHERE ${isSame} AND ${differs(others, t, f)}`
  return [
    sql`DELETE FROM ONLY ${table} AS t WHERE (${gone}) AND NOT EXISTS (SELECT FROM ${fresh} AS f WHERE ${isSame})`,
    sql`GET DIAGNOSTICS deleted = ROW_COUNT`,
    ...(others.length > 0 ? [update, sql`GET DIAGNOSTICS updated = ROW_COUNT`] : []),
    sql`INSERT INTO ${table} (${columnList(columns)}) SELECT ${columnList(columns)} FROM ${fresh} AS f
         WHERE NOT EXISTS (SELECT FROM ONLY ${table} AS t WHERE ${isSame})`,
    sql`GET DIAGNOSTICS inserted = ROW_COUNT`,
    // What is less is left to autovacuum.
    sql`IF inserted OPERATOR(pg_catalog.+) updated OPERATOR(pg_catalog.+) deleted OPERATOR(pg_catalog.>)
           ${tenthOfRows(copy)} THEN ANALYZE ${table}; END IF`,
  ]
}

/** A tenth of the rows that the table had when it was analyzed last. */
function tenthOfRows({ table: { rows } }: TableCopy): Sql {
  return trusted(`${Math.max(Math.round(rows / 10), 0)}::pg_catalog.int8`)
}
