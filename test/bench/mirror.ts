import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Bench, runScript, script } from './compare.ts'

const run = promisify(execFile)
const rounds = 5

/**
 * How long the first apply of a mirror of so many tables takes, each with four indexes, next to IMPORT FOREIGN SCHEMA and generated
 * CREATE MATERIALIZED VIEW and CREATE INDEX. Each round has databases of its own.
 */
export async function benchMirror(bench: Bench, tables: number): Promise<void> {
  const { server, cli, folder } = bench
  process.env.FDWSYNC_BENCH_PASSWORD = server.password
  await runScript('create-database.js', server.url('postgres'), 'mirrored')
  await runScript('create-mirrored.js', server.url('mirrored'), String(tables))
  const manifest = join(folder, 'mirror.yaml')
  writeFileSync(manifest, manifestOf(bench))
  const commands = {
    'by hand': (url: string) => [script('mirror-by-hand.js'), url, server.url('mirrored')],
    'first apply': (url: string) => [cli, 'apply', '-f', manifest, '--database', url, '--auto-approve'],
  }
  const costs = new Map<string, Cost[]>(Object.keys(commands).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [at, [name, args]] of Object.entries(commands).entries()) {
      const target = `copied_${round}_${at}`
      await runScript('create-database.js', server.url('postgres'), target)
      costs.get(name)?.push(await costOf(bench, args(server.url(target))))
    }
  }
  process.stdout.write(`\n${tables} tables, ${4 * tables} indexes: medians of ${rounds} interleaved rounds\n`)
  const [floor] = Array.from(costs.values(), (all) => median(all.map(({ wall }) => wall)))
  for (const [name, all] of costs) {
    const [wall = 0, client = 0, ofServer = 0] = (['wall', 'client', 'server'] as const).map((key) =>
      median(all.map((cost) => cost[key])),
    )
    const seconds = (value: number) => `${value.toFixed(2)} s`.padStart(8)
    const cells = `${seconds(wall)}  CPU: client${seconds(client)}, server${seconds(ofServer)}`
    process.stdout.write(`  ${name.padEnd(12)}${cells}  ${(wall / (floor ?? Number.NaN)).toFixed(2)} × by hand\n`)
  }
}

interface Cost {
  readonly wall: number
  readonly client: number
  readonly server: number
}

/** In seconds. */
async function costOf({ server, folder }: Bench, args: readonly string[]): Promise<Cost> {
  const note = join(folder, 'cpu')
  const [before, started] = [timeOfBackends(server.pid), performance.now()]
  const env = { ...process.env, FDWSYNC_BENCH_CPU: note }
  await run(process.execPath, ['--import', script('cpu.js'), ...args], { env, maxBuffer: 1 << 30 })
  const wall = (performance.now() - started) / 1000
  return { wall, client: Number(readFileSync(note, 'utf8')), server: timeOfBackends(server.pid) - before }
}

/** The CPU seconds of the backends that have ended; NaN where there is no /proc. */
function timeOfBackends(postmaster: number): number {
  const file = `/proc/${postmaster}/stat`
  if (!existsSync(file)) return Number.NaN
  // The name of the program is in brackets, and may contain spaces.
  const fields = readFileSync(file, 'utf8').split(') ')[1]?.split(' ') ?? []
  const ticksPerSecond = 100
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond
}

function manifestOf({ server }: Bench): string {
  return `version: 1
name: mirror
extensions: { postgres_fdw: {} }
servers:
  source:
    options: { host: ${server.host}, port: ${server.port}, dbname: mirrored }
    user_mappings: { public: { user: ${server.user}, password: "\${env:FDWSYNC_BENCH_PASSWORD}" } }
mirrors:
  all: { server: source, remote_schema: public, proxy_schema: proxy, schema: copy, types: copy, indexes: { copy: true } }
`
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
}
