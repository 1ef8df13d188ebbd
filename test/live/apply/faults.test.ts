// An apply that ends in the middle of a stage: killed, terminated, interrupted. The next one converges.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../../src/api/apply.ts'
import { until } from '../../../src/demo/server/processes.ts'
import { endIdle, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { type Ended, start } from '../../support/command.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate, gateAtDefinitions, waiting } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf, missedOf, snapshot } from '../../support/outcomes.ts'

/** An apply that is stopped by a gate in the middle of a stage, and the state that the database must then have. */
interface Middle {
  readonly stage: string
  readonly session: string
  readonly first: string | undefined
  readonly manifest: string
  prepare(fixture: Fixture): Promise<void>
  readonly exit: number
  /** Whether the definitions are committed when it is interrupted there. */
  readonly definitionsStay: boolean
  /** The rows that readers see before, during and after the interruption. */
  readonly readable: string | undefined
}

const old = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
const middles: readonly Middle[] = [
  {
    stage: 'define',
    session: 'define',
    first: undefined,
    manifest: old,
    prepare: (fixture) => gateAtDefinitions(fixture),
    exit: 1,
    definitionsStay: false,
    readable: undefined,
  },
  {
    stage: 'populate',
    session: 'load',
    first: undefined,
    manifest: shopManifest({ orders: 'SELECT id, total FROM proxy.orders WHERE public.gate()' }),
    prepare: async () => {},
    exit: 5,
    definitionsStay: true,
    readable: undefined,
  },
  {
    stage: 'build',
    session: 'load',
    first: old,
    manifest: shopManifest({ orders: 'SELECT id, total * 2 AS total FROM proxy.orders WHERE public.gate()' }),
    prepare: async () => {},
    exit: 1,
    definitionsStay: false,
    readable: 'SELECT count(*)::int AS count, sum(total)::text AS sum FROM local.orders',
  },
]

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function setUp(middle: Middle) {
    const fixture = await fixtureFor(pair, source)
    await middle.prepare(fixture)
    if (middle.first) await applyTo(await fixture.manifest(middle.first), fixture.url)
    const before = await snapshot(fixture)
    const served = middle.readable && (await fixture.sql(middle.readable))
    return {
      middle,
      fixture,
      before,
      served,
      gate: await closeGate(fixture),
      parsed: await fixture.manifest(middle.manifest),
    }
  }

  type Prepared = Awaited<ReturnType<typeof setUp>>

  /** The state is as before or as declared, never in between. The next apply completes it. */
  async function expectToConverge({ middle, fixture, before, served, gate, parsed }: Prepared) {
    if (!middle.definitionsStay) expect(await snapshot(fixture), middle.stage).toEqual(before)
    if (middle.readable) expect(await fixture.sql(middle.readable)).toEqual(served)
    await gate.open()
    const { report } = await applyTo(parsed, fixture.url)
    expect(missedOf(report)).toEqual([])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
    expect(await fixture.sql('SELECT count(*)::int AS count FROM local.orders')).toEqual([{ count: 50 }])
  }

  /** Interrupts an apply in each stage, all at once, because they mostly wait. */
  async function inEveryMiddle(end: (prepared: Prepared) => Promise<void>) {
    await Promise.all(
      middles.map(async (middle) => {
        const prepared = await setUp(middle)
        await end(prepared)
        await expectToConverge(prepared)
      }),
    )
  }

  /** Shows why a command has never got there. */
  function unlessEnded<T>(ended: Promise<Ended>, reached: Promise<T>): Promise<T> {
    const failed = ended.then(({ stdout, stderr }): never => {
      throw new Error(`the command has ended before: ${stdout}${stderr}`)
    })
    return Promise.race([reached, failed])
  }

  const args = ['apply', '--auto-approve', '--lock-timeout', '60s']

  test('pg_terminate_backend in the middle of every stage', () =>
    inEveryMiddle(async ({ middle, fixture, parsed }) => {
      const applying = applyTo(parsed, fixture.url, { lockTimeoutMilliseconds: 60_000 })
      const pid = await waiting(fixture, middle.session)
      await fixture.sql(`SELECT pg_terminate_backend(${pid})`)
      const { report } = await applying
      expect(missedOf(report).join('\n')).toMatch(
        /connection to .* was lost: terminating connection due to administrator command/,
      )
      expect(report && exitCodeOf(report)).toBe(middle.exit)
    }))

  test('kill -9 of the tool in the middle of every stage', () =>
    inEveryMiddle(async ({ middle, fixture }) => {
      await endIdle(fixture.url)
      const { child, ended } = start(fixture, args, middle.manifest)
      await unlessEnded(ended, waiting(fixture, middle.session))
      child.kill('SIGKILL')
      expect((await ended).signal).toBe('SIGKILL')
      // No backend is left that could still commit when the gate opens.
      await until('its sessions to end', async () => {
        const left = await fixture.sql(`SELECT FROM pg_stat_activity WHERE application_name LIKE 'fdwsync%'
            AND datname = current_database()`)
        return left.length === 0
      })
    }))

  test('SIGINT in the middle of every stage', () =>
    inEveryMiddle(async ({ middle, fixture }) => {
      const { child, ended } = start(fixture, args, middle.manifest)
      await unlessEnded(ended, waiting(fixture, middle.session))
      child.kill('SIGINT')
      const { code, stdout, stderr } = await ended
      expect([code, stdout + stderr]).toEqual([middle.exit, expect.stringContaining('interrupted by SIGINT')])
      expect(stdout + stderr).not.toContain('bug')
    }))
})
