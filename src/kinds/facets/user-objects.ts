// Conditions of list queries, which find user objects: not those of the system, of an extension or of fdwsync.

import { reservedSchemas } from '../../core/reserved-schemas.ts'

/** Neither a schema of the system nor one of fdwsync. */
export function isUserSchema(schema: string): string {
  return `${schema} !~ '^pg_' AND ${schema} NOT IN (${reservedSchemas.map((name) => `'${name}'`).join(', ')})`
}

/** The object is not a member of an extension. */
export function notOfAnExtension(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalog}'::regclass AND objid = ${oid} AND deptype = 'e')`
}
