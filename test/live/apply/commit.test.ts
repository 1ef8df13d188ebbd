// Connections that are lost during COMMIT, and a server that crashes then: the outcome is settled or reported as unknown.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../../src/api/apply.ts'
import { until } from '../../../src/demo/server/processes.ts'
import { findBinaries, startThrowawayServer } from '../../../src/demo/server/server.ts'
import { connect, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor, sourceVariables } from '../../support/fixture.ts'
import { eachMajor, newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { changesOf, missedOf, snapshot } from '../../support/outcomes.ts'
import { proxyTo, through } from '../../support/proxy.ts'

const old = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
const several = shopManifest({ orders: 'SELECT id, total FROM proxy.orders', more: 'SELECT id FROM proxy.orders' })
const replaced = shopManifest({ orders: 'SELECT id, total * 2 AS total FROM proxy.orders' })

interface Cut {
  readonly stage: 'define' | 'build' | 'populate'
  /** The session whose COMMIT is cut. */
  readonly session: string
  readonly fate: 'cut' | 'send-and-cut'
  readonly exit: number
  readonly message: RegExp | undefined
}

const cuts: readonly Cut[] = [
  { stage: 'define', session: 'define', fate: 'cut', exit: 1, message: /the connection to .* was lost/ },
  { stage: 'define', session: 'define', fate: 'send-and-cut', exit: 0, message: undefined },
  { stage: 'build', session: 'load', fate: 'cut', exit: 1, message: /the connection to .* was lost/ },
  { stage: 'build', session: 'load', fate: 'send-and-cut', exit: 0, message: undefined },
  {
    stage: 'populate',
    session: 'load',
    fate: 'cut',
    exit: 5,
    message: /in-doubt .* the data may or may not be loaded/,
  },
  {
    stage: 'populate',
    session: 'load',
    fate: 'send-and-cut',
    exit: 5,
    message: /in-doubt .* the data may or may not be loaded/,
  },
]

const newest = eachMajor()[0]

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function cutIn({ stage, session, fate, exit, message }: Cut) {
    const fixture = await fixtureFor(pair, source)
    if (stage === 'build') await applyTo(await fixture.manifest(old), fixture.url)
    const before = await snapshot(fixture)
    const proxy = await proxyTo(addressOf(fixture.url))
    let isCut = false
    proxy.onSend = (data, greeting) => {
      if (isCut || !greeting.includes(`fdwsync ${session}`) || !data.includes('COMMIT\0')) return undefined
      isCut = true
      return fate
    }
    const parsed = await fixture.manifest({ define: old, build: replaced, populate: several }[stage])
    const applied = await applyTo(parsed, through(proxy, fixture.url)).then(
      ({ report }) => ({ exit: report && exitCodeOf(report), message: missedOf(report).join('\n') }),
      (error: Error & { exitCode?: number }) => ({ exit: error.exitCode, message: error.message }),
    )
    const where = `${stage}, ${fate}`
    expect(applied, where).toEqual({ exit, message: message ? expect.stringMatching(message) : '' })
    if (fate === 'cut' && stage !== 'populate') expect(await snapshot(fixture), where).toEqual(before)
    const isDone = fate === 'send-and-cut'
    expect(changesOf(await planFor(parsed, fixture.url)).length === 0, where).toBe(isDone)
    await expectToConverge(fixture, parsed)
  }

  async function cutForGood() {
    const fixture = await fixtureFor(pair, source)
    const proxy = await proxyTo(addressOf(fixture.url))
    proxy.onSend = (data, greeting) => {
      // Connections that are open already must not answer either.
      if (proxy.mode === 'refuse') return 'cut'
      if (!greeting.includes('fdwsync define') || !data.includes('COMMIT\0')) return undefined
      proxy.mode = 'refuse'
      return 'send-and-cut'
    }
    const parsed = await fixture.manifest(old)
    const { report } = await applyTo(parsed, through(proxy, fixture.url))
    expect(report && exitCodeOf(report)).toBe(1)
    expect(missedOf(report)[0]).toMatch(/^in-doubt .* could not be asked whether it succeeded/)
    await expectToConverge(fixture, parsed)
  }

  // All at once: if the server cannot be asked for the outcome, an apply keeps asking for ten seconds.
  test('if the connection is lost during COMMIT, the ledger decides, or the outcome is reported as unknown', async () => {
    await Promise.all([...cuts.map(cutIn), ...(pair === newest ? [cutForGood()] : [])])
  })
})

async function expectToConverge(fixture: Fixture, parsed: Awaited<ReturnType<Fixture['manifest']>>): Promise<void> {
  expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
  expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
}

test.skipIf(findBinaries().length === 0)('the server crashes while it commits', async () => {
  const [binaries] = findBinaries()
  if (!binaries || !newest) return
  const server = await startThrowawayServer({ binaries })
  try {
    const client = await connect(server.url())
    await client.query('CREATE EXTENSION postgres_fdw')
    await client.end()
    const source = await createSource(newest)
    const proxy = await proxyTo(addressOf(server.url()))
    let crash: Promise<void> | undefined
    proxy.onSend = (data, greeting) => {
      if (crash || !greeting.includes('fdwsync define') || !data.includes('COMMIT\0')) return undefined
      crash = server.kill().then(() => server.restart())
      return undefined
    }
    const parsed = await manifestOf(old, sourceVariables(newest.source, source.name))
    // Everything or nothing, and the outcome is known: the apply keeps asking until the server is back.
    const { report } = await applyTo(parsed, through(proxy, server.url())).catch((error: Error) => {
      expect(error.message).toMatch(/the connection to .* was lost/)
      return { report: undefined }
    })
    expect(missedOf(report).filter((line) => line.startsWith('in-doubt'))).toEqual([])
    await crash
    await until('a second apply', async () => missedOf((await applyTo(parsed, server.url())).report).length === 0)
    expect(changesOf(await planFor(parsed, server.url()))).toEqual([])
    await source.drop()
  } finally {
    await server.stop()
  }
})

function addressOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}
