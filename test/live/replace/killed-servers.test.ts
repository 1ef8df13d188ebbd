// The source or the target is killed during a replacement.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../../src/demo/server/processes.ts'
import { findBinaries, startThrowawayServer, type ThrowawayServer } from '../../../src/demo/server/server.ts'
import { runSql, type TestDatabase } from '../../servers/databases.ts'
import { describeServer, pairOf } from '../../servers/pair.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo } from '../../support/fdwsync.ts'
import { createSource } from '../../support/fixture.ts'
import { waiting } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { missedOf } from '../../support/outcomes.ts'
import { before, changed, expectToConverge, type Held, type Hold, reading, setUp, stages } from './held-apply.ts'

const majors = newestMajor().flatMap(({ major }) => findBinaries().filter((binaries) => binaries.major === major))

// Where the tests' servers run in containers, and none is installed here, there is none to kill.
describe.skipIf(majors.length === 0)('servers of our own, which are killed', () => {
  describe.each(majors)('PostgreSQL $major', (binaries) => {
    let servers: { readonly source: ThrowawayServer; readonly target: ThrowawayServer }
    let pair: ServerPair
    let source: TestDatabase
    beforeAll(async () => {
      const [from, to] = await Promise.all([startThrowawayServer({ binaries }), startThrowawayServer({ binaries })])
      servers = { source: from, target: to }
      const [sourceServer, targetServer] = await Promise.all([from, to].map(described))
      if (!sourceServer || !targetServer) throw new Error('two servers were started')
      pair = pairOf(sourceServer, targetServer)
      source = await createSource(pair)
    })
    afterAll(async () => {
      await servers.source.stop()
      await servers.target.stop()
    })

    const back = (server: () => ThrowawayServer) =>
      until('the server to be back', () => runSql(server().url('postgres'), 'SELECT 1').catch(() => undefined))

    async function held(stage: Hold): Promise<Held & { readonly applying: ReturnType<typeof applyTo> }> {
      const fixture = await setUp(pair, source)
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
      await back(() => servers.target)
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
      await back(() => servers.source)
      await expectToConverge(fixture)
    })
  })
})

function described({ url, host, port, user, password, logFile }: ThrowawayServer) {
  return describeServer({ url: url('postgres'), foreignHost: host, foreignPort: port, user, password, logFile })
}
