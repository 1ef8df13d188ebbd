// The manifests of the benchmarks.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** With more, a file would be longer than a manifest may be. */
const mostInFile = 10_000

/**
 * Writes a manifest of so many foreign tables, and a tenth as many materialized views, of other columns, with two indexes.
 * @returns the path of its file, or of the folder of its files
 */
export function writeManifest(path: string, tables: number, totalTypeOf: (at: number) => string): string {
  if (tables <= mostInFile) {
    writeFileSync(`${path}.yaml`, textOf(0, tables, totalTypeOf))
    return `${path}.yaml`
  }
  mkdirSync(path, { recursive: true })
  for (let from = 0; from < tables; from += mostInFile)
    writeFileSync(join(path, `from_${from}.yaml`), textOf(from, Math.min(from + mostInFile, tables), totalTypeOf))
  return path
}

function textOf(from: number, to: number, totalTypeOf: (at: number) => string): string {
  const numbers = Array.from({ length: to - from }, (_, at) => from + at)
  return `version: 1
name: bench
${from === 0 ? shared : ''}schemas:
  proxy:
    foreign_tables:
${numbers.map((at) => foreignTable(at, totalTypeOf(at))).join('')}
  copy:
    materialized_views:
${numbers
  .filter((at) => at % 10 === 0)
  .map((at) => materializedView(at / 10))
  .join('')}`
}

const shared = `extensions: { postgres_fdw: {} }
servers:
  source: { options: { host: localhost, dbname: source } }
`

function foreignTable(at: number, totalType: string): string {
  return `      table_${at}:
        server: source
        options: { schema_name: public, table_name: table_${at} }
        columns:
          id: { type: bigint, not_null: true }
          customer_id: bigint
          name: text
          total: ${totalType}
          placed_at: timestamp with time zone
          payload: jsonb
          tags: text[]
          label: { type: text, options: { column_name: "Label" }, default: "'none'" }
`
}

function materializedView(at: number): string {
  return `      view_${at}:
        query: SELECT id, customer_id, placed_at, label FROM proxy.table_${at * 10} WHERE customer_id IS NOT NULL
        populate: false
        indexes:
          view_${at}_id: { unique: true, columns: [id] }
          view_${at}_day: { columns: [customer_id, { column: placed_at, order: desc }] }
`
}
