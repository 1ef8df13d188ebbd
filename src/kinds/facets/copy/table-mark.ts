// Recognizes the tables that fdwsync manages: those with its mark, and those that a plan adopts. A name alone proves nothing, since
// the table may have been dropped by hand, and another one created under its name.
import type { Relation } from '../../../core/object.ts'
import { literal, type Sql, sql } from '../../../core/sql.ts'
import { tableMark } from '../../../core/table-mark.ts'
import { fullNameIn, fullNameOf } from './full-name.ts'

/** Whether a table has the mark, given the alias of its row in pg_class. */
export function isMarked(table: string): string {
  return `coalesce('${tableMark.name}=${tableMark.value}' = ANY (${table}.reloptions), false)`
}

/** The setting that has them: see {@link adoptTables}. */
const adoptedNames = 'fdwsync.adopted'

/** Lets catalog queries of this transaction treat these tables as managed, although they are not marked. */
export function adoptTables(tables: readonly Relation[]): Sql {
  return sql`SELECT pg_catalog.set_config(${literal(adoptedNames)}, ${literal(JSON.stringify(tables.map(fullNameOf)))}, true)`
}

/** Whether that holds for a table, given the aliases of its rows in pg_class and pg_namespace. */
export function isAdopted(table: string, schema: string): string {
  return `coalesce(nullif(current_setting('${adoptedNames}', true), '')::jsonb ? (${fullNameIn(table, schema)}), false)`
}
