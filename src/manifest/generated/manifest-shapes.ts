// Made from schemas/manifest.schema.json by "npm run generate". Do not edit.

export const maps: readonly string[] = [
  'extensions',
  'extensions.*',
  'servers',
  'servers.*',
  'servers.*.options',
  'servers.*.user_mappings',
  'servers.*.user_mappings.*',
  'schemas',
  'schemas.*',
  'schemas.*.foreign_tables',
  'schemas.*.foreign_tables.*',
  'schemas.*.foreign_tables.*.options',
  'schemas.*.foreign_tables.*.columns',
  'schemas.*.foreign_tables.*.columns.*.options',
  'schemas.*.foreign_tables.*.checks',
  'schemas.*.materialized_views',
  'schemas.*.materialized_views.*',
  'schemas.*.materialized_views.*.with',
  'schemas.*.materialized_views.*.indexes',
  'schemas.*.materialized_views.*.indexes.*',
]

export const truthValues: readonly string[] = [
  'schemas.*.foreign_tables.*.columns.*.not_null',
  'schemas.*.materialized_views.*.populate',
  'schemas.*.materialized_views.*.indexes.*.unique',
]
