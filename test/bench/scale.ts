// Prints what each command costs at each size, next to the floor of the same run, and its goal.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, type Command, type Measurement, measure, medianOf, runScript, script } from './compare.ts'
import { writeManifest } from './manifest.ts'
import { waitsOfSwap } from './wait.ts'

/** A manifest that is applied to a database of its own. */
interface Sized {
  readonly tables: number
  readonly file: string
  readonly url: string
}

interface Goal {
  readonly text: string
  readonly isMet: boolean
}

/**
 * What takes longest comes last. A row that fails is printed with the error, and the others are measured all the same.
 * @param sizes of the plans with nothing to do
 * @param large the size of everything else
 */
export async function benchScale(bench: Bench, sizes: readonly number[], large: number): Promise<void> {
  process.stdout.write(
    `\nCPU is that of the client and the server together, in seconds; × is over the floor of the same run\n`,
  )
  const growth: [tables: number, cpu: number][] = []
  const inPlace = async (tables: number) => {
    const sized = await applied(bench, tables)
    growth.push([tables, await printInPlace(bench, sized)])
    return sized
  }
  const inPlaceAlone = async (tables: number) => dropDatabase(bench, (await inPlace(tables)).url)
  await attempt('small plan', async () => printStart(bench, await applied(bench, 10)))
  for (const tables of sizes.filter((size) => size < large))
    await attempt(`${tables} tables`, () => inPlaceAlone(tables))
  await attempt('first apply', () => printFirstApply(bench, large))
  await attempt(`${large} tables`, async () => {
    const sized = await inPlace(large)
    await attempt('changes', () => printOthers(bench, sized))
    await attempt('adoption', () => printAdoption(bench, sized))
    await dropDatabase(bench, sized.url)
  })
  await attempt('destroy', () => printDestroy(bench, large))
  await attempt('readers', () => printWaits(bench, large * 200))
  for (const tables of sizes.filter((size) => size > large))
    await attempt(`${tables} tables`, () => inPlaceAlone(tables))
  printGrowth(growth)
}

async function attempt(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    process.stdout.write(`  ${name}: failed, ${String(error).slice(0, 2000)}\n`)
  }
}

/** The types of a column, before it is changed and afterwards. */
const [narrow, wide] = ['numeric(10,2)', 'numeric(12,2)'] as const

const flags = ['--no-check-source'] as const
const planOf = ({ file, url }: Pick<Sized, 'file' | 'url'>) => ['plan', '-f', file, '--database', url, ...flags]
const applyOf = ({ file, url }: Pick<Sized, 'file' | 'url'>) => [
  'apply',
  '-f',
  file,
  '--database',
  url,
  '--auto-approve',
  ...flags,
]

async function newDatabase({ server }: Bench, name: string, template?: string): Promise<string> {
  await runScript('create-database.js', server.url('postgres'), name, ...(template === undefined ? [] : [template]))
  return server.url(name)
}

/** Its files, and those of its template, would all stay in memory until the end. */
async function dropDatabase({ server }: Bench, url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1)
  await runScript('run-script.js', server.url('postgres'), '-', `DROP DATABASE ${name} WITH (FORCE)`)
}

async function applied(bench: Bench, tables: number): Promise<Sized> {
  const { server, folder } = bench
  const file = writeManifest(join(folder, `scale_${tables}`), tables, () => narrow)
  const sized = { tables, file, url: server.url(`scale_${tables}`) }
  await newDatabase(bench, `scale_${tables}`)
  await measure(bench, { args: [bench.cli, ...applyOf(sized)], exit: 0 })
  return sized
}

/** Runs the commands in turn. */
async function medians(
  bench: Bench,
  rounds: number,
  commands: readonly Omit<Command, 'name'>[],
): Promise<readonly Measurement[]> {
  const all = commands.map((): Measurement[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [at, command] of commands.entries()) all[at]?.push(await measure(bench, command))
  }
  return all.map(medianOf)
}

async function printStart(bench: Bench, sized: Sized): Promise<void> {
  const node = ['-e', selectOne(sized.url)]
  const [floor, plan] = await medians(bench, 9, [
    { args: node, exit: 0 },
    { args: [bench.cli, ...planOf(sized)], exit: 0 },
  ])
  const ratio = (plan?.seconds ?? 0) / (floor?.seconds ?? 1)
  print('small plan, nothing to do: wall over Node + select 1', times(ratio), atMost(ratio, 2, '×'))
}

function selectOne(url: string): string {
  return `const c = new (require('pg').Client)(${JSON.stringify(url)}); c.connect().then(() => c.query('select 1')).then(() => c.end())`
}

async function printInPlace(bench: Bench, sized: Sized): Promise<number> {
  const [floor, plan] = await medians(bench, sized.tables > 1000 ? 3 : 7, [
    { args: [script('floor.js'), sized.url], exit: 0 },
    { args: [bench.cli, ...planOf(sized)], exit: 0 },
  ])
  const ratio = cpuOf(plan) / cpuOf(floor)
  const name = `plan, nothing to do, ${sized.tables} tables: CPU`
  print(name, `${cpuOf(plan).toFixed(2)} s, ${times(ratio)}, ${memoryOf(plan)}`, atMost(ratio, 1.2, '×'))
  return cpuOf(plan)
}

/** The exponent of n between the first size and the last: 1 is linear. */
function printGrowth(growth: readonly (readonly [tables: number, cpu: number])[]): void {
  const [first, last] = [growth[0], growth.at(-1)]
  if (!first || !last || first === last) return
  const exponent = Math.log(last[1] / first[1]) / Math.log(last[0] / first[0])
  print(`its growth from ${first[0]} to ${last[0]} tables`, `n^${exponent.toFixed(2)}`, atMost(exponent, 1, ''))
}

async function printFirstApply(bench: Bench, large: number): Promise<void> {
  for (const tables of [Math.round(large / 5), large]) {
    const file = writeManifest(join(bench.folder, `first_${tables}`), tables, () => narrow)
    const sized = { file, url: await newDatabase(bench, `first_${tables}`) }
    const sql = join(bench.folder, 'first.sql')
    await runScript('write-script.js', bench.cli, sql, ...planOf(sized))
    const byHand = await newDatabase(bench, `by_hand_${tables}`)
    const floor = await measure(bench, { args: [script('run-script.js'), byHand, sql], exit: 0 })
    const apply = await measure(bench, { args: [bench.cli, ...applyOf(sized)], exit: 0 })
    const ratio = cpuOf(apply) / cpuOf(floor)
    print(
      `first apply of ${tables}: CPU over its DDL in one transaction`,
      `${cpuOf(apply).toFixed(1)} s, ${times(ratio)}, ${memoryOf(apply)}`,
      both(atMost(ratio, 2.5, '×'), atMost(apply.megabytes, 300, ' MB')),
    )
    await dropDatabase(bench, sized.url)
    await dropDatabase(bench, byHand)
  }
}

async function printOthers(bench: Bench, sized: Sized): Promise<void> {
  const { tables, url, file } = sized
  const few = writeManifest(join(bench.folder, 'few'), tables, (at) => (at < 10 ? wide : narrow))
  const every = writeManifest(join(bench.folder, 'every'), tables, () => wide)
  const run = (...args: readonly string[]) => ({ args: [bench.cli, ...args], exit: 0 })
  const [floor, ten, all, validate, exported, status] = await medians(bench, 3, [
    { args: [script('floor.js'), url], exit: 0 },
    run(...planOf({ file: few, url })),
    run(...planOf({ file: every, url })),
    run('validate', '-f', file),
    run('export', '--database', url),
    run('status', '-f', file, '--database', url),
  ])
  const tenRatio = cpuOf(ten) / cpuOf(floor)
  print(
    `10 of ${tables} changed: CPU`,
    `${times(tenRatio)}, ${memoryOf(ten)}`,
    both(atMost(tenRatio, 3, '×'), atMost(ten?.megabytes ?? 0, 200, ' MB')),
  )
  print(
    `${tables} of ${tables} changed: client CPU`,
    `${seconds(all?.client)}, ${memoryOf(all)}`,
    both(atMost(all?.client ?? 0, 8, ' s'), atMost(all?.megabytes ?? 0, 300, ' MB')),
  )
  print(
    `validate ${tables}: client CPU`,
    `${seconds(validate?.client)}, ${memoryOf(validate)}`,
    both(atMost(validate?.client ?? 0, 1.5, ' s'), atMost(validate?.megabytes ?? 0, 200, ' MB')),
  )
  for (const [name, found] of [['export', exported] as const, ['status -f', status] as const]) {
    const ratio = (found?.seconds ?? 0) / (floor?.seconds ?? 1)
    print(`${name} of ${tables}: wall`, `${seconds(found?.seconds)}, ${times(ratio)}`, atMost(ratio, 3, '×'))
  }
}

/** What another manifest finds in place, without a ledger. */
async function printAdoption(bench: Bench, { tables, file }: Sized): Promise<void> {
  const url = await newDatabase(bench, `adopted_${tables}`, `scale_${tables}`)
  await runScript('run-script.js', url, '-', 'DROP SCHEMA fdwsync CASCADE')
  const adopt = await measure(bench, { args: [bench.cli, ...applyOf({ file, url })], exit: 0 })
  print(`adopting ${tables}: client CPU`, seconds(adopt.client), atMost(adopt.client, 6, ' s'))
  await dropDatabase(bench, url)
}

async function printDestroy(bench: Bench, large: number): Promise<void> {
  const { server, cli, folder } = bench
  const growth: [number, number][] = []
  const most = Math.round(large / 5)
  for (const tables of [75, 150, 300, most].filter((size) => size <= most)) {
    const source = `destroy_source_${tables}`
    await runScript('create-tables.js', await newDatabase(bench, source), String(tables))
    const url = await newDatabase(bench, `destroy_${tables}`)
    const file = join(folder, 'destroy.yaml')
    writeFileSync(file, mirrorOf(bench, source))
    await measure(bench, { args: [cli, 'apply', '-f', file, '--database', url, '--auto-approve'], exit: 0 })
    const args = [cli, 'destroy', '-f', file, '--database', server.url(`destroy_${tables}`), '--auto-approve']
    const { client } = await measure(bench, { args, exit: 0 })
    growth.push([tables, client])
    print(
      `destroy of a mirror of ${tables} tables: client CPU`,
      seconds(client),
      tables === most ? atMost(client, 5, ' s') : undefined,
    )
  }
  printGrowth(growth)
}

async function printWaits(bench: Bench, rows: number): Promise<void> {
  const { idle, busy } = await waitsOfSwap(bench, rows)
  for (const [name, waited, limit] of [['idle', idle, 60] as const, ['both cores busy', busy, 200] as const])
    print(`readers' longest wait in a swap, ${name}`, `${waited.toFixed(0)} ms`, atMost(waited, limit, ' ms'))
}

function mirrorOf({ server }: Bench, source: string): string {
  return `version: 1
name: destroyed
extensions: { postgres_fdw: {} }
servers:
  source:
    options: { host: ${server.host}, port: ${server.port}, dbname: ${source} }
    user_mappings: { public: { user: ${server.user}, password: ${server.password} } }
mirrors:
  all: { server: source, remote_schema: public, proxy_schema: proxy, schema: copy }
`
}

function cpuOf(measured: Measurement | undefined): number {
  return (measured?.client ?? 0) + (measured?.server ?? 0)
}

const times = (ratio: number) => `${ratio.toFixed(2)} ×`
const seconds = (value: number | undefined) => `${(value ?? 0).toFixed(2)} s`
const memoryOf = (measured: Measurement | undefined) => `${(measured?.megabytes ?? 0).toFixed(0)} MB`

function atMost(value: number, limit: number, unit: string): Goal {
  return { text: `≤ ${limit}${unit}`, isMet: value <= limit }
}

function both(one: Goal, other: Goal): Goal {
  return { text: `${one.text}, ${other.text}`, isMet: one.isMet && other.isMet }
}

function print(name: string, found: string, goal: Goal | undefined): void {
  const verdict = goal ? `  ${goal.isMet ? 'met   ' : 'missed'}  goal ${goal.text}` : ''
  process.stdout.write(`  ${name.padEnd(62)}${found.padStart(28)}${verdict}\n`)
}
