// Conditions of list queries, which find user objects: not those of the system, of an extension or of fdwsync.
/** The schema of the views that hold the queries of tables: see kinds/table/source-view.ts. */
export const sourceSchema = 'fdwsync_source'

/** Neither a schema of the system nor one of fdwsync. */
export function isUserSchema(schema: string): string {
  return `${schema} !~ '^pg_' AND ${schema} NOT IN ('information_schema', 'fdwsync', '${sourceSchema}')`
}

/** The object is not a member of an extension. */
export function notOfAnExtension(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalog}'::regclass AND objid = ${oid} AND deptype = 'e')`
}
