import pg from 'pg'

// The floor of a mirror's first apply: what a person would generate to have the foreign tables, the copies and their indexes.
const [, , url, sourceUrl] = process.argv
const { hostname, port, pathname, username, password } = new URL(sourceUrl)
const client = new pg.Client({ connectionString: url })
const source = new pg.Client({ connectionString: sourceUrl })
await client.connect()
await source.connect()
await client.query(`
  CREATE EXTENSION postgres_fdw; CREATE SCHEMA proxy; CREATE SCHEMA copy;
  CREATE SERVER source FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${hostname}', port '${port}', dbname '${pathname.slice(1)}');
  CREATE USER MAPPING FOR PUBLIC SERVER source OPTIONS (user '${username}', password '${password}');
  IMPORT FOREIGN SCHEMA public FROM SERVER source INTO proxy`)
const tables = await source.query(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)
for (const { name } of tables.rows)
  await client.query(`CREATE MATERIALIZED VIEW copy.${name} AS SELECT * FROM proxy.${name}`)
const indexes = await source.query(`SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname`)
for (const { indexdef } of indexes.rows) await client.query(indexdef.replace(' ON public.', ' ON copy.'))
await client.end()
await source.end()
