import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../../src/api/apply.ts'
import { pairs, type ServerPair, type TestDatabase } from '../../servers/databases.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import {
  changesOf,
  closeGate,
  createSource,
  gateAtDefinitions,
  missedOf,
  type Rig,
  rigFor,
  shopManifest,
  snapshot,
  start,
  until,
  waiting,
} from './rig.ts'

/** An apply that waits at a gate in the middle of one of its stages, and how the database must be found then. */
interface Middle {
  readonly stage: string
  readonly session: string
  readonly first: string | undefined
  readonly manifest: string
  prepare(rig: Rig): Promise<void>
  /** Whether the definitions stay when it is interrupted there. */
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
    prepare: (rig) => gateAtDefinitions(rig),
    definitionsStay: false,
    readable: undefined,
  },
  {
    stage: 'populate',
    session: 'load',
    first: undefined,
    manifest: shopManifest({ orders: 'SELECT id, total FROM proxy.orders WHERE public.gate()' }),
    prepare: async () => {},
    definitionsStay: true,
    readable: undefined,
  },
  {
    stage: 'build',
    session: 'load',
    first: old,
    manifest: shopManifest({ orders: 'SELECT id, total * 2 AS total FROM proxy.orders WHERE public.gate()' }),
    prepare: async () => {},
    definitionsStay: false,
    readable: 'SELECT count(*)::int AS count, sum(total)::text AS sum FROM local.orders',
  },
]

describe.each(pairs())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  describe.each(middles)('in the middle of $stage', (middle) => {
    async function setUp() {
      const rig = await rigFor(pair, source)
      await middle.prepare(rig)
      if (middle.first) await applyTo(await rig.manifest(middle.first), rig.url)
      const before = await snapshot(rig)
      const served = middle.readable && (await rig.sql(middle.readable))
      return { rig, before, served, gate: await closeGate(rig), parsed: await rig.manifest(middle.manifest) }
    }

    async function expectNothingBetween(rig: Rig, before: unknown, served: unknown) {
      if (!middle.definitionsStay) expect(await snapshot(rig)).toEqual(before)
      if (middle.readable) expect(await rig.sql(middle.readable)).toEqual(served)
    }

    async function expectToConverge(rig: Rig, parsed: Awaited<ReturnType<Rig['manifest']>>) {
      const { report } = await applyTo(parsed, rig.url)
      expect(missedOf(report)).toEqual([])
      expect(changesOf(await planFor(parsed, rig.url))).toEqual([])
      expect(await rig.sql('SELECT count(*)::int AS count FROM local.orders')).toEqual([{ count: 50 }])
    }

    test('pg_terminate_backend', async () => {
      const { rig, before, served, gate, parsed } = await setUp()
      const applying = applyTo(parsed, rig.url, { lockTimeoutMilliseconds: 60_000 })
      const pid = await waiting(rig, middle.session)
      await rig.sql(`SELECT pg_terminate_backend(${pid})`)
      const { report } = await applying
      const missed = missedOf(report)
      expect(missed.join('\n')).toMatch(
        /connection to .* was lost: terminating connection due to administrator command/,
      )
      expect(report && exitCodeOf(report)).toBe(middle.stage === 'define' ? 1 : 5)
      await expectNothingBetween(rig, before, served)
      await gate.open()
      await expectToConverge(rig, parsed)
    })

    test('kill -9 of the tool', async () => {
      const { rig, before, served, gate, parsed } = await setUp()
      const { child, ended } = start(rig, ['apply', '--auto-approve', '--lock-timeout', '60s'], middle.manifest)
      await waiting(rig, middle.session)
      child.kill('SIGKILL')
      expect((await ended).signal).toBe('SIGKILL')
      // Nothing is left that could still commit, although the gate is closed.
      await until(
        'its sessions to end',
        async () =>
          (
            await rig.sql(`SELECT FROM pg_stat_activity WHERE application_name LIKE 'fdwsync%'
                            AND datname = current_database()`)
          ).length === 0,
        10_000,
      )
      await expectNothingBetween(rig, before, served)
      await gate.open()
      await expectToConverge(rig, parsed)
    })

    test('SIGINT', async () => {
      const { rig, before, served, gate, parsed } = await setUp()
      const { child, ended } = start(rig, ['apply', '--auto-approve', '--lock-timeout', '60s'], middle.manifest)
      await waiting(rig, middle.session)
      child.kill('SIGINT')
      const { code, stdout, stderr } = await ended
      expect(code).toBe(middle.stage === 'define' ? 1 : 5)
      expect(`${stdout}${stderr}`).toContain('interrupted by SIGINT')
      expect(`${stdout}${stderr}`).not.toContain('bug')
      await expectNothingBetween(rig, before, served)
      await gate.open()
      await expectToConverge(rig, parsed)
    })
  })
})
