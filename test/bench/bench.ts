import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { findBinaries, startThrowawayServer } from '../../src/cli/demo/server.ts'
import { benchBuild } from './build.ts'
import { manifestOf } from './manifest.ts'

/**
 * How long a plan takes, and how much memory, next to the bare catalog queries in the same run. `npm run bench -- plan 100 1000`
 * names the numbers of foreign tables; a tenth as many materialized views have two indexes each. With 10,000 of them it is
 * measured once more beside 100,000 tables of somebody else. What a plan with nothing to change makes on the server, be it
 * only to try it out, is counted in the server's log. `npm run bench -- build` measures how long a copy takes to build.
 */
const root = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)
const roundsOf = (tables: number) => (tables > 1000 ? 3 : 7)
const unrelatedTables = 100_000
const unchanged = 'plan, nothing to change'
const floorName = 'bare catalog queries'

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

const [mode, ...more] = process.argv.slice(2)
const sizes = (mode === 'plan' ? more : ['100', '1000', '10000']).map(Number)
const cli = join(root, 'dist/fdwsync.js')
const folder = mkdtempSync(join(tmpdir(), 'fdwsync-bench-'))
const [binaries] = findBinaries()
if (!binaries) throw new Error('no PostgreSQL server was found: run npm ci')
const server = await startThrowawayServer({
  binaries,
  settings: { max_locks_per_transaction: '512', log_statement: 'ddl' },
})
try {
  process.stdout.write(
    `PostgreSQL ${binaries.major}, Node ${process.version}, medians of ${roundsOf(1)} interleaved rounds, ${roundsOf(10_000)} for 10,000 tables\n`,
  )
  if (mode !== 'build') for (const size of sizes) await bench(size)
  if (mode !== 'plan') await benchBuild(server, cli, folder)
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
  const first = performance.now()
  await measure({ name: '', args: [cli, 'apply', '-f', same, '--database', url, '--auto-approve'], exit: 0 })
  const firstSeconds = (performance.now() - first) / 1000

  const title = `${tables} foreign tables of 8 columns, ${tables / 10} materialized views of 2 indexes`
  process.stdout.write(`\n${title} (first apply: ${firstSeconds.toFixed(1)} s)\n`)
  const commands = commandsOf({ url, same, changed })
  await compare(commands, tables)
  if (tables >= 10_000) await benchBeside(database, title, same)
}

/** The same database once more, with tables of somebody else in it, in turn with the one without them. */
async function benchBeside(database: string, title: string, same: string): Promise<void> {
  const crowded = `${database}_crowded`
  await run(process.execPath, [
    join(import.meta.dirname, 'create-database.js'),
    server.url('postgres'),
    crowded,
    database,
  ])
  const url = server.url(crowded)
  await run(process.execPath, [join(import.meta.dirname, 'create-unrelated.js'), url, String(unrelatedTables)])
  await measure({ name: '', args: [cli, 'apply', '-f', same, '--database', url, '--auto-approve'], exit: 0 })
  process.stdout.write(`\n${title}, in turn with the same beside ${unrelatedTables} tables of somebody else\n`)
  const both = [server.url(database), url].flatMap((each, at) =>
    commandsOf({ url: each, same, changed: same })
      .filter(({ name }) => name === unchanged || name === floorName)
      .map((command) => ({ ...command, name: at === 0 ? command.name : `${command.name}, beside` })),
  )
  const seconds = await compare(both, 1)
  const change = (name: string) => 100 * ((seconds.get(`${name}, beside`) ?? 0) / (seconds.get(name) ?? 1) - 1)
  process.stdout.write(
    `  they change the plan by ${change(unchanged).toFixed(0)} %, the bare queries by ${change(floorName).toFixed(0)} %\n`,
  )
}

function commandsOf(files: Readonly<Record<'url' | 'same' | 'changed', string>>): readonly Command[] {
  const { url, same, changed } = files
  const plan = (file: string) => [cli, 'plan', '-f', file, '--database', url, '--detailed-exitcode']
  return [
    { name: 'node, bare', args: ['-e', ''], exit: 0 },
    { name: 'fdwsync --version', args: [cli, '--version'], exit: 0 },
    { name: floorName, args: [join(import.meta.dirname, 'floor.js'), url], exit: 0 },
    { name: unchanged, args: plan(same), exit: 0 },
    { name: 'plan, a column of every table', args: plan(changed), exit: 2 },
  ]
}

/** Measures the commands in turn, round by round, and prints what came of it. Returns the seconds of each. */
async function compare(commands: readonly Command[], tables: number): Promise<ReadonlyMap<string, number>> {
  const measured = new Map<string, Measurement[]>(commands.map(({ name }) => [name, []]))
  let statements = 0
  for (let round = 0; round < roundsOf(tables); round++) {
    for (const command of commands) {
      const before = definitionsInLog()
      measured.get(command.name)?.push(await measure(command))
      if (command.name === unchanged) statements += definitionsInLog() - before
    }
  }
  const medians = new Map(Array.from(measured, ([name, all]) => [name, median(all)]))
  const floor = medians.get(floorName)?.seconds ?? Number.NaN
  for (const [name, { seconds, megabytes }] of medians) {
    const cells = [
      `${(seconds * 1000).toFixed(0)} ms`.padStart(9),
      `${(seconds / floor).toFixed(2)} × floor`.padStart(13),
      `${megabytes.toFixed(0)} MB`.padStart(8),
    ]
    process.stdout.write(`  ${name.padEnd(30)}${cells.join('')}\n`)
  }
  process.stdout.write(`  statements of DDL in the server's log with nothing to change: ${statements}\n`)
  return new Map(Array.from(medians, ([name, { seconds }]) => [name, seconds]))
}

function definitionsInLog(): number {
  return readFileSync(server.logFile, 'utf8').split('LOG:  statement:').length
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
