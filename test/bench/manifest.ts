/** A manifest of so many foreign tables, and a tenth as many materialized views, of other columns, with two indexes. */
export function manifestOf(tables: number, totalType: string): string {
  const numbers = Array.from({ length: tables }, (_, at) => at)
  return `version: 1
name: bench
extensions: { postgres_fdw: {} }
servers:
  source: { options: { host: localhost, dbname: source } }
schemas:
  proxy:
    foreign_tables:
${numbers.map((at) => foreignTable(at, totalType)).join('')}
  copy:
    materialized_views:
${numbers
  .slice(0, tables / 10)
  .map(materializedView)
  .join('')}`
}

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
