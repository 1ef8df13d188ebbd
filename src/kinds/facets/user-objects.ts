// Conditions of list queries, which find user objects: not those of the system, of an extension or of fdwsync.
/** Neither a schema of the system nor that of the ledger. */
export function isUserSchema(schema: string): string {
  return `${schema} !~ '^pg_' AND ${schema} NOT IN ('information_schema', 'fdwsync')`
}

/** The object is not a member of an extension. */
export function notOfAnExtension(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalog}'::regclass AND objid = ${oid} AND deptype = 'e')`
}
