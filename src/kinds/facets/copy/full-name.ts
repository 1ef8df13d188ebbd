// The schema and the name of a table as one text, for use in names and settings.
import type { Relation } from '../../../core/object.ts'

/** The first dot ends the schema, so that the tables "a.b".c and a."b.c" have different texts. */
export function fullNameOf({ schema, name }: Relation): string {
  return `${schema.replaceAll('~', '~0').replaceAll('.', '~1')}.${name}`
}

/** The same as SQL, given the aliases of its rows in pg_class and pg_namespace. */
export function fullNameIn(table: string, schema: string): string {
  return `replace(replace(${schema}.nspname::text, '~', '~0'), '.', '~1') || '.' || ${table}.relname`
}
