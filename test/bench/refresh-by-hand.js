import pg from 'pg'

// The floor: what a person would type to refresh views, one after the other.
const [, , url, mode, ...views] = process.argv
const client = new pg.Client({ connectionString: url })
await client.connect()
for (const view of views)
  await client.query(`REFRESH MATERIALIZED VIEW ${mode === 'concurrently' ? 'CONCURRENTLY ' : ''}${view}`)
await client.end()
