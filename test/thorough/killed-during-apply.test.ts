// The server is killed at every critical moment of an apply. Afterwards the ledger and the catalog must agree.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyDetails, history } from '../../src/api/history.ts'
import { until } from '../../src/demo/server/processes.ts'
import { findBinaries, startThrowawayServer, type ThrowawayServer } from '../../src/demo/server/server.ts'
import { runSql, type TestDatabase } from '../servers/databases.ts'
import { applyTo, connectTo, type Environment, manifestOf, planFor } from '../support/fdwsync.ts'
import { createSource, sourceVariables } from '../support/fixture.ts'
import { eachMajor } from '../support/majors.ts'
import { shopManifest } from '../support/manifests.ts'
import { changesOf, missedOf } from '../support/outcomes.ts'
import { proxyTo, through } from '../support/proxy.ts'

const before = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
const after = shopManifest({
  orders: 'SELECT id, total * 2 AS total FROM proxy.orders',
  names: 'SELECT id, name FROM proxy.customers',
}).replace('note: text', 'note: varchar')

/** What fdwsync sends when the server dies, before or while the message arrives. */
const moments: readonly (readonly [session: 'define' | 'load' | 'ledger', sends: string])[] = [
  ['define', 'LOCK TABLE fdwsync.'],
  ['define', 'INSERT INTO fdwsync.apply'],
  ['define', 'ALTER FOREIGN TABLE'],
  ['define', 'INSERT INTO fdwsync.object'],
  ['define', 'INSERT INTO fdwsync.step'],
  ['define', 'COMMIT\0'],
  ['load', 'REFRESH MATERIALIZED VIEW'],
  ['load', 'SAVEPOINT swap'],
  ['load', 'INSERT INTO fdwsync.object'],
  ['load', 'INSERT INTO fdwsync.step'],
  ['load', 'INSERT INTO fdwsync.refresh'],
  ['load', 'COMMIT\0'],
  ['ledger', 'INSERT INTO fdwsync.step'],
  ['ledger', 'COMMIT\0'],
]

const majors = eachMajor().flatMap((pair) => {
  const binaries = findBinaries().find(({ major }) => major === pair.major)
  return binaries ? [{ pair, binaries }] : []
})

// Only a local server can be killed. There is none if the test servers run in containers.
describe.skipIf(majors.length === 0)('the server dies', () => {
  describe.each(majors)('PostgreSQL $pair.name', ({ pair, binaries }) => {
    let server: ThrowawayServer
    let source: TestDatabase
    let env: Environment
    let count = 0
    beforeAll(async () => {
      server = await startThrowawayServer({ binaries })
      source = await createSource(pair)
      env = sourceVariables(pair.source, source.name)
    })
    afterAll(async () => {
      await server.stop()
      await source.drop()
    })

    const tried = moments.flatMap(([session, sends]) => [
      [session, sends, 'before'] as const,
      [session, sends, 'during'] as const,
    ])
    test.each(
      tried,
    )('session %s, %s, killed %s it: the catalog and the ledger agree, and the next apply converges', async (purpose, sends, when) => {
      const name = `crash${count++}`
      await runSql(server.url(), `CREATE DATABASE ${name}`)
      const url = server.url(name)
      await runSql(url, 'CREATE EXTENSION postgres_fdw')
      await applyTo(await manifestOf(before, env), url)

      const proxy = await proxyTo({ host: server.host, port: server.port })
      let crash: Promise<void> | undefined
      proxy.onSend = (data, greeting) => {
        if (crash || !greeting.includes(`fdwsync ${purpose}`) || !data.includes(sends)) return undefined
        crash = server.kill().then(() => server.restart())
        return when === 'before' ? 'cut' : undefined
      }
      const parsed = await manifestOf(after, env)
      const { report } = await applyTo(parsed, through(proxy, url)).catch((error: Error) => {
        expect(error.message).toMatch(/was lost|cannot be reached|refused|lease/)
        return { report: undefined }
      })
      expect(crash, 'the server was killed').toBeDefined()
      await crash
      await until('the server to be back', async () => runSql(url, 'SELECT 1').catch(() => undefined))

      await expectToAgree(url)
      if (report) expectReportToBeTrue(missedOf(report), await titlesToDo(parsed, url))
      await until('an undisturbed apply to succeed', async () => {
        return (await applyTo(parsed, url).catch(() => undefined))?.report
      })
      expect(changesOf(await planFor(parsed, url))).toEqual([])
      await expectToAgree(url)
      expect(await runSql(url, 'SELECT count(*)::int AS count FROM local.orders')).toEqual([{ count: 50 }])
    })

    async function titlesToDo(parsed: Awaited<ReturnType<typeof manifestOf>>, url: string): Promise<readonly string[]> {
      return (await planFor(parsed, url)).changes.map(({ title }) => title)
    }

    /** Every remaining change is among those that the report lists as missed. */
    function expectReportToBeTrue(missed: readonly string[], toDo: readonly string[]): void {
      for (const title of toDo) expect(missed.join('\n'), `${title} is still to be done`).toContain(title)
    }

    async function expectToAgree(url: string): Promise<void> {
      // Every owned object exists with its OID, and every existing object is owned.
      const disagreements = await runSql(
        url,
        `WITH real(name, oid) AS (
         SELECT c.relname, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname IN ('proxy', 'local') AND c.relkind IN ('f', 'm')),
       owned(name, oid) AS (
         SELECT address::jsonb ->> 2, object_oid FROM fdwsync.object
          WHERE address::jsonb ->> 0 IN ('foreignTable', 'materializedView'))
       SELECT * FROM (TABLE real EXCEPT TABLE owned) a UNION ALL SELECT * FROM (TABLE owned EXCEPT TABLE real) b`,
      )
      expect(disagreements).toEqual([])
      const [column] = await runSql(
        url,
        `SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = 'proxy.orders'::regclass AND attname = 'note'`,
      )
      const session = await connectTo(url)('history')
      try {
        const { applies } = await history(session, { limit: 10 })
        expect(applies.map(({ outcome }) => outcome)).not.toContain('in progress')
        const altered = applies.filter(({ summary }) => (summary?.counts.alter ?? 0) > 0)
        const isAltered: boolean[] = []
        for (const { id } of altered) {
          const { steps } = await applyDetails(session, id)
          isAltered.push(
            steps.some(({ title, outcome }) => title === 'foreign table proxy.orders' && outcome === 'applied'),
          )
        }
        expect(isAltered.includes(true)).toBe(column?.type === 'character varying')
      } finally {
        await session.close()
      }
      // A recorded load has its data.
      const [names] = await runSql(
        url,
        `SELECT relispopulated AS populated FROM pg_class WHERE oid = to_regclass('local.names')`,
      )
      const recorded = await runSql(
        url,
        `SELECT FROM fdwsync.refresh WHERE address LIKE '%"names"]' AND outcome = 'applied'`,
      )
      expect(names?.populated ?? false).toBe(recorded.length > 0)
    }
  })
})
