// The source or the target is killed during a refresh, by each strategy.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  converges,
  hold,
  nameOf,
  ofTables,
  ofViews,
  oldShare,
  refreshed,
  setTotal,
  shareIn,
  targetWith,
} from '../live/refresh/held-refresh.ts'
import type { TestDatabase } from '../servers/databases.ts'
import { createSource } from '../support/fixture.ts'
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

    const kinds = [
      { name: 'views', all: ofViews },
      { name: 'tables', all: ofTables },
    ]

    test.each(kinds)('kill -9 of the target: $name', { timeout: 600_000 }, async ({ all }) => {
      const fixture = await targetWith(all[0].copy, servers.pair, source)
      for (const held of all) {
        await setTotal(fixture, 1000)
        await hold(fixture, held)
        const refreshing = refreshed(fixture, held).then(
          (outcome) => outcome && 'reason' in outcome && outcome.reason,
          String,
        )
        await waiting(fixture, 'load')
        await servers.target.kill()
        await servers.target.restart()
        await isBack(servers.target)
        // It is not repeated, although the server is back: without the lease, an apply may be running.
        expect(await refreshing, nameOf(held)).toMatch(/the connection that holds the lease was lost/)
        expect(await fixture.sql(shareIn(held.copy))).toEqual(oldShare)
        await converges(fixture, held.copy)
      }
    })

    test.each(kinds)('kill -9 of the source: $name', { timeout: 600_000 }, async ({ all }) => {
      const fixture = await targetWith(all[0].copy, servers.pair, source)
      for (const held of all) {
        await setTotal(fixture, 1000)
        const { letGo } = await hold(fixture, held)
        const refreshing = refreshed(fixture, held)
        await waiting(fixture, 'load')
        await servers.source.kill()
        await letGo()
        const reason = expect.stringMatching(/could not connect|closed the connection/)
        expect(await refreshing, nameOf(held)).toMatchObject({ status: 'failed', reason })
        expect(await fixture.sql(shareIn(held.copy))).toEqual(oldShare)
        await servers.source.restart()
        await isBack(servers.source)
        await converges(fixture, held.copy)
      }
    })
  })
})
