import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { type Bench, runScript, script } from './compare.ts'
import { serverCpuSeconds } from './server-cpu.ts'

const run = promisify(execFile)

interface Way {
  readonly name: string
  readonly args: readonly string[]
}

interface Cost {
  readonly wall: number
  readonly cpu: number
}

/**
 * What a refresh costs by each strategy, over a plain REFRESH by hand: of a large view of which some rows have changed, and of many
 * empty ones. In turn, round by round; CPU is that of the server, which is source and target.
 */
export async function benchRefresh(bench: Bench, rows: number): Promise<void> {
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
  await run(process.execPath, [cli, 'apply', '-f', file, '--database', url, '--auto-approve'], environment(server))
  const refresh = (...more: readonly string[]) => [cli, 'refresh', '-f', file, '--database', url, ...more]
  process.stdout.write(`\nrefresh of ${count} empty views\n`)
  await compareCosts(bench, 5, [
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
  await run(process.execPath, [cli, 'apply', '-f', file, '--database', url, '--auto-approve'], environment(server))
  const refresh = (strategy: string) => [cli, 'refresh', '-f', file, '--database', url, '--strategy', strategy]
  const byHand = (mode: string) => [script('refresh-by-hand.js'), url, mode, 'copy.orders']
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
      3,
      [
        { name: 'plain, by hand', args: byHand('plain') },
        { name: 'CONCURRENTLY, by hand', args: byHand('concurrently') },
        ...['plain', 'concurrently', 'swap', 'auto'].map((strategy) => ({ name: strategy, args: refresh(strategy) })),
      ],
      change,
    )
  }
  process.stdout.write(`\nfetch_size, plain by hand\n`)
  for (const fetchSize of [100, 1000, 10_000, 50_000]) {
    await target.query(`ALTER SERVER bench OPTIONS (SET fetch_size '${fetchSize}')`)
    await compareCosts(bench, 3, [{ name: String(fetchSize), args: byHand('plain') }])
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
`
}

/** Prints the medians, each over those of the first. */
async function compareCosts(
  { server }: Bench,
  rounds: number,
  ways: readonly Way[],
  before: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const costs = new Map<string, Cost[]>(ways.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const { name, args } of ways) {
      await before()
      const [started, cpu] = [performance.now(), serverCpuSeconds(server.pid)]
      await run(process.execPath, [...args], environment(server))
      costs.get(name)?.push({ wall: (performance.now() - started) / 1000, cpu: serverCpuSeconds(server.pid) - cpu })
    }
  }
  const medians = new Map(
    Array.from(costs, ([name, all]) => [
      name,
      { wall: median(all.map(({ wall }) => wall)), cpu: median(all.map(({ cpu }) => cpu)) },
    ]),
  )
  const floor = medians.get(ways[0]?.name ?? '') ?? { wall: Number.NaN, cpu: Number.NaN }
  for (const [name, { wall, cpu }] of medians) {
    const cells = [wall, cpu].map((seconds, at) => {
      const over = seconds / (at === 0 ? floor.wall : floor.cpu)
      return `${seconds.toFixed(2)} s ${at === 0 ? 'wall' : 'CPU '} ${over.toFixed(2)} ×`.padStart(24)
    })
    process.stdout.write(`  ${name.padEnd(28)}${cells.join('')}\n`)
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
}

function environment({ password }: Bench['server']) {
  return { env: { ...process.env, BENCH_PASSWORD: password } }
}
