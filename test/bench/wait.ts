import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { rowsOf } from './build.ts'
import { type Bench, runScript, script } from './compare.ts'

const rows = 2_000_000

/**
 * How long the longest of a dozen readers in loops waits, and how many errors they see: while nothing happens, while a copy
 * of their view is built by hand beside it, while fdwsync replaces the view, and while it does behind a reader who holds
 * on to the old one for 3 seconds.
 */
export async function benchWait(bench: Bench): Promise<void> {
  const { url, apply, queryOf } = await rowsOf(bench, rows, 'waited')
  await apply(queryOf(0))
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('CREATE SCHEMA reports; CREATE VIEW reports.recent AS SELECT id, customer_id FROM copy.orders')
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()

  const phases: Readonly<Record<string, () => Promise<unknown>>> = {
    'nothing happens': () => pause(5000),
    'built by hand beside': () => runScript('build-by-hand.js', url, queryOf(1)),
    'replaced by fdwsync': () => apply(queryOf(2)),
    'behind one who holds on 3 s': async () => {
      await holder.query('BEGIN; SELECT FROM copy.orders LIMIT 1')
      const applying = apply(queryOf(3))
      while (!(await isSwapping(client))) await pause(20)
      await pause(3000)
      await holder.query('COMMIT')
      await applying
    },
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

async function isSwapping(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT FROM pg_stat_activity WHERE application_name = 'fdwsync load' AND wait_event_type = 'Lock'`,
  )
  return rows.length > 0
}
