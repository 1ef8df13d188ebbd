// The source or the target is killed during a refresh, by each strategy.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converges, everywhere, manifest, phases, refreshed, setTotal, share } from '../live/refresh/held-refresh.ts'
import type { TestDatabase } from '../servers/databases.ts'
import { applyTo } from '../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../support/fixture.ts'
import { waiting } from '../support/gates.ts'
import { isBack, type OwnServers, ownMajors, startOwnServers } from '../support/own-servers.ts'

const majors = ownMajors()

describe.skipIf(majors.length === 0)('servers of our own, which are killed', () => {
  describe.each(majors)('PostgreSQL $major', (binaries) => {
    let servers: OwnServers
    let source: TestDatabase
    beforeAll(async () => {
      servers = await startOwnServers(binaries)
      source = await createSource(servers.pair)
    })
    afterAll(() => servers.stop())

    /** Holds refreshes in each of their phases, and lets them end after a fault. */
    async function duringEach(
      fault: (ending: ReturnType<typeof refreshed>, letGo: () => Promise<unknown>, fixture: Fixture) => Promise<void>,
    ): Promise<void> {
      const fixture = await fixtureFor(servers.pair, source)
      await applyTo(await fixture.manifest(manifest), fixture.url)
      for (const [strategy, phase] of everywhere) {
        await setTotal(fixture, 1000)
        const held = await phases[phase](fixture)
        const refreshing = refreshed(fixture, strategy)
        refreshing.catch(() => {})
        await waiting(fixture, 'load')
        await fault(refreshing, held.letGo, fixture)
        await converges(fixture)
      }
    }

    test('kill -9 of the target', () =>
      duringEach(async (ending, _letGo, fixture) => {
        await servers.target.kill()
        const reason = await ending.then((outcome) => outcome && 'reason' in outcome && outcome.reason, String)
        expect(reason).toMatch(/was lost|connection refused/)
        await servers.target.restart()
        await isBack(servers.target)
        expect(await fixture.sql(share)).toEqual([{ share: expect.closeTo(1.3333, 3) }])
      }))

    test('kill -9 of the source', () =>
      duringEach(async (ending, letGo, fixture) => {
        await servers.source.kill()
        await letGo()
        const outcome = await ending
        expect(outcome).toMatchObject({
          status: 'failed',
          reason: expect.stringMatching(/could not connect|closed the connection/),
        })
        expect(await fixture.sql(share)).toEqual([{ share: expect.closeTo(1.3333, 3) }])
        await servers.source.restart()
        await isBack(servers.source)
      }))
  })
})
