import type { Manifest, Path } from './manifest.ts'

/** All foreign tables of a manifest, each with where it stands. */
export function foreignTables(manifest: Manifest) {
  return Object.entries(manifest.schemas ?? {}).flatMap(([schema, { foreign_tables }]) =>
    Object.entries(foreign_tables ?? {}).map(([name, table]) => ({
      path: ['schemas', schema, 'foreign_tables', name] as Path,
      schema,
      name,
      table,
    })),
  )
}

/** All materialized views of a manifest, each with where it stands. */
export function views(manifest: Manifest) {
  return Object.entries(manifest.schemas ?? {}).flatMap(([schema, { materialized_views }]) =>
    Object.entries(materialized_views ?? {}).map(([name, view]) => ({
      path: ['schemas', schema, 'materialized_views', name] as Path,
      schema,
      name,
      view,
    })),
  )
}
