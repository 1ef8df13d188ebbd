import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import pg from 'pg'
import { type Bench, runScript, script } from './compare.ts'
import { compareCosts } from './costs.ts'

const run = promisify(execFile)
const countingQuestion = 'SELECT max(placed_at), count(*) FROM proxy.orders'
const indexedQuestion = 'SELECT max(placed_at) FROM proxy.orders'

/**
 * What a refresh costs, over a plain REFRESH by hand: by each strategy, of a large view of which some rows have changed; where nothing
 * is to be done; of two views at once; and of many empty ones. In turn, round by round. The server is source and target.
 */
export async function benchRefresh(bench: Bench, rows: number): Promise<void> {
  process.env.BENCH_PASSWORD = bench.server.password
  await benchManyEmpty(bench, 300)
  if (rows > 0) await benchLarge(bench, rows)
}

async function benchManyEmpty(bench: Bench, count: number): Promise<void> {
  const { server, cli, folder } = bench
  const names = Array.from({ length: count }, (_, at) => `v${at}`)
  await runScript('create-database.js', server.url('postgres'), 'many_empty')
  const url = server.url('many_empty')
  const file = join(folder, 'many-empty.yaml')
  const views = names.map((name) => `      ${name}: { query: SELECT 1 AS id WHERE false }`)
  writeFileSync(file, `version: 1\nname: many-empty\nschemas:\n  many:\n    materialized_views:\n${views.join('\n')}\n`)
  await run(process.execPath, [cli, 'apply', '-f', file, '--database', url, '--auto-approve'])
  const refresh = (...more: readonly string[]) => [cli, 'refresh', '-f', file, '--database', url, ...more]
  process.stdout.write(`\nrefresh of ${count} empty views\n`)
  await compareCosts(bench, [
    {
      name: 'plain, by hand',
      args: [script('refresh-by-hand.js'), url, 'plain', ...names.map((name) => `many.${name}`)],
    },
    { name: 'fdwsync, plain, --jobs 1', args: refresh('--strategy', 'plain', '--jobs', '1') },
    { name: 'fdwsync', args: refresh() },
  ])
}

async function benchLarge(bench: Bench, rows: number): Promise<void> {
  const { server, cli, folder } = bench
  for (const name of ['refresh_source', 'refresh_target'])
    await runScript('create-database.js', server.url('postgres'), name)
  const source = new pg.Client({ connectionString: server.url('refresh_source') })
  source.on('error', () => {})
  await source.connect()
  await source.query(`
    CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, total numeric(10,2), note text, placed_at timestamptz);
    CREATE INDEX ON orders (placed_at);
    INSERT INTO orders SELECT i, i % 1000, i % 977, repeat(md5(i::text), 2), timestamptz '2026-01-01' + i * interval '1 s'
      FROM generate_series(1, ${rows}) i`)
  await source.query('VACUUM ANALYZE orders')
  const url = server.url('refresh_target')
  const file = join(folder, 'refresh.yaml')
  writeFileSync(file, manifestOf(bench))
  const target = new pg.Client({ connectionString: url })
  target.on('error', () => {})
  await target.connect()
  await target.query('CREATE EXTENSION postgres_fdw')
  await run(process.execPath, [cli, 'apply', '-f', file, '--database', url, '--auto-approve'])
  const refresh = (...more: readonly string[]) => [cli, 'refresh', '-f', file, '--database', url, ...more]
  const byHand = (mode: string, ...views: readonly string[]) => [script('refresh-by-hand.js'), url, mode, ...views]
  // The load of an apply does not ask, so the first refresh is none that is skipped.
  await run(process.execPath, refresh('copy.asks_first', 'copy.counts_first'))
  for (const percent of [0, 1, 10]) {
    process.stdout.write(`\nrefresh of ${rows} rows and two indexes, ${percent} % changed before each\n`)
    const change = () =>
      percent === 0
        ? Promise.resolve()
        : source
            .query(`UPDATE orders SET total = total + 1 WHERE id % 100 < ${percent}`)
            .then(() => source.query('VACUUM orders'))
    await compareCosts(
      bench,
      [
        { name: 'plain, by hand', args: byHand('plain', 'copy.orders') },
        { name: 'CONCURRENTLY, by hand', args: byHand('concurrently', 'copy.orders') },
        ...['plain', 'concurrently', 'swap', 'auto'].map((strategy) => ({
          name: strategy,
          args: refresh('copy.orders', '--strategy', strategy),
        })),
        // Its answer is that of the last time only where nothing has changed.
        ...(percent === 0
          ? [
              { name: 'skipped: the question counts', args: refresh('copy.counts_first') },
              { name: 'counting, by hand', args: [script('run-script.js'), url, '', countingQuestion] },
              { name: 'skipped: an index answers', args: refresh('copy.asks_first') },
              { name: 'asking the index, by hand', args: [script('run-script.js'), url, '', indexedQuestion] },
            ]
          : []),
      ],
      { before: 'way', change },
    )
  }
  process.stdout.write(`\ntwo views of ${rows} rows that do not read each other\n`)
  const both = refresh('copy.orders', 'copy.others', '--strategy', 'plain', '--jobs')
  await compareCosts(bench, [
    { name: 'one after the other, by hand', args: byHand('plain', 'copy.orders', 'copy.others') },
    { name: '--jobs 1', args: [...both, '1'] },
    { name: '--jobs 2', args: [...both, '2'] },
  ])
  process.stdout.write(`\nfetch_size, plain by hand\n`)
  for (const fetchSize of [100, 1000, 10_000, 50_000]) {
    await target.query(`ALTER SERVER bench OPTIONS (SET fetch_size '${fetchSize}')`)
    await compareCosts(bench, [{ name: String(fetchSize), args: byHand('plain', 'copy.orders') }])
  }
  await source.end()
  await target.end()
}

function manifestOf({ server }: Bench): string {
  return `version: 1
name: refresh-bench
servers:
  bench:
    options: { host: ${server.host}, port: "${server.port}", dbname: refresh_source, fetch_size: "10000" }
    user_mappings:
      public: { user: ${server.user}, password: "\${env:BENCH_PASSWORD}" }
schemas:
  proxy:
    foreign_tables:
      orders:
        server: bench
        options: { schema_name: public }
        columns: { id: bigint, customer_id: bigint, total: "numeric(10,2)", note: text, placed_at: timestamptz }
  copy:
    materialized_views:
      orders:
        query: SELECT * FROM proxy.orders
        indexes:
          orders_id: { unique: true, columns: [id] }
          orders_customer: { columns: [customer_id, placed_at] }
      others:
        query: SELECT * FROM proxy.orders
        indexes: { others_id: { unique: true, columns: [id] }, others_customer: { columns: [customer_id, placed_at] } }
      asks_first:
        query: SELECT * FROM proxy.orders
        refresh: { skip_if_same: "${indexedQuestion}" }
      counts_first:
        query: SELECT * FROM proxy.orders
        refresh: { skip_if_same: "${countingQuestion}" }
`
}
