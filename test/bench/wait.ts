import { spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { rowsOf, tableOf } from './build.ts'
import { type Bench, runScript, script } from './compare.ts'

/** How long a reader may wait for a refresh, on an idle machine. */
const goal = '60 ms'

/** What happens while others read. */
interface Phase {
  readonly goal?: string
  act(): Promise<unknown>
}

/** How long the longest of a dozen readers in loops waits, and how many errors they see. */
export async function benchWait(bench: Bench, rows: number): Promise<void> {
  process.stdout.write(`\n${rows} rows, a dozen readers in loops: the longest wait of one of them\n`)
  await waitsForViews(bench, rows)
  await waitsForTables(bench, rows)
}

/**
 * While nothing happens, while a copy of their view is built by hand beside it, while fdwsync refreshes the view by each strategy, while it
 * replaces it, and while it does behind a reader who holds on to the old one for 3 seconds; and the same while something else keeps all
 * cores busy.
 */
async function waitsForViews(bench: Bench, rows: number): Promise<void> {
  const { url, apply, refresh, queryOf } = await rowsOf(bench, rows, 'waited')
  await apply(queryOf(0))
  await createViewOver(url)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()

  async function replaceBehindReader(): Promise<void> {
    await holder.query('BEGIN; SELECT FROM copy.orders LIMIT 1')
    const applying = apply(queryOf(3))
    while (!(await isSwapping(client))) await pause(20)
    await pause(3000)
    await holder.query('COMMIT')
    await applying
  }
  await printWaits(url, {
    'nothing happens': { act: () => pause(5000) },
    'built by hand beside': { act: () => runScript('build-by-hand.js', url, queryOf(1)) },
    'refreshed, plain': { act: () => refresh('plain') },
    'refreshed, swap': { goal, act: () => refresh('swap') },
    'refreshed, concurrently': { goal, act: () => refresh('concurrently') },
    'refreshed, auto': { goal, act: () => refresh('auto') },
    'replaced by fdwsync': { goal, act: () => apply(queryOf(2)) },
    'behind one who holds on 3 s': { act: replaceBehindReader },
    'all cores busy, nothing happens': { act: () => whileBusy(() => pause(5000)) },
    'all cores busy, refreshed, swap': { act: () => whileBusy(() => refresh('swap')) },
    'all cores busy, replaced': { act: () => whileBusy(() => apply(queryOf(4))) },
  })
  await holder.end()
  await client.end()
}

/** While fdwsync refreshes a table by each strategy, after one row in a hundred has changed. */
async function waitsForTables(bench: Bench, rows: number): Promise<void> {
  const { url, sourceUrl, apply, refresh, queryOf } = await rowsOf(bench, rows, 'waited_tables', tableOf)
  await apply(queryOf(0))
  await createViewOver(url)
  const source = new pg.Client({ connectionString: sourceUrl })
  await source.connect()
  // The first refresh by watermark compares everything.
  await refresh('watermark')
  for (const strategy of ['watermark', 'compare', 'merge', 'swap']) {
    await source.query('UPDATE orders SET total = total + 1, placed_at = clock_timestamp() WHERE id % 100 = 0')
    await source.query('VACUUM ANALYZE orders')
    await printWaits(url, { [`table refreshed, ${strategy}`]: { goal, act: () => refresh(strategy) } })
  }
  await source.end()
}

/** The longest waits in milliseconds while a view is refreshed by `swap`, on a machine that does nothing else, and on one whose cores are busy. */
export async function waitsOfSwap(
  bench: Bench,
  rows: number,
): Promise<{ readonly idle: number; readonly busy: number }> {
  const { url, apply, refresh, queryOf } = await rowsOf(bench, rows, 'waited_swap')
  await apply(queryOf(0))
  await createViewOver(url)
  const idle = await readBeside(url, () => refresh('swap'))
  const busy = await readBeside(url, () => whileBusy(() => refresh('swap')))
  return { idle: idle.longest, busy: busy.longest }
}

/** A view that reads the copy, as readers do. */
async function createViewOver(url: string): Promise<void> {
  const query = 'SELECT id, customer_id FROM copy.orders'
  await runScript('run-script.js', url, '-', `CREATE SCHEMA reports; CREATE VIEW reports.recent AS ${query}`)
}

interface Reads {
  readonly reads: number
  /** The longest of them, in milliseconds. */
  readonly longest: number
  readonly errors: readonly string[]
}

/** Lets a dozen readers read in loops while something is done. */
async function readBeside(url: string, act: () => Promise<unknown>): Promise<Reads> {
  const reading = spawn(process.execPath, [script('read-in-loops.js'), url], { stdio: ['pipe', 'pipe', 'inherit'] })
  await pause(1000)
  await act()
  reading.stdin.end()
  return JSON.parse(await text(reading.stdout))
}

async function printWaits(url: string, phases: Readonly<Record<string, Phase>>): Promise<void> {
  for (const [name, phase] of Object.entries(phases)) {
    const { reads, longest, errors } = await readBeside(url, phase.act)
    const cells = [
      `${Math.round(longest)} ms`.padStart(9),
      `${reads} reads`.padStart(16),
      `${errors.length} errors`.padStart(12),
      (phase.goal === undefined ? '' : `goal ${phase.goal}`).padStart(12),
    ]
    process.stdout.write(`  ${name.padEnd(32)}${cells.join('')}  ${errors.slice(0, 1).join()}\n`)
  }
}

/** Runs work beside one process for each core that does nothing but use it. */
async function whileBusy(work: () => Promise<unknown>): Promise<void> {
  const others = cpus().map(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }))
  await work().finally(() => {
    for (const other of others) other.kill()
  })
}

async function isSwapping(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT FROM pg_stat_activity WHERE application_name = 'fdwsync load' AND wait_event_type = 'Lock'`,
  )
  return rows.length > 0
}
