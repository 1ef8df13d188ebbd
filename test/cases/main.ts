// `npm run case NAME [-- --keep --update --major N]`: runs one case, on the newest major that it is for.

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect, parseArgs } from 'node:util'
import { startServers } from '../servers/start.ts'
import { caseFixtureFor, prepareServers } from './case-fixture.ts'
import { describeRun, keepServerLog, sqlOf } from './describe-run.ts'
import { type Case, caseNames, readCase } from './read-case.ts'
import { type Comparison, differs, newLog, runCase } from './run-case.ts'
import { updated } from './update-expectation.ts'

const usage = `Usage: npm run case NAME [-- --keep --update --major N]
  --keep      leave the database and the servers running until Ctrl-C
  --update    rewrite expect.yaml from what happened
  --major N   run on that PostgreSQL version`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'boolean' }, update: { type: 'boolean' }, major: { type: 'string' } },
})

const [name = ''] = positionals
if (!caseNames().includes(name)) {
  const alike = caseNames().filter((each) => name !== '' && each.includes(name))
  console.error(`${usage}\n\n${name === '' ? '' : `There is no case ${name}. `}${alike.join('\n')}`)
  process.exit(2)
}
// Neither a promise nor the connections that wait for their next use keep a process alive.
const alive = setInterval(() => {}, 60_000)
process.exitCode = await main(readCase(name))
clearInterval(alive)

async function main(testCase: Case): Promise<number> {
  process.env.FDWSYNC_TEST_MAJORS = values.major ?? String(testCase.expected.majors.upTo ?? 'newest')
  const { pairs, stop } = await startServers()
  try {
    const [pair] = pairs
    if (!pair) throw new Error('no server was started')
    console.log(`${testCase.name} on PostgreSQL ${pair.target.version}\n`)
    const fixture = await caseFixtureFor(pair, await prepareServers(pair), testCase)
    const log = newLog()
    const outcome = await runCase(testCase, fixture, log).catch((error: unknown) => error)
    console.log(`${describeRun(log)}\n`)
    if (log.plan) console.log(`${sqlOf(log.plan)}\n`)
    const copy = keepServerLog(testCase, fixture)
    if (copy) console.log(`Server log: ${copy}`)
    const code = Array.isArray(outcome) ? conclude(testCase, outcome) : reportError(outcome)
    if (values.keep) await waitForInterrupt(fixture.url)
    return code
  } finally {
    await stop()
  }
}

function conclude(testCase: Case, comparisons: readonly Comparison[]): number {
  return report(comparisons, values.update === true && updateExpectation(testCase, comparisons))
}

function reportError(error: unknown): number {
  console.log(error)
  console.log('failed: the case ended with an error')
  return 1
}

function updateExpectation({ folder }: Case, comparisons: readonly Comparison[]): boolean {
  const file = join(folder, 'expect.yaml')
  const before = readFileSync(file, 'utf8')
  const after = updated(before, comparisons)
  if (after !== before) writeFileSync(file, after)
  return after !== before
}

/** Prints what is different, and returns the exit code: what --update has written is not a failure any more. */
function report(comparisons: readonly Comparison[], isUpdated: boolean): number {
  const different = comparisons.filter(differs)
  for (const { what, expected, found } of different) {
    console.log(`${what}\n  expected ${shown(expected)}\n  found    ${shown(found)}`)
  }
  const failed = different.filter(({ key }) => !isUpdated || key === undefined)
  if (isUpdated) console.log('expect.yaml was updated: read the diff before you commit it.')
  console.log(failed.length === 0 ? 'passed' : `failed: ${failed.length} of ${comparisons.length} comparisons`)
  return failed.length === 0 ? 0 : 1
}

function shown(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: 120 }).replaceAll('\n', '\n           ')
}

async function waitForInterrupt(url: string): Promise<void> {
  console.log(`The database is left behind until you press Ctrl-C: ${url}`)
  await once(process, 'SIGINT')
}
