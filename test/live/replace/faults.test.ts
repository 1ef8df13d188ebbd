// A replacement that fails or ends at any stage: the old objects stay and serve, and the next apply converges.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../../src/api/apply.ts'
import { until } from '../../../src/demo/server/processes.ts'
import { endIdle, runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { start } from '../../support/command.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture } from '../../support/fixture.ts'
import { waiting } from '../../support/gates.ts'
import { isThorough, newestMajor } from '../../support/majors.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'
import {
  before,
  changed,
  expectNothingLeft,
  expectToConverge,
  type Held,
  type More,
  manifest,
  reading,
  setUp,
  stages,
} from './held-apply.ts'

const args = ['apply', '--auto-approve', '--lock-timeout', '60s']

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  const tried = Object.entries(stages).filter(([name]) => isThorough() || name === 'the swap')

  type Ended = Held & ReturnType<typeof start>

  /** How an apply ends before its time. */
  const ends: readonly ((held: Ended) => Promise<void>)[] = [
    async ({ fixture, child, ended }) => {
      child.kill('SIGKILL')
      expect((await ended).signal).toBe('SIGKILL')
      const left = `SELECT FROM pg_stat_activity WHERE application_name LIKE 'fdwsync%' AND datname = current_database()`
      await until('its sessions to end', async () => (await fixture.sql(left)).length === 0)
    },
    async ({ fixture, pid, ended }) => {
      await fixture.sql(`SELECT pg_terminate_backend(${pid})`)
      const { code, stdout, stderr } = await ended
      expect([code, (stdout + stderr).replace(/\s+/g, ' ')]).toEqual([
        1,
        expect.stringContaining('was lost: terminating connection due to administrator command'),
      ])
    },
    async ({ child, ended }) => {
      child.kill('SIGINT')
      const { code, stdout, stderr } = await ended
      expect([code, (stdout + stderr).replace(/\s+/g, ' ')]).toEqual([
        1,
        expect.stringContaining('interrupted by SIGINT'),
      ])
    },
  ]

  test.each(
    tried,
  )('kill -9, pg_terminate_backend and SIGINT at %s: the old objects serve, nothing is left behind, the next apply converges', async (_, stage) => {
    const fixture = await setUp(pair, source)
    await endIdle(fixture.url)
    for (const end of ends) {
      const hold = await stage(fixture)
      const running = start(fixture, args, changed)
      const pid = await waiting(fixture, 'load')
      expect(await fixture.sql(reading)).toEqual(before)
      await end({ fixture, hold, pid, ...running })
      expect(await fixture.sql(reading)).toEqual(before)
      await hold.letGo()
      await expectNothingLeft(fixture)
    }
    await expectToConverge(fixture)
  })

  /** Much to sort. */
  const sorted = '(SELECT count(*) FROM (SELECT i FROM generate_series(1, 200000) i ORDER BY -i OFFSET 0) s)'
  const places: Readonly<Record<string, { readonly many: More; readonly wrong: More; readonly view: string }>> = {
    'the load of the first': {
      many: { first: `, ${sorted} AS many` },
      wrong: { first: ', note::int AS number' },
      view: 'local.first',
    },
    'the load of the second': {
      many: { second: `, ${sorted} AS many` },
      wrong: { second: ', (SELECT note::int FROM proxy.orders WHERE id = 30) AS number' },
      view: 'local.second',
    },
    'an index': {
      many: { index: 'public.after_sorting(total)' },
      wrong: { index: "(total || ' euro')::numeric" },
      view: 'local.second',
    },
  }
  const sorting = `CREATE FUNCTION public.after_sorting(number numeric) RETURNS numeric IMMUTABLE LANGUAGE plpgsql AS
    $$ BEGIN PERFORM ${sorted}; RETURN number; END $$`

  test.each(
    Object.entries(places).filter(([name]) => isThorough() || name === 'the load of the second'),
  )('a wrong value in %s, and then more temporary files than temp_file_limit: it is reported, and nothing changes', async (_, {
    many,
    wrong,
    view,
  }) => {
    const fixture = await setUp(pair, source)
    const parsed = await fixture.manifest(manifest('numeric(12,3)', 2, wrong))
    const missed = missedOf((await applyTo(parsed, fixture.url)).report)
    expect(missed).toContainEqual(
      expect.stringMatching(
        `^failed replace materialized view ${view}: invalid input syntax for type (integer|numeric)`,
      ),
    )
    expect(await fixture.sql(reading)).toEqual(before)
    await expectNothingLeft(fixture)

    await fixture.sql(
      `${sorting}; ALTER DATABASE ${fixture.target.name} SET temp_file_limit = '1MB'; ALTER DATABASE ${fixture.target.name} SET work_mem = '64kB'`,
    )
    await endIdle(fixture.url)
    const text = manifest('numeric(12,3)', 2, many)
    const { report } = await applyTo(await fixture.manifest(text), fixture.url)
    const expected = `^failed replace materialized view ${view}: temporary file size exceeds "?temp_file_limit"? \\(1024kB\\)$`
    expect(missedOf(report)).toContainEqual(expect.stringMatching(new RegExp(expected)))
    expect(report && exitCodeOf(report), 'nothing was changed').toBe(1)
    expect(await fixture.sql(reading)).toEqual(before)
    await fixture.sql(`ALTER DATABASE ${fixture.target.name} RESET temp_file_limit`)
    await endIdle(fixture.url)
    await expectToConverge(fixture, text)
  })

  test('one row of the source has another type: it is reported, and nothing changes', async () => {
    const own = await createSource(pair)
    try {
      const fixture = await setUp(pair, own)
      await runSql(own.url, "UPDATE orders SET note = CASE WHEN id = 30 THEN 'thirty' ELSE id::text END")
      const numbers = changed.replace('note: text', 'note: int').replace('SELECT id,', 'SELECT id, note,')
      const parsed = await fixture.manifest(numbers)
      expect(missedOf((await applyTo(parsed, fixture.url)).report)).toContain(
        'failed replace materialized view local.first: column note of foreign table orders: invalid input syntax for type integer: "thirty"',
      )
      expect(await fixture.sql(reading)).toEqual(before)
      await runSql(own.url, "UPDATE orders SET note = '30' WHERE id = 30")
      await expectToConverge(fixture, numbers)
    } finally {
      await own.drop()
    }
  })

  test.each([
    'local.second',
    'reports.summed',
  ])('a running REFRESH of the dependent view %s is a refusal in the plan', async (view) => {
    const fixture = await setUp(pair, source)
    const refreshing = await fixture.client()
    await refreshing.query(`BEGIN; REFRESH MATERIALIZED VIEW ${view}`)
    const { refusals } = await planFor(await fixture.manifest(changed), fixture.url)
    expect(refusals.map(({ title, reason }) => `${title}: ${reason}`).join()).toMatch(
      new RegExp(`materialized view ${view}(:| \\() ?it is being refreshed`),
    )
    await refreshing.query('COMMIT')
    await expectToConverge(fixture)
  })

  /** While an apply is held at each of these stages, another session interferes. All at once, since they mostly wait. */
  async function whileHeld(
    interfere: (fixture: Fixture) => Promise<() => Promise<unknown>>,
    look: (missed: readonly string[], fixture: Fixture) => Promise<void>,
  ) {
    await Promise.all(
      tried.map(async ([, stage]) => {
        const fixture = await setUp(pair, source)
        const hold = await stage(fixture)
        const applying = applyTo(await fixture.manifest(changed), fixture.url, { lockTimeoutMilliseconds: 60_000 })
        await waiting(fixture, 'load')
        const end = await interfere(fixture)
        await hold.letGo()
        await end()
        await look(missedOf((await applying).report), fixture)
      }),
    )
  }

  test('a REFRESH of what is replaced runs meanwhile: the swap waits for it', () =>
    whileHeld(
      async (fixture) => {
        const refreshing = await fixture.client()
        await refreshing.query('BEGIN; REFRESH MATERIALIZED VIEW reports.summed')
        return async () => {
          await waiting(fixture, 'load')
          await refreshing.query('COMMIT')
        }
      },
      async (missed, fixture) => {
        expect(missed).toEqual([])
        await expectToConverge(fixture)
      },
    ))

  test('another session drops what is replaced, with its dependents, meanwhile: it is noticed, and the next apply converges', () =>
    whileHeld(
      async (fixture) => {
        await fixture.sql('DROP MATERIALIZED VIEW local.second CASCADE')
        return async () => {}
      },
      async (missed, fixture) => {
        expect(missed.join()).toContain('was changed by another session while its successor was built')
        const parsed = await fixture.manifest(changed)
        expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
        expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
      },
    ))
})
