// A table that is brought up to date, and pieces of the queries that read and compare its rows. Pure.
//
// In queries, `t` is the table, `f` what was read, and `q` the view that holds the query.

import type { RefreshPolicy } from '../../core/refresh-policy.ts'
import { fragment, ident, join, literal, qualified, type Sql, sql, trusted } from '../../core/sql.ts'
import { sourceViewOf } from '../../kinds/facets/copy/source-view.ts'
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

export function columnList(names: readonly string[], from?: Sql): Sql {
  const columns = names.map(ident)
  return join(from === undefined ? columns : columns.map((column) => sql`${from}.${column}`), ', ')
}

/** Reads rows of the query: all, or those that meet a condition on `q`. */
export function readRows(copy: TableCopy, where: Sql = sql``): Sql {
  return sql`CREATE TEMPORARY TABLE fdwsync_fresh AS SELECT ${columnList(namesOf(copy.table.columns), sql`q`)} FROM ${sourceRows(copy)} AS q${where}`
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
