import { join } from 'node:path'
import { type Bench, type Command, compare, measure, runScript, script } from './compare.ts'
import { writeManifest } from './manifest.ts'

const unrelatedTables = 100_000
const unchanged = 'plan, nothing to change'
const floorName = 'bare catalog queries'

/**
 * How long a plan takes, and how much memory, next to the bare catalog queries; a tenth as many materialized views as there are
 * tables have two indexes each. From 10,000 on it is measured once more beside 100,000 unmanaged tables.
 */
export async function benchPlan(bench: Bench, tables: number): Promise<void> {
  const { server, cli, folder } = bench
  const database = `bench_${tables}`
  await runScript('create-database.js', server.url('postgres'), database)
  const same = writeManifest(join(folder, database), tables, () => 'numeric(10,2)')
  const changed = writeManifest(join(folder, `${database}-changed`), tables, () => 'numeric(12,2)')
  const url = server.url(database)
  const { seconds } = await measure(bench, {
    args: [cli, 'apply', '-f', same, '--database', url, '--auto-approve', '--no-check-source'],
    exit: 0,
  })
  const title = `${tables} foreign tables of 8 columns, ${tables / 10} materialized views of 2 indexes`
  process.stdout.write(`\n${title} (first apply: ${seconds.toFixed(1)} s)\n`)
  await compare(bench, commandsOf({ cli, url, same, changed }), tables > 1000 ? 3 : 7, floorName)
  if (tables >= 10_000) await benchBeside(bench, database, title, same)
}

/** The same database once more, with unmanaged tables in it, in turn with the one without them. */
async function benchBeside(bench: Bench, database: string, title: string, same: string): Promise<void> {
  const { server, cli } = bench
  const crowded = `${database}_crowded`
  await runScript('create-database.js', server.url('postgres'), crowded, database)
  const url = server.url(crowded)
  await runScript('create-unrelated.js', url, String(unrelatedTables))
  await measure(bench, {
    args: [cli, 'apply', '-f', same, '--database', url, '--auto-approve', '--no-check-source'],
    exit: 0,
  })
  process.stdout.write(`\n${title}, in turn with the same beside ${unrelatedTables} tables of somebody else\n`)
  const both = [server.url(database), url].flatMap((each, at) =>
    commandsOf({ cli, url: each, same, changed: same })
      .filter(({ name }) => name === unchanged || name === floorName)
      .map((command) => ({ ...command, name: at === 0 ? command.name : `${command.name}, beside` })),
  )
  const seconds = await compare(bench, both, 7, floorName)
  const change = (name: string) => 100 * ((seconds.get(`${name}, beside`) ?? 0) / (seconds.get(name) ?? 1) - 1)
  process.stdout.write(
    `  they change the plan by ${change(unchanged).toFixed(0)} %, the bare queries by ${change(floorName).toFixed(0)} %\n`,
  )
}

function commandsOf(files: Readonly<Record<'cli' | 'url' | 'same' | 'changed', string>>): readonly Command[] {
  const { cli, url, same, changed } = files
  const plan = (file: string) => [
    cli,
    'plan',
    '-f',
    file,
    '--database',
    url,
    '--detailed-exitcode',
    '--no-check-source',
  ]
  return [
    { name: 'node, bare', args: ['-e', ''], exit: 0 },
    { name: 'fdwsync --version', args: [cli, '--version'], exit: 0 },
    { name: floorName, args: [script('floor.js'), url], exit: 0 },
    { name: unchanged, args: plan(same), exit: 0, countsDefinitions: true },
    { name: 'plan, a column of every table', args: plan(changed), exit: 2 },
  ]
}
