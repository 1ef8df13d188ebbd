// The source or the target is killed during a replacement.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  before,
  changed,
  expectToConverge,
  type Held,
  type Hold,
  reading,
  setUp,
  stages,
} from '../live/replace/held-apply.ts'
import type { TestDatabase } from '../servers/databases.ts'
import { applyTo } from '../support/fdwsync.ts'
import { createSource } from '../support/fixture.ts'
import { waiting } from '../support/gates.ts'
import { missedOf } from '../support/outcomes.ts'
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

    async function held(stage: Hold): Promise<Held & { readonly applying: ReturnType<typeof applyTo> }> {
      const fixture = await setUp(servers.pair, source)
      const hold = await stage(fixture)
      const applying = applyTo(await fixture.manifest(changed), fixture.url, { lockTimeoutMilliseconds: 60_000 })
      applying.catch(() => {})
      return { fixture, hold, pid: await waiting(fixture, 'load'), applying }
    }

    test.each(Object.entries(stages))('kill -9 of the backend at %s', async (_, stage) => {
      const { fixture, hold, pid, applying } = await held(stage)
      process.kill(pid, 'SIGKILL')
      const reason = await applying.then(({ report }) => missedOf(report).join(), String)
      expect(reason).toMatch(/was lost|cannot be reached|starting up|recovery/)
      await isBack(servers.target)
      await hold.letGo()
      expect(await fixture.sql(reading)).toEqual(before)
      await expectToConverge(fixture)
    })

    test.each(Object.entries(stages))('kill -9 of the source at %s', async (_, stage) => {
      const { fixture, hold, applying } = await held(stage)
      await servers.source.kill()
      await hold.letGo()
      // What was read is committed at the source too, at the end, so its death is noticed wherever it happens.
      expect(missedOf((await applying).report).join()).toMatch(
        /server closed the connection|could not connect|terminat/,
      )
      expect(await fixture.sql(reading)).toEqual(before)
      await servers.source.restart()
      await isBack(servers.source)
      await expectToConverge(fixture)
    })
  })
})
