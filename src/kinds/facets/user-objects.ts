/** A condition of a list query: the schema is one that people made, not the system's nor fdwsync's own. */
export function schemaOfPeople(schema: string): string {
  return `${schema} !~ '^pg_' AND ${schema} NOT IN ('information_schema', 'fdwsync')`
}

/** A condition of a list query: the object did not come with an extension. */
export function notOfAnExtension(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalog}'::regclass AND objid = ${oid} AND deptype = 'e')`
}
