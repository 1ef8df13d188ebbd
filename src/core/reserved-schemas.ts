// Schemas that no manifest can declare: those of PostgreSQL, and those of fdwsync.

/** The schema of the views that hold the queries of tables: see kinds/facets/copy/source-view.ts. */
export const sourceSchema = 'fdwsync_source'

export const reservedSchemas = ['information_schema', 'fdwsync', sourceSchema] as const

/** To whom a schema belongs, if a manifest cannot declare one of that name. */
export function ownerOfReservedSchema(name: string): 'PostgreSQL' | 'fdwsync' | undefined {
  if (name.startsWith('pg_') || name === 'information_schema') return 'PostgreSQL'
  return reservedSchemas.some((reserved) => reserved === name) ? 'fdwsync' : undefined
}
