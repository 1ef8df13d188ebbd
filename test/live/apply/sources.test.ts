// Sources that are down or never answer: definitions converge, loads fail, old data stays.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../../src/api/apply.ts'
import { refresh } from '../../../src/api/refresh.ts'
import { until } from '../../../src/demo/server/processes.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf, missedOf, snapshot } from '../../support/outcomes.ts'
import { type ProxyMode, proxyTo } from '../../support/proxy.ts'

interface Failure {
  readonly source: string
  readonly mode: ProxyMode
  readonly reason: RegExp
  /** Short only where it has to expire: a busy machine must not let it. */
  readonly timeout: number
}

const failures: readonly Failure[] = [
  {
    source: 'is down',
    mode: 'refuse',
    reason: /the source of server shop cannot be reached: could not connect to server "shop" \(.+\)/,
    timeout: 60_000,
  },
  {
    source: 'accepts and never answers',
    mode: 'silent',
    reason: /the source of server shop cannot be reached: connecting .* took longer than 0.7 s/,
    timeout: 700,
  },
]

/** A target that connects to its source through a proxy. */
async function behindProxy(pair: ServerPair, source: TestDatabase) {
  const fixture = await fixtureFor(pair, source)
  const proxy = await proxyTo({ host: pair.source.foreignHost, port: pair.source.foreignPort })
  const where = { SOURCE_HOST: '127.0.0.1', SOURCE_PORT: String(proxy.port) }
  return { fixture, proxy, manifest: (text: string) => fixture.manifest(text, where) }
}

type Setting = Awaited<ReturnType<typeof behindProxy>>

async function newDefinitions({ fixture, proxy, manifest }: Setting, { mode, reason, timeout }: Failure) {
  proxy.mode = mode
  const parsed = await manifest(
    shopManifest({
      orders: 'SELECT id, total FROM proxy.orders',
      totals: 'SELECT sum(total) AS total FROM local.orders',
      here: 'SELECT 1 AS id',
    }),
  )
  const { report } = await applyTo(parsed, fixture.url, { sourceTimeoutMilliseconds: timeout })
  expect(missedOf(report)).toEqual([
    expect.stringMatching(new RegExp(`^failed populate materialized view local.orders: ${reason.source}`)),
    'skipped populate materialized view local.totals: a step that it depends on was not applied',
  ])
  expect(report && exitCodeOf(report)).toBe(5)
  const populated = "SELECT relname FROM pg_class WHERE relkind = 'm' AND relispopulated"
  expect(await fixture.sql(populated)).toEqual([{ relname: 'here' }])
  proxy.mode = 'forward'
  expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
  expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
}

async function replacement({ fixture, proxy, manifest }: Setting, { mode, reason, timeout }: Failure) {
  await applyTo(await manifest(shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })), fixture.url)
  const before = await snapshot(fixture)
  const sum = 'SELECT sum(total)::text AS sum FROM local.orders'
  proxy.mode = mode
  const parsed = await manifest(shopManifest({ orders: 'SELECT id, total * 2 AS total FROM proxy.orders' }))
  const { report } = await applyTo(parsed, fixture.url, { sourceTimeoutMilliseconds: timeout })
  expect(missedOf(report)).toEqual([expect.stringMatching(reason)])
  expect(report && exitCodeOf(report), 'nothing was changed').toBe(1)
  expect(await snapshot(fixture)).toEqual(before)
  expect(await fixture.sql(sum)).toEqual([{ sum: '1912.50' }])
  proxy.mode = 'forward'
  await applyTo(parsed, fixture.url)
  expect(await fixture.sql(sum)).toEqual([{ sum: '3825.00' }])
  expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
}

async function refreshing({ fixture, proxy, manifest }: Setting, { mode, reason, timeout }: Failure) {
  const parsed = await manifest(shopManifest({ orders: 'SELECT id, total FROM proxy.orders', here: 'SELECT 1 AS id' }))
  await applyTo(parsed, fixture.url)
  proxy.mode = mode
  const { views } = await refresh(parsed, [], connectTo(fixture.url), {
    ...applyDefaults,
    sourceTimeoutMilliseconds: timeout,
    hidden: [],
  })
  expect(views.map(({ outcome }) => outcome)).toEqual([
    expect.objectContaining({ status: 'failed', reason: expect.stringMatching(reason) }),
    expect.objectContaining({ status: 'applied' }),
  ])
  expect(await fixture.sql('SELECT count(*)::int AS count FROM local.orders')).toEqual([{ count: 50 }])
}

async function behindAnotherView({ fixture, proxy, manifest }: Setting, { mode, reason, timeout }: Failure) {
  await applyTo(await manifest(shopManifest({ here: 'SELECT 1 AS id' })), fixture.url)
  await fixture.sql('CREATE VIEW public.between AS SELECT * FROM proxy.orders')
  proxy.mode = mode
  const parsed = await manifest(shopManifest({ here: 'SELECT 1 AS id', through: 'SELECT id FROM public.between' }))
  const { report } = await applyTo(parsed, fixture.url, { sourceTimeoutMilliseconds: timeout })
  expect(missedOf(report)).toEqual([expect.stringMatching(reason)])
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  // All at once, because they mostly wait.
  test.each(
    failures,
  )('a source that $source: definitions are applied, loads fail, old views keep their data', async (failure) => {
    const situations = [newDefinitions, replacement, refreshing, behindAnotherView]
    await Promise.all(situations.map(async (situation) => situation(await behindProxy(pair, source), failure)))
  })

  test('new copies share a transaction, unless one fails or takes long: then each is loaded by itself', async () => {
    const fixture = await fixtureFor(pair, source)
    const good = {
      one: 'SELECT id FROM proxy.orders',
      two: 'SELECT id FROM proxy.orders WHERE id < 8',
      here: 'SELECT 1 AS id',
      hereToo: 'SELECT 1 AS id',
      andHere: 'SELECT 1 AS id',
    }
    const bad = {
      takesLong: 'SELECT id FROM proxy.customers, pg_sleep(1.1)',
      fails: 'SELECT total / (id - 7) AS total FROM proxy.orders',
      three: 'SELECT id FROM proxy.orders WHERE id < 4',
    }
    expect(missedOf((await applyTo(await fixture.manifest(shopManifest(good)), fixture.url)).report)).toEqual([])
    // A batch has only so much time, in which at least two of those without a source are loaded.
    const transactions = 'SELECT count(DISTINCT xmin::text)::int AS count FROM fdwsync.refresh'
    expect((await fixture.sql(transactions))[0]?.count).toBeLessThan(Object.keys(good).length)
    const parsed = await fixture.manifest(shopManifest({ ...good, ...bad }))
    const { report } = await applyTo(parsed, fixture.url)
    expect(missedOf(report)).toEqual(['failed populate materialized view local.fails: division by zero'])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual(['alter materialized view local.fails'])
    const recorded = await fixture.sql(
      'SELECT address::json ->> 2 AS name, outcome, row_count::int AS rows FROM fdwsync.refresh ORDER BY 1',
    )
    expect(recorded).toEqual([
      { name: 'andHere', outcome: 'applied', rows: 1 },
      { name: 'fails', outcome: 'failed', rows: null },
      { name: 'here', outcome: 'applied', rows: 1 },
      { name: 'hereToo', outcome: 'applied', rows: 1 },
      { name: 'one', outcome: 'applied', rows: 50 },
      { name: 'takesLong', outcome: 'applied', rows: 10 },
      { name: 'three', outcome: 'applied', rows: 3 },
      { name: 'two', outcome: 'applied', rows: 7 },
    ])
  })

  test('an interrupt ends all copies of a transaction', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(
      shopManifest({ first: 'SELECT 1 AS id FROM pg_sleep(0.9)', next: 'SELECT 1 AS id' }),
    )
    const interrupt = new AbortController()
    const applying = applyTo(parsed, fixture.url, { signal: interrupt.signal })
    await until('the first of them to sleep', async () => {
      const sleeping = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
      return (await fixture.sql(sleeping)).length > 0
    })
    interrupt.abort()
    expect(missedOf((await applying).report)).toEqual([
      'failed populate materialized view local.first: interrupted',
      'failed populate materialized view local.next: interrupted',
    ])
    expect(await fixture.sql('SELECT outcome, reason FROM fdwsync.refresh')).toEqual(
      Array(2).fill({ outcome: 'failed', reason: 'interrupted' }),
    )
  })

  test('a replacement whose query fails on the data: the original keeps serving', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })), fixture.url)
    const before = await snapshot(fixture)
    const parsed = await fixture.manifest(
      shopManifest({ orders: 'SELECT id, total / (id - 7) AS total FROM proxy.orders' }),
    )
    const { report } = await applyTo(parsed, fixture.url)
    expect(missedOf(report)).toEqual(['failed replace materialized view local.orders: division by zero'])
    expect(report && exitCodeOf(report), 'nothing was changed').toBe(1)
    expect(await snapshot(fixture)).toEqual(before)
    expect(await fixture.sql('SELECT count(*)::int AS count FROM local.orders')).toEqual([{ count: 50 }])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual(['replace materialized view local.orders'])
  })
})
