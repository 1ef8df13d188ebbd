import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pairs, type ServerPair, type TestDatabase } from '../../servers/databases.ts'
import { applyTo } from '../../support/fdwsync.ts'
import { proxyTo } from '../apply/proxy.ts'
import { createSource, missedOf, type Rig, until, waiting } from '../apply/rig.ts'
import { before, changed, expectToConverge, type Hold, reading, setUp, stages } from './faults-rig.ts'

type Source = Awaited<ReturnType<typeof proxyTo>>

/** From now on nothing comes through, and nobody is told. */
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

describe.each(pairs())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function held(stage: Hold) {
    const proxy = await proxyTo({ host: pair.source.foreignHost, port: pair.source.foreignPort })
    const env = { SOURCE_HOST: '127.0.0.1', SOURCE_PORT: String(proxy.port) }
    const rig = await setUp(pair, source, env)
    const hold = await stage(rig)
    const interrupt = new AbortController()
    const parsed = await rig.manifest(changed, env)
    const applying = applyTo(parsed, rig.url, { lockTimeoutMilliseconds: 60_000, signal: interrupt.signal })
    await waiting(rig, 'load')
    fallSilent(proxy)
    await hold.letGo()
    return { rig, proxy, env, interrupt, applying }
  }

  async function nothingLost(rig: Rig): Promise<void> {
    expect(await rig.sql(`SET statement_timeout = '5s'; ${reading}`)).toEqual(before)
  }

  const { 'the swap': swap, ...loads } = stages

  test('a load from it waits, as one by hand does; the old ones serve, and an interruption ends it', () =>
    Promise.all(
      Object.values(loads).map(async (stage) => {
        const { rig, proxy, interrupt, applying } = await held(stage)
        await nothingLost(rig)
        interrupt.abort()
        expect(missedOf((await applying).report).join()).toContain('interrupted')
        await nothingLost(rig)
        speakAgain(proxy)
        // Without a word from the source postgres_fdw takes half a minute to give up what was cancelled.
        await until('the session to end', async () => (await rig.sql(loading)).length === 0)
        await expectToConverge(rig)
      }),
    ))

  test('the swap does not wait for it, since readers would: they get the old ones, and it is told', async () => {
    if (!swap) throw new Error('there is no swap')
    const { rig, proxy, applying } = await held(swap)
    expect(missedOf((await applying).report).join()).toContain('no longer answers')
    await nothingLost(rig)
    speakAgain(proxy)
    await expectToConverge(rig)
  })
})
