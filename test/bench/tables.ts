// What a refresh of a table costs by each strategy, over a plain REFRESH of a materialized view with the same rows and indexes.

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import pg from 'pg'
import { type Bench, runScript, script } from './compare.ts'
import { compareCosts, type Way } from './costs.ts'

const run = promisify(execFile)

/** In turn, round by round, with changes at the source before each. The server is source and target. */
export async function benchTables(bench: Bench, rows: number): Promise<void> {
  const { server, cli, folder } = bench
  process.env.BENCH_PASSWORD = server.password
  for (const name of ['tables_source', 'tables_target'])
    await runScript('create-database.js', server.url('postgres'), name)
  const source = await connect(server.url('tables_source'))
  await source.query(`
    CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, total numeric(10,2), note text, changed_at timestamptz);
    CREATE INDEX ON orders (changed_at);
    INSERT INTO orders SELECT i, i % 1000, i % 977, repeat(md5(i::text), 2), timestamptz '2026-01-01' + i * interval '1 s'
      FROM generate_series(1, ${rows}) i`)
  await source.query('VACUUM ANALYZE orders')
  const url = server.url('tables_target')
  const target = await connect(url)
  await target.query('CREATE EXTENSION postgres_fdw')
  await target.end()
  const file = join(folder, 'tables.yaml')
  writeFileSync(file, manifestOf(bench))
  const fdwsync = (...args: readonly string[]) => [cli, ...args, '-f', file, '--database', url]
  await run(process.execPath, fdwsync('apply', '--auto-approve'))
  // The first refresh by watermark compares everything.
  await run(process.execPath, fdwsync('refresh', 'copy.marked*'))
  const byHand = (mode: string) => [script('refresh-by-hand.js'), url, mode, 'copy.viewed']
  const ways = [
    { name: 'plain REFRESH, by hand', args: byHand('plain') },
    { name: 'CONCURRENTLY, by hand', args: byHand('concurrently') },
    { name: 'watermark', args: fdwsync('refresh', 'copy.marked') },
    { name: 'watermark, and keys', args: fdwsync('refresh', 'copy.marked_keys') },
    ...strategies.map((name) => ({ name, args: fdwsync('refresh', `copy.${name}`, '--strategy', name) })),
    ...(await copyByPgcopydb(bench)),
  ]
  for (const { title, where } of changes(rows)) {
    process.stdout.write(`\nrefresh of ${rows} rows, a key and an index, ${title}\n`)
    await compareCosts(bench, ways, async () => {
      if (where === undefined) return
      await source.query(`UPDATE orders SET total = total + 1, changed_at = clock_timestamp() WHERE ${where}`)
      await source.query('VACUUM ANALYZE orders')
    })
  }
  await source.end()
}

/** The peer, if it is installed. Only the CPU of the server is counted, not its own. */
async function copyByPgcopydb({ server, folder }: Bench): Promise<readonly Way[]> {
  try {
    await run('pgcopydb', ['--version'])
  } catch {
    process.stdout.write('pgcopydb is not installed, so it is not measured\n')
    return []
  }
  await runScript('create-database.js', server.url('postgres'), 'tables_copied')
  const target = await connect(server.url('tables_copied'))
  await target.query(`
    CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, total numeric(10,2), note text, changed_at timestamptz);
    CREATE INDEX ON orders (customer_id, changed_at)`)
  await target.end()
  const [from, to] = [server.url('tables_source'), server.url('tables_copied')]
  return [{ name: 'pgcopydb copy table-data', args: [script('copy-by-pgcopydb.js'), from, to, folder] }]
}

/** Each has a table of its own: what one has written, another one would not find. */
const strategies = ['compare', 'merge', 'swap']

const changes = (rows: number) => [
  { title: 'nothing changed before each', where: undefined },
  { title: '1 % changed before each, scattered', where: 'id % 100 = 0' },
  { title: '1 % changed before each, clustered', where: `id <= ${Math.round(rows / 100)}` },
  { title: '10 % changed before each, scattered', where: 'id % 10 = 0' },
]

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}

function manifestOf({ server }: Bench): string {
  const table = (more: string) =>
    `{ query: SELECT * FROM proxy.orders, primary_key: [id], indexes: { ${more}_customer: { columns: [customer_id, changed_at] } }`
  return `version: 1
name: tables-bench
servers:
  bench:
    options: { host: ${server.host}, port: "${server.port}", dbname: tables_source, fetch_size: "10000" }
    user_mappings:
      public: { user: ${server.user}, password: "\${env:BENCH_PASSWORD}" }
schemas:
  proxy:
    foreign_tables:
      orders:
        server: bench
        options: { schema_name: public }
        columns: { id: bigint, customer_id: bigint, total: "numeric(10,2)", note: text, changed_at: timestamptz }
  copy:
    materialized_views:
      viewed:
        query: SELECT * FROM proxy.orders
        indexes:
          viewed_id: { unique: true, columns: [id] }
          viewed_customer: { columns: [customer_id, changed_at] }
    tables:
${strategies.map((name) => `      ${name}: ${table(name)} }`).join('\n')}
      marked: ${table('marked')}, refresh: { watermark: { column: changed_at, deletes: never, full: never } } }
      marked_keys: ${table('marked_keys')}, refresh: { watermark: { column: changed_at, deletes: 1ms, full: never } } }
`
}
