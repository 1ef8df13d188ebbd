// Compares what ways to refresh cost.

import process from 'node:process'
import pg from 'pg'
import { type Bench, type Measurement, measure, medianOf } from './compare.ts'

export interface Way {
  readonly name: string
  readonly args: readonly string[]
}

/** What happens at the source, before each round or before each way. */
export interface Changes {
  readonly before: 'round' | 'way'
  change(): Promise<unknown>
}

const noChanges: Changes = { before: 'round', change: () => Promise.resolve() }

/** Prints the medians of CPU, client and server, and of time on the clock, each over that of the first way, and of WAL. */
export async function compareCosts(bench: Bench, ways: readonly Way[], changes: Changes = noChanges): Promise<void> {
  const measured = new Map<string, Measurement[]>(ways.map(({ name }) => [name, []]))
  const written = new Map<string, number[]>(ways.map(({ name }) => [name, []]))
  for (let round = 0; round < bench.rounds; round++) {
    if (changes.before === 'round') await changes.change()
    for (const { name, args } of ways) {
      if (changes.before === 'way') await changes.change()
      const wal = await walBytes(bench)
      measured.get(name)?.push(await measure(bench, { args, exit: 0 }))
      written.get(name)?.push(((await walBytes(bench)) - wal) / 1e6)
    }
  }
  const medians = new Map(Array.from(measured, ([name, all]) => [name, medianOf(all)]))
  const floor = medians.get(ways[0]?.name ?? '')
  const cell = (name: string, of: (each: Measurement) => number, each: Measurement) =>
    `${of(each).toFixed(2)} s ${name} ${(of(each) / (floor ? of(floor) : Number.NaN)).toFixed(2)} ×`.padStart(24)
  for (const [name, each] of medians) {
    const cells = [
      cell('CPU', ({ client, server }) => client + server, each),
      cell('server', ({ server }) => server, each),
      cell('wall', ({ seconds }) => seconds, each),
    ]
    const wal = `${middleOf(written.get(name) ?? []).toFixed(1)} MB WAL`.padStart(16)
    process.stdout.write(`  ${name.padEnd(30)}${cells.join('')}${wal}\n`)
  }
}

function middleOf(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
}

async function walBytes({ server }: Bench): Promise<number> {
  const client = new pg.Client({ connectionString: server.url('postgres') })
  await client.connect()
  const { rows } = await client.query("SELECT pg_current_wal_lsn() - '0/0' AS bytes")
  await client.end()
  return Number(rows[0]?.bytes)
}
