// Names of objects that a declaration refers to outside of SQL: collations, functions, parent tables.
import { ident, qualified, type Sql } from '../../core/sql.ts'

/** Without a schema, the search path decides. */
export interface ObjectName {
  readonly schema: string | null
  readonly name: string
}

export function objectName(declared: string | { readonly schema: string; readonly name: string }): ObjectName {
  return typeof declared === 'string'
    ? { schema: null, name: declared }
    : { schema: declared.schema, name: declared.name }
}

export function nameOf({ schema, name }: ObjectName): Sql {
  return schema === null ? ident(name) : qualified(schema, name)
}

/** For display: without the schema pg_catalog. */
export function showName(name: ObjectName): string {
  return name.schema === 'pg_catalog' ? ident(name.name) : nameOf(name)
}

export function sameName(left: ObjectName | null, right: ObjectName | null): boolean {
  return left?.schema === right?.schema && left?.name === right?.name
}
