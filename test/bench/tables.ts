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

/**
 * In turn, round by round, with changes at the source before each round. Each way has a copy of its own, so that it finds exactly what has
 * changed since the last round. The server is source and target.
 */
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
  const file = join(folder, 'tables.yaml')
  writeFileSync(file, manifestOf(bench))
  const fdwsync = (...args: readonly string[]) => [cli, ...args, '-f', file, '--database', url]
  await run(process.execPath, fdwsync('apply', '--auto-approve'))
  await target.query(copyByHand)
  await target.end()
  // The first refresh by watermark compares everything.
  await run(process.execPath, fdwsync('refresh', 'copy.marked*'))
  const byHand = (mode: string, view: string) => [script('refresh-by-hand.js'), url, mode, view]
  const ways = [
    { name: 'plain REFRESH, by hand', args: byHand('plain', 'copy.viewed') },
    { name: 'CONCURRENTLY, by hand', args: byHand('concurrently', 'copy.viewed_concurrently') },
    { name: 'what is newer, by hand', args: [script('run-script.js'), url, '', updateByHand] },
    { name: 'watermark', args: fdwsync('refresh', 'copy.marked') },
    { name: 'watermark, and keys', args: fdwsync('refresh', 'copy.marked_keys') },
    ...strategies.map((name) => ({ name, args: fdwsync('refresh', `copy.${name}`, '--strategy', name) })),
    ...(await copyByPgcopydb(bench)),
  ]
  // As if a refresh ran every hour: what it reads again, by its overlap of five minutes, has not changed.
  let hours = 0
  const stamp = () => `timestamptz '2026-06-01' + interval '${hours++} hours'`
  for (const { title, where } of changes(rows)) {
    process.stdout.write(`\nrefresh of ${rows} rows, a key and an index, ${title}\n`)
    const change = async () => {
      if (where === undefined) return
      await source.query(`UPDATE orders SET total = total + 1, changed_at = ${stamp()} WHERE ${where}`)
      await source.query('VACUUM ANALYZE orders')
    }
    await compareCosts(bench, ways, { before: 'round', change })
  }
  await source.end()
}

/** What the strategy `watermark` does, as a person would write it: it finds no deleted rows, and none that were committed late. */
const copyByHand = `
  CREATE TABLE by_hand (LIKE proxy.orders, PRIMARY KEY (id));
  INSERT INTO by_hand SELECT * FROM proxy.orders;
  CREATE INDEX ON by_hand (customer_id);
  CREATE TABLE read_until AS SELECT max(changed_at) AS changed_at FROM by_hand;
  ANALYZE by_hand`
const updateByHand = `
  INSERT INTO by_hand SELECT * FROM proxy.orders WHERE changed_at > (SELECT changed_at FROM read_until)
      ON CONFLICT (id) DO UPDATE SET (customer_id, total, note, changed_at) =
         (excluded.customer_id, excluded.total, excluded.note, excluded.changed_at);
  UPDATE read_until SET changed_at = (SELECT max(changed_at) FROM proxy.orders)`

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
    CREATE INDEX ON orders (customer_id)`)
  await target.end()
  const [from, to] = [server.url('tables_source'), server.url('tables_copied')]
  return [{ name: 'pgcopydb copy table-data', args: [script('copy-by-pgcopydb.js'), from, to, folder] }]
}

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
    `{ query: SELECT * FROM proxy.orders, primary_key: [id], indexes: { ${more}_customer: { columns: [customer_id] } }`
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
          viewed_customer: { columns: [customer_id] }
      viewed_concurrently:
        query: SELECT * FROM proxy.orders
        indexes:
          viewed_concurrently_id: { unique: true, columns: [id] }
          viewed_concurrently_customer: { columns: [customer_id] }
    tables:
${strategies.map((name) => `      ${name}: ${table(name)} }`).join('\n')}
      marked: ${table('marked')}, refresh: { watermark: { column: changed_at, deletes: never, full: never } } }
      marked_keys: ${table('marked_keys')}, refresh: { watermark: { column: changed_at, deletes: 1ms, full: never } } }
`
}
