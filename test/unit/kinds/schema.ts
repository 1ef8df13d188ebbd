// Schemas.
import { type SchemaSpec, schema } from '../../../src/kinds/schema.ts'
import { accessRows, liveAccess, openAccess, writtenAccess } from './access.ts'
import { commentRows, ignoreRows, protectRows } from './rows.ts'
import type { KindTable } from './table.ts'

export const schemaTable: KindTable<SchemaSpec> = {
  kind: schema,
  id: { kind: 'schema', name: 'shop' },
  spec: { ...liveAccess, comment: '' },
  compare: {
    ...accessRows('SCHEMA shop', 'SCHEMA shop', 'usage'),
    comment: commentRows('SCHEMA shop'),
    ignore: ignoreRows,
    protect: protectRows,
  },
  settle: { comment: ['new', 'live', ''], ...openAccess('usage') },
  roundTrips: {
    definition: 'schema',
    unwritten: {
      ignore: 'not in the catalog',
      protect: 'not in the catalog',
      types: 'a kind of its own',
      imports: 'exports list the tables',
      foreign_tables: 'a kind of its own',
      materialized_views: 'a kind of its own',
      tables: 'a kind of its own',
    },
    stanzas: [[{ comment: 'of the shop' }], [{ comment: 'c', ...writtenAccess('usage') }], [{}]],
  },
}
