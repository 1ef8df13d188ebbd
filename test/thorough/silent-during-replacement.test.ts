// A source that stops answering during a replacement or a refresh.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refresh } from '../../src/api/refresh.ts'
import { until } from '../../src/demo/server/processes.ts'
import { before, changed, expectToConverge, type Hold, reading, setUp, stages } from '../live/replace/held-apply.ts'
import type { TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyDefaults, applyTo, connectTo } from '../support/fdwsync.ts'
import { createSource, type Fixture } from '../support/fixture.ts'
import { closeGate, waiting } from '../support/gates.ts'
import { newestMajor } from '../support/majors.ts'
import { missedOf } from '../support/outcomes.ts'
import { proxyTo } from '../support/proxy.ts'

type Source = Awaited<ReturnType<typeof proxyTo>>

/** From now on nothing passes, and no connection is closed. */
function fallSilent(proxy: Source): void {
  proxy.mode = 'silent'
  proxy.onSend = () => 'swallow'
}

function speakAgain(proxy: Source): void {
  proxy.mode = 'forward'
  proxy.onSend = () => undefined
  proxy.cut()
}

const loading = `SELECT FROM pg_stat_activity WHERE application_name = 'fdwsync load' AND datname = current_database()`

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function held(stage: Hold) {
    const proxy = await proxyTo({ host: pair.source.foreignHost, port: pair.source.foreignPort })
    const env = { SOURCE_HOST: '127.0.0.1', SOURCE_PORT: String(proxy.port) }
    const fixture = await setUp(pair, source, env)
    const hold = await stage(fixture)
    const parsed = await fixture.manifest(changed, env)
    const options = { lockTimeoutMilliseconds: 60_000, sourceTimeoutMilliseconds: 1500 }
    const applying = applyTo(parsed, fixture.url, options)
    await waiting(fixture, 'load')
    fallSilent(proxy)
    await hold.letGo()
    return { fixture, proxy, applying }
  }

  async function nothingLost(fixture: Fixture): Promise<void> {
    expect(await fixture.sql(`SET statement_timeout = '30s'; ${reading}`)).toEqual(before)
  }

  // Together, since they mostly wait. In the swap readers would wait too, so there it is given up at once.
  test('at every stage: the old objects serve, the failure is reported, and the next apply converges', () =>
    Promise.all(
      Object.values(stages).map(async (stage) => {
        const { fixture, proxy, applying } = await held(stage)
        await nothingLost(fixture)
        expect(missedOf((await applying).report).join()).toContain('no longer answers')
        await nothingLost(fixture)
        speakAgain(proxy)
        // Without a word from the source postgres_fdw takes half a minute to give up what was cancelled.
        await until('the session to end', async () => (await fixture.sql(loading)).length === 0)
        await expectToConverge(fixture)
      }),
    ))

  test('during a plain REFRESH: readers of the view wait only for the timeout', async () => {
    const proxy = await proxyTo({ host: pair.source.foreignHost, port: pair.source.foreignPort })
    const env = { SOURCE_HOST: '127.0.0.1', SOURCE_PORT: String(proxy.port) }
    const fixture = await setUp(pair, source, env)
    const gate = await closeGate(fixture, 1)
    const options = { ...applyDefaults, hidden: [], sourceTimeoutMilliseconds: 1500 }
    const refreshing = refresh(await fixture.manifest(changed, env), ['first'], connectTo(fixture.url), options)
    await waiting(fixture, 'load')
    fallSilent(proxy)
    await gate.open()
    const [first] = (await refreshing).views
    expect(first?.outcome).toMatchObject({ status: 'failed', reason: 'the source of server shop no longer answers' })
    speakAgain(proxy)
    await until('readers to be served', () => nothingLost(fixture).then(() => true))
  })
})
