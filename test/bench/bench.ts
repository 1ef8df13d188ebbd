import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { findBinaries, startThrowawayServer } from '../../src/cli/demo/server.ts'
import { manifestOf } from './manifest.ts'

/**
 * How long a plan takes, and how much memory, next to the bare catalog queries in the same run. `npm run bench -- 100 1000`
 * names the numbers of foreign tables; a tenth as many materialized views have two indexes each.
 */
const root = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)
const rounds = 7

interface Measurement {
  readonly seconds: number
  readonly megabytes: number
}

interface Command {
  readonly name: string
  readonly args: readonly string[]
  /** The exit code that shows that it did what is measured. */
  readonly exit: number
}

const sizes = process.argv.slice(2).map(Number)
const folder = mkdtempSync(join(tmpdir(), 'fdwsync-bench-'))
const [binaries] = findBinaries()
if (!binaries) throw new Error('no PostgreSQL server was found: run npm ci')
const server = await startThrowawayServer({ binaries, settings: { max_locks_per_transaction: '512' } })
try {
  process.stdout.write(
    `PostgreSQL ${binaries.major}, Node ${process.version}, median of ${rounds} interleaved rounds\n`,
  )
  for (const size of sizes.length > 0 ? sizes : [100, 1000]) await bench(size)
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function bench(tables: number): Promise<void> {
  const database = `bench_${tables}`
  await run(process.execPath, [join(import.meta.dirname, 'create-database.js'), server.url('postgres'), database])
  const same = join(folder, `${database}.yaml`)
  const changed = join(folder, `${database}-changed.yaml`)
  writeFileSync(same, manifestOf(tables, 'numeric(10,2)'))
  writeFileSync(changed, manifestOf(tables, 'numeric(12,2)'))
  const url = server.url(database)
  const cli = join(root, 'dist/fdwsync.js')
  const first = performance.now()
  await measure({ name: '', args: [cli, 'apply', '-f', same, '--database', url, '--auto-approve'], exit: 0 })
  const firstSeconds = (performance.now() - first) / 1000

  const commands: readonly Command[] = [
    { name: 'node, bare', args: ['-e', ''], exit: 0 },
    { name: 'fdwsync --version', args: [cli, '--version'], exit: 0 },
    { name: 'bare catalog queries', args: [join(import.meta.dirname, 'floor.js'), url], exit: 0 },
    {
      name: 'plan, nothing to change',
      args: [cli, 'plan', '-f', same, '--database', url, '--detailed-exitcode'],
      exit: 0,
    },
    {
      name: 'plan, a column of every table',
      args: [cli, 'plan', '-f', changed, '--database', url, '--detailed-exitcode'],
      exit: 2,
    },
  ]
  const measured = new Map<string, Measurement[]>(commands.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const command of commands) measured.get(command.name)?.push(await measure(command))
  }
  const floor = median(measured.get('bare catalog queries') ?? []).seconds
  process.stdout.write(
    `\n${tables} foreign tables of 8 columns, ${tables / 10} materialized views of 2 indexes (first apply: ${firstSeconds.toFixed(1)} s)\n`,
  )
  for (const [name, all] of measured) {
    const { seconds, megabytes } = median(all)
    const cells = [
      `${(seconds * 1000).toFixed(0)} ms`.padStart(9),
      `${(seconds / floor).toFixed(2)} × floor`.padStart(13),
      `${megabytes.toFixed(0)} MB`.padStart(8),
    ]
    process.stdout.write(`  ${name.padEnd(30)}${cells.join('')}\n`)
  }
}

async function measure({ args, exit }: Command): Promise<Measurement> {
  const peak = join(folder, 'peak')
  const started = performance.now()
  const code = await run(process.execPath, ['--import', join(import.meta.dirname, 'peak.js'), ...args], {
    env: { ...process.env, FDWSYNC_BENCH_PEAK: peak },
    maxBuffer: 1 << 30,
  }).then(
    () => 0,
    (error: { code?: number; stderr?: string }) => {
      if (error.code !== exit) throw new Error(`exit ${error.code}: ${error.stderr}`)
      return error.code
    },
  )
  const seconds = (performance.now() - started) / 1000
  if (code !== exit) throw new Error(`exit ${code} instead of ${exit}: ${args.join(' ')}`)
  return { seconds, megabytes: Number(readFileSync(peak, 'utf8')) / 1024 }
}

function median(all: readonly Measurement[]): Measurement {
  const middle = (values: readonly number[]) =>
    values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
  return {
    seconds: middle(all.map(({ seconds }) => seconds)),
    megabytes: middle(all.map(({ megabytes }) => megabytes)),
  }
}
