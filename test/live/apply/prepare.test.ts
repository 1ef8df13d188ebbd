// The stage prepare: what is committed before the definitions, and faults between the two.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodeOf, planAndApply } from '../../../src/api/apply.ts'
import type { Connect } from '../../../src/db/connect.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { changesOf, missedOf, snapshot } from '../../support/outcomes.ts'
import { proxyTo, through } from '../../support/proxy.ts'

const manifest = (values: string, value: string) => `
version: 1
name: faults
search_path: [proxy]
servers: { shop: {} }
schemas:
  proxy:
    types: { mood: { enum: [${values}] } }
    foreign_tables:
      members: { server: shop, columns: { mood: { type: mood, default: "'${value}'" } } }
`
const old = manifest('sad, happy', 'sad')
const grown = manifest('sad, ok, happy', 'ok')

const values = "SELECT string_agg(enumlabel, ' ' ORDER BY enumsortorder) AS values FROM pg_enum"
const outcomes = 'SELECT outcome FROM fdwsync.apply ORDER BY started_at'
const isPrepared = { values: 'sad ok happy' }

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function setUp() {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(old), fixture.url)
    return { fixture, parsed: await fixture.manifest(grown) }
  }

  async function expectToConverge(fixture: Fixture, parsed: Awaited<ReturnType<Fixture['manifest']>>) {
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
    expect(await fixture.sql(values)).toEqual([isPrepared])
  }

  test('definitions that fail afterwards: what was prepared is kept and reported as applied', async () => {
    const { fixture, parsed } = await setUp()
    await fixture.sql(`CREATE FUNCTION public.no() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
                   CREATE EVENT TRIGGER no ON ddl_command_end WHEN TAG IN ('ALTER FOREIGN TABLE') EXECUTE FUNCTION public.no()`)
    // The probe does not notice, because it creates the table under another name instead of altering it.
    const { report } = await applyTo(parsed, fixture.url)
    expect(report?.steps.map(({ stage, outcome }) => `${stage} ${outcome.status}`)).toEqual([
      'prepare applied',
      'define failed',
    ])
    expect(missedOf(report)[0]).toContain('not today')
    expect(report && exitCodeOf(report)).toBe(1)
    expect(await fixture.sql(values)).toEqual([isPrepared])
    expect(await fixture.sql(outcomes)).toEqual([{ outcome: 'applied' }, { outcome: 'applied in part' }])
    await fixture.sql('DROP EVENT TRIGGER no')
    expect(changesOf(await planFor(parsed, fixture.url)).join()).not.toContain('mood')
    await expectToConverge(fixture, parsed)
  })

  /** Another session changes something before the stage begins, once. */
  function meddling(fixture: Fixture, stage: string, sql: string): Connect {
    let isDone = false
    async function meddle(purpose: string) {
      if (purpose !== stage || isDone) return
      isDone = true
      await fixture.sql(sql)
    }
    return async (purpose, secrets) => {
      await meddle(purpose)
      const session = await connectTo(fixture.url)(purpose, secrets)
      return { ...session, repurpose: (next) => meddle(next).then(() => session.repurpose(next)) }
    }
  }

  test.each([
    'prepare',
    'define',
  ])('a change just before the stage %s: the plan is stale, and nothing of the stage is applied', async (stage) => {
    const { fixture, parsed } = await setUp()
    const connect = meddling(fixture, stage, 'ALTER FOREIGN TABLE proxy.members ADD COLUMN extra text')
    const request = { parsed, connect, populate: true, options: applyDefaults }
    const failure = await planAndApply(request, async () => true).catch((error: unknown) => error)
    const hint =
      stage === 'define' ? 'Only type proxy.mood was changed. Plan again.' : 'Nothing was changed. Plan again.'
    expect(failure).toMatchObject({ exitCode: 3, problems: [{ hint }] })
    expect(await fixture.sql(values)).toEqual([stage === 'define' ? isPrepared : { values: 'sad happy' }])
    const ended =
      stage === 'define' ? [{ outcome: 'applied' }, { outcome: 'applied in part' }] : [{ outcome: 'applied' }]
    expect(await fixture.sql(outcomes)).toEqual(ended)
    await expectToConverge(fixture, parsed)
  })

  test('without confirmation, apply plans again and goes on', async () => {
    const { fixture, parsed } = await setUp()
    const connect = meddling(fixture, 'define', 'ALTER FOREIGN TABLE proxy.members ADD COLUMN extra text')
    const request = { parsed, connect, populate: true, unattended: true, options: applyDefaults }
    const { report } = await planAndApply(request, async () => true)
    expect(missedOf(report)).toEqual([])
    await expectToConverge(fixture, parsed)
  })

  test.each([
    { stage: 'prepare', fate: 'cut' },
    { stage: 'prepare', fate: 'send-and-cut' },
    { stage: 'define', fate: 'cut' },
    { stage: 'define', fate: 'send-and-cut' },
  ] as const)('the connection is lost in the COMMIT of $stage: $fate', async ({ stage, fate }) => {
    const { fixture, parsed } = await setUp()
    const before = await snapshot(fixture)
    const { hostname, port } = new URL(fixture.url)
    const proxy = await proxyTo({ host: hostname, port: Number(port) })
    let isCut = false
    proxy.onSend = (data, greeting) => {
      if (isCut || !greeting.includes(`fdwsync ${stage}`) || !data.includes('COMMIT\0')) return undefined
      isCut = true
      return fate
    }
    const outcome = await applyTo(parsed, through(proxy, fixture.url)).then(
      ({ report }) => missedOf(report).join(),
      (error: Error) => error.message,
    )
    if (fate === 'cut') expect(outcome).toMatch(/the connection to .* was lost/)
    else expect(outcome).toBe('')
    expect(isCut).toBe(true)
    if (stage === 'prepare' && fate === 'cut') expect(await snapshot(fixture)).toEqual(before)
    expect(await fixture.sql(values)).toEqual([
      stage === 'prepare' && fate === 'cut' ? { values: 'sad happy' } : isPrepared,
    ])
    expect(changesOf(await planFor(parsed, fixture.url)).length === 0).toBe(fate === 'send-and-cut')
    await expectToConverge(fixture, parsed)
  })
})
