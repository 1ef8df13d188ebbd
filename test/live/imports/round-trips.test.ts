// How many statements a plan sends, however many tables it imports.

import { describe, expect, test } from 'vitest'
import type { Connect } from '../../../src/db/connect.ts'
import type { ParsedManifest } from '../../../src/manifest/manifest.ts'
import { createPlan } from '../../../src/planner/create-plan.ts'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo } from '../../support/fdwsync.ts'
import { fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { importing, mirroring } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

/** Connections that count statements and returned rows. */
function counting(url: string): { readonly connect: Connect; readonly sent: () => number } {
  const connect = connectTo(url)
  let sent = 0
  const counted: Connect = async (purpose, secrets) => {
    const session = await connect(purpose, secrets)
    const one = <Result>(result: Result) => {
      sent += 1
      return result
    }
    return {
      ...session,
      query: (text, parameters) => one(session.query(text, parameters)),
      run: (text) => one(session.run(text)),
      execute: (statement) => one(session.execute(statement)),
    }
  }
  return { connect: counted, sent: () => sent }
}

const tables = (from: number, to: number) =>
  `DO $$ BEGIN FOR i IN ${from}..${to} LOOP
     EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, name text, total numeric(10,2), kind mood)', i);
     EXECUTE format('CREATE INDEX t%s_name ON t%s (name)', i, i);
   END LOOP; END $$`

// Indexes are recreated in batches of a hundred, because the lock table is finite. Here there are fewer.
describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test.each(
    Object.entries({ import: importing('types: copy'), mirror: mirroring('types: copy') }),
  )('%s: the number of statements does not grow with the number of tables', async (_, manifest) => {
    const fixture = await fixtureWithOwnSource(pair, `CREATE TYPE mood AS ENUM ('good'); ${tables(1, 3)}`)
    const parsed = await fixture.manifest(manifest)
    const asked = async (what: ParsedManifest) => {
      const { connect, sent } = counting(fixture.url)
      const session = await connect('plan')
      const sources = { connect, timeoutMilliseconds: 60_000 }
      const { plan } = await createPlan(session, what, { populate: true, sources }).finally(() => session.close())
      return { changes: changesOf(plan).length, sent: sent() }
    }
    const fromNothing = await asked(parsed)
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    const unchanged = await asked(parsed)
    expect(unchanged.changes).toBe(0)

    await runSql(fixture.source.url, tables(4, 45))
    const grown = await asked(parsed)
    expect(grown.changes).toBeGreaterThanOrEqual(42)
    expect(grown.sent).toBeLessThanOrEqual(fromNothing.sent + unchanged.sent)
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    expect(await asked(parsed)).toEqual(unchanged)
    await fixture.sql('DELETE FROM fdwsync.proof')
    expect((await asked(parsed)).sent, 'what is proven is not found out again').toBeGreaterThan(unchanged.sent)
  })
})
