import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Bench, runScript } from './compare.ts'

const run = promisify(execFile)
const rows = 2_000_000
const rounds = 5

/**
 * How long it takes to build a materialized view of 2 million rows with two indexes: by hand, as a new view, and by fdwsync, which
 * builds it beside the one that readers use, analyzes it, swaps the two and verifies the result.
 */
export async function benchBuild(bench: Bench): Promise<void> {
  const { url, apply } = await rowsOf(bench, rows, 'built')
  await apply(queryOf(0))

  const seconds = { byHand: [] as number[], byFdwsync: [] as number[] }
  for (let round = 1; round <= rounds; round++) {
    seconds.byHand.push(await timed(() => runScript('build-by-hand.js', url, queryOf(round))))
    await runScript('drop-by-hand.js', url)
    seconds.byFdwsync.push(await timed(() => apply(queryOf(round))))
  }
  const [byHand, byFdwsync] = [median(seconds.byHand), median(seconds.byFdwsync)]
  const perSecond = (time: number) => `${Math.round(rows / time / 1000)}k rows/s`.padStart(14)
  process.stdout.write(`
${rows} rows, two indexes: medians of ${rounds} interleaved rounds
  by hand, with nothing there    ${byHand.toFixed(1).padStart(6)} s${perSecond(byHand)}
  apply, beside one that serves  ${byFdwsync.toFixed(1).padStart(6)} s${perSecond(byFdwsync)}  ${(byHand / byFdwsync).toFixed(2)} × by hand
`)
}

/** A source of so many rows, in databases of that name, and an apply that makes a copy of them with the query. */
export async function rowsOf({ server, cli, folder }: Bench, count: number, name: string, copyOf = viewOf) {
  const [source, target] = [`${name}_source`, `${name}_target`]
  for (const database of [source, target]) await runScript('create-database.js', server.url('postgres'), database)
  const url = server.url(target)
  await runScript('create-source.js', server.url(source), url, String(count))
  const manifest = join(folder, `${name}.yaml`)
  return {
    url,
    sourceUrl: server.url(source),
    queryOf,
    async apply(query: string) {
      writeFileSync(manifest, manifestWith(server, source, copyOf(query)))
      await run(process.execPath, [cli, 'apply', '-f', manifest, '--database', url, '--auto-approve'])
    },
    refresh: (strategy: string) =>
      run(process.execPath, [cli, 'refresh', '-f', manifest, '--database', url, '--strategy', strategy]),
  }
}

/** Another one each round, so that the view must be replaced. */
function queryOf(round: number): string {
  return `SELECT id, customer_id, total, placed_at, note FROM proxy.orders WHERE id > -${round}`
}

function manifestWith(server: Bench['server'], source: string, copy: string): string {
  return `version: 1
name: rows
extensions: { postgres_fdw: {} }
servers:
  source:
    options: { host: ${server.host}, port: ${server.port}, dbname: ${source}, fetch_size: 10000 }
    user_mappings: { public: { user: ${server.user}, password: ${server.password} } }
schemas:
  proxy:
    foreign_tables:
      orders:
        server: source
        options: { schema_name: public }
        columns: { id: bigint, customer_id: bigint, total: "numeric(10,2)", placed_at: timestamptz, note: text }
  copy:
${copy}
`
}

const byCustomer = 'orders_customer: { columns: [customer_id, { column: placed_at, order: desc }] }'

function viewOf(query: string): string {
  return `    materialized_views:
      orders:
        query: ${query}
        indexes:
          orders_id: { unique: true, columns: [id] }
          ${byCustomer}`
}

export function tableOf(query: string): string {
  return `    tables:
      orders:
        query: ${query}
        primary_key: [id]
        indexes: { ${byCustomer} }
        refresh: { watermark: { column: placed_at, deletes: never, full: never } }`
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
}
