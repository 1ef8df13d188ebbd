import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ThrowawayServer } from '../../src/demo/server/server.ts'
import { serverCpuSeconds } from './server-cpu.ts'

const run = promisify(execFile)

export interface Bench {
  readonly server: ThrowawayServer
  /** The built command. */
  readonly cli: string
  readonly folder: string
  /** How often each way to refresh is measured. */
  readonly rounds: number
}

export interface Measurement {
  /** On the clock. */
  readonly seconds: number
  /** CPU seconds. Those of the server are known on Linux only. */
  readonly client: number
  readonly server: number
  readonly megabytes: number
}

export interface Command {
  readonly name: string
  readonly args: readonly string[]
  /** The exit code that shows that it did what is measured. */
  readonly exit: number
  /** Whether what it defines on the server, be it only to try it out, is counted in the server's log. */
  readonly countsDefinitions?: true
}

export const script = (name: string) => join(import.meta.dirname, name)

/** Runs one of the scripts beside this. */
export async function runScript(name: string, ...args: readonly string[]): Promise<void> {
  await run(process.execPath, [script(name), ...args])
}

/**
 * Measures the commands in turn, round by round, and prints what came of it, next to the one which is the floor. Returns
 * the seconds of each.
 */
export async function compare(
  bench: Bench,
  commands: readonly Command[],
  rounds: number,
  floorName: string,
): Promise<ReadonlyMap<string, number>> {
  const measured = new Map<string, Measurement[]>(commands.map(({ name }) => [name, []]))
  let definitions = 0
  for (let round = 0; round < rounds; round++) {
    for (const command of commands) {
      const before = definitionsInLog(bench)
      measured.get(command.name)?.push(await measure(bench, command))
      if (command.countsDefinitions) definitions += definitionsInLog(bench) - before
    }
  }
  const medians = new Map(Array.from(measured, ([name, all]) => [name, medianOf(all)]))
  const floor = medians.get(floorName)?.seconds ?? Number.NaN
  for (const [name, { seconds, megabytes }] of medians) {
    const cells = [
      `${(seconds * 1000).toFixed(0)} ms`.padStart(9),
      `${(seconds / floor).toFixed(2)} × floor`.padStart(13),
      `${megabytes.toFixed(0)} MB`.padStart(8),
    ]
    process.stdout.write(`  ${name.padEnd(32)}${cells.join('')}\n`)
  }
  if (commands.some(({ countsDefinitions }) => countsDefinitions))
    process.stdout.write(`  statements of DDL in the server's log with nothing to change: ${definitions}\n`)
  return new Map(Array.from(medians, ([name, { seconds }]) => [name, seconds]))
}

/** No command may keep a bench from its end. */
const longestMilliseconds = 30 * 60_000

/** @throws Error if it ends otherwise than it should: then it was not what is to be measured */
export async function measure({ folder, server }: Bench, { args, exit }: Omit<Command, 'name'>): Promise<Measurement> {
  const peak = join(folder, 'peak')
  const before = serverCpuSeconds(server.pid)
  const started = performance.now()
  const code = await run(process.execPath, ['--import', script('peak.js'), ...args], {
    env: { ...process.env, FDWSYNC_BENCH_PEAK: peak },
    maxBuffer: 1 << 30,
    timeout: longestMilliseconds,
  }).then(
    () => 0,
    (error: { code?: number; stderr?: string }) => {
      if (error.code !== exit) throw new Error(`exit ${error.code}: ${error.stderr}`)
      return error.code
    },
  )
  const seconds = (performance.now() - started) / 1000
  if (code !== exit) throw new Error(`exit ${code} instead of ${exit}: ${args.join(' ')}`)
  const { kilobytes, cpu } = JSON.parse(readFileSync(peak, 'utf8'))
  return { seconds, client: cpu, server: serverCpuSeconds(server.pid) - before, megabytes: kilobytes / 1024 }
}

function definitionsInLog({ server }: Bench): number {
  return readFileSync(server.logFile, 'utf8').split('LOG:  statement:').length
}

export function medianOf(all: readonly Measurement[]): Measurement {
  const middle = (values: readonly number[]) =>
    values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
  return {
    seconds: middle(all.map(({ seconds }) => seconds)),
    client: middle(all.map(({ client }) => client)),
    server: middle(all.map(({ server }) => server)),
    megabytes: middle(all.map(({ megabytes }) => megabytes)),
  }
}
