import { spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { rowsOf } from './build.ts'
import { type Bench, runScript, script } from './compare.ts'

/**
 * How long the longest of a dozen readers in loops waits, and how many errors they see: while nothing happens, while a copy
 * of their view is built by hand beside it, while fdwsync refreshes the view by each strategy, while it replaces it, and while it does
 * behind a reader who holds on to the old one for 3 seconds; and the same while something else keeps all cores busy.
 */
export async function benchWait(bench: Bench, rows: number): Promise<void> {
  const { url, apply, refresh, queryOf } = await rowsOf(bench, rows, 'waited')
  await apply(queryOf(0))
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('CREATE SCHEMA reports; CREATE VIEW reports.recent AS SELECT id, customer_id FROM copy.orders')
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()

  const phases: Readonly<Record<string, () => Promise<unknown>>> = {
    'nothing happens': () => pause(5000),
    'built by hand beside': () => runScript('build-by-hand.js', url, queryOf(1)),
    'refreshed, plain': () => refresh('plain'),
    'refreshed, swap': () => refresh('swap'),
    'refreshed, concurrently': () => refresh('concurrently'),
    'refreshed, auto': () => refresh('auto'),
    'replaced by fdwsync': () => apply(queryOf(2)),
    'behind one who holds on 3 s': async () => {
      await holder.query('BEGIN; SELECT FROM copy.orders LIMIT 1')
      const applying = apply(queryOf(3))
      while (!(await isSwapping(client))) await pause(20)
      await pause(3000)
      await holder.query('COMMIT')
      await applying
    },
    'all cores busy, nothing happens': () => whileBusy(() => pause(5000)),
    'all cores busy, refreshed, swap': () => whileBusy(() => refresh('swap')),
    'all cores busy, replaced': () => whileBusy(() => apply(queryOf(4))),
  }
  process.stdout.write(`\n${rows} rows, a dozen readers in loops: the longest wait of one of them\n`)
  for (const [phase, act] of Object.entries(phases)) {
    const reading = spawn(process.execPath, [script('read-in-loops.js'), url], { stdio: ['pipe', 'pipe', 'inherit'] })
    await pause(1000)
    await act()
    reading.stdin.end()
    const { reads, longest, errors } = JSON.parse(await text(reading.stdout))
    const cells = [
      `${Math.round(longest)} ms`.padStart(9),
      `${reads} reads`.padStart(16),
      `${errors.length} errors`.padStart(12),
    ]
    process.stdout.write(`  ${phase.padEnd(32)}${cells.join('')}  ${errors.slice(0, 1).join()}\n`)
  }
  await holder.end()
  await client.end()
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
