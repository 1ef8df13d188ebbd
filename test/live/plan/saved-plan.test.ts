// Saved plans: what apply does is what the file says, and a file that no longer fits is refused with the reason.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { dataDigest } from '../../../src/introspector/digests.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { runHere } from '../../support/command-here.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { mirroring, shopManifest } from '../../support/manifests.ts'
import { snapshot } from '../../support/outcomes.ts'

const first = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
const second = shopManifest({
  orders: 'SELECT id, total * 2 AS total FROM proxy.orders',
  members: 'SELECT * FROM proxy.customers',
})
const schema = JSON.parse(readFileSync(new URL('../../../schemas/saved-plan.schema.json', import.meta.url), 'utf8'))
const isValid = new Ajv2020({ formats: { 'date-time': true } }).compile(schema)

type Json = Readonly<Record<string, unknown>>

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-plan-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

async function savePlan(fixture: Fixture, manifest: string, ...more: readonly string[]): Promise<string> {
  const file = join(newFolder(), 'plan.json')
  const planned = await run(fixture, ['plan', '--out', file, ...more], manifest)
  expect(planned, planned.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining('to apply exactly this') })
  return file
}

const applyFile = (fixture: Fixture, file: string, ...more: readonly string[]) =>
  run(fixture, ['apply', file, '--auto-approve', ...more], undefined)

/** The file with something changed, and a digest that is right again. */
function edited(file: string, edit: (plan: Json) => Json): string {
  const { digest: _, ...content } = JSON.parse(readFileSync(file, 'utf8')) as Json
  const changed = edit(content)
  const path = join(newFolder(), 'plan.json')
  writeFileSync(path, JSON.stringify({ ...changed, digest: dataDigest(changed) }))
  return path
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('a saved plan is shown as it was planned, applied once, and leaves nothing to do', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyFile(fixture, await savePlan(fixture, first))
    const withTable = `${second}    tables: { kept: { query: SELECT * FROM proxy.orders, primary_key: [id] } }\n`
    const file = await savePlan(fixture, withTable)
    const text = readFileSync(file, 'utf8')
    const saved = JSON.parse(text)
    expect(isValid(saved), JSON.stringify(isValid.errors)).toBe(true)
    expect(text).not.toContain(fixture.env.SOURCE_PASSWORD)
    const planned = await run(fixture, ['plan', '--verbose'], withTable)
    const shown = await run(fixture, ['show', file, '--verbose'], undefined)
    expect([shown.code, shown.stdout]).toEqual([0, planned.stdout])
    expect(await runHere(['show', '-', '--verbose'], {}, text)).toMatchObject({ code: 0, stdout: planned.stdout })
    const applied = await applyFile(fixture, file, '--format', 'json')
    const report = JSON.parse(applied.stdout)
    expect([applied.code, report.apply]).toEqual([0, saved.apply])
    const stepsOf = (steps: readonly Json[]) => steps.map(({ stage, title }) => `${stage}: ${title}`).toSorted()
    expect(stepsOf(report.steps)).toEqual(stepsOf(saved.plan.steps))
    expect((await run(fixture, ['plan', '--detailed-exitcode'], withTable)).code).toBe(0)
    const before = await snapshot(fixture)
    const again = await applyFile(fixture, file)
    expect([again.code, again.stderr]).toEqual([3, expect.stringMatching(/has been applied already$/m)])
    expect(await snapshot(fixture)).toEqual(before)
  })

  test('the first plan of a database with tables as copies can be saved and applied', async () => {
    const fixture = await fixtureFor(pair, source)
    const over = 'schemas: { local: { tables: { counts: { query: SELECT count(*) AS n FROM local.customers } } } }'
    const manifest = `${mirroring('as: tables')}${over}\n`
    expect(await applyFile(fixture, await savePlan(fixture, manifest))).toMatchObject({ code: 0 })
  })

  test('what changed since the plan was saved makes it stale: exit 3, nothing is done', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyFile(fixture, await savePlan(fixture, first))
    const file = await savePlan(fixture, second)
    const changes = {
      "ALTER SERVER shop OPTIONS (ADD fetch_size '7')": 'what has to be done has changed: server shop',
      'CREATE MATERIALIZED VIEW local.members AS SELECT 1 AS id': 'materialized view local.members',
      'CREATE VIEW public.reader AS SELECT * FROM local.orders': 'materialized view local.orders',
      "COMMENT ON FOREIGN TABLE proxy.customers IS 'x'": 'other sessions have changed: foreign table proxy.customers',
    }
    const undo = [
      'ALTER SERVER shop OPTIONS (DROP fetch_size)',
      'DROP MATERIALIZED VIEW local.members',
      'DROP VIEW public.reader',
    ]
    for (const [at, [sql, reason]] of Object.entries(changes).entries()) {
      await fixture.sql(sql)
      const before = await snapshot(fixture)
      const { code, stderr } = await applyFile(fixture, file)
      expect([code, stderr], sql).toEqual([3, expect.stringContaining(reason)])
      expect(await snapshot(fixture), sql).toEqual(before)
      await fixture.sql(undo[at] ?? 'COMMENT ON FOREIGN TABLE proxy.customers IS NULL')
    }
    // What the plan neither reads nor touches may change.
    await fixture.sql('CREATE TABLE public.unrelated (); CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw')
    expect(await applyFile(fixture, file)).toMatchObject({ code: 0 })
  })

  test('a refresh between plan and apply, even by swap, does not make a saved plan stale; nor does an object that it does not need', async () => {
    const fixture = await fixtureFor(pair, source)
    const both = shopManifest({
      orders: 'SELECT id, total FROM proxy.orders',
      members: 'SELECT * FROM proxy.customers',
    })
    await applyFile(fixture, await savePlan(fixture, both))
    const file = await savePlan(fixture, both.replace('id, total FROM', 'id, total * 2 AS total FROM'))
    const oids = () => fixture.sql("SELECT 'local.orders'::regclass::oid, 'local.members'::regclass::oid AS members")
    const before = await oids()
    expect(await run(fixture, ['refresh', '--strategy', 'swap'], both)).toMatchObject({ code: 0 })
    expect(await oids()).not.toEqual(before)
    await fixture.sql("GRANT SELECT ON local.members TO PUBLIC; COMMENT ON FOREIGN TABLE proxy.customers IS 'x'")
    await fixture.sql('CREATE INDEX by_hand ON local.members (name)')
    const applied = await applyFile(fixture, file)
    expect([applied.code, applied.stderr.includes('error')]).toEqual([0, false])
    expect(await fixture.sql('SELECT max(total)::float8 FROM local.orders')).toEqual([{ max: 150 }])
    const later = await savePlan(fixture, both)
    await fixture.sql('GRANT SELECT ON local.orders TO PUBLIC')
    const refused = await applyFile(fixture, later)
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('materialized view local.orders')])
  })

  test('another target, another file, another value of a reference: refused, nothing is done', async () => {
    const fixture = await fixtureFor(pair, source)
    const other = await fixtureFor(pair, source)
    const file = await savePlan(fixture, first, '--target', 'production')
    const production = ['--target', 'production']
    const cases: readonly (readonly [Fixture, readonly string[], number, string])[] = [
      [fixture, [file], 4, 'its label is "production", here it is none'],
      [fixture, [file, '--target', 'staging'], 4, 'here it is "staging"'],
      [other, [file, ...production], 4, 'another target: database'],
      [
        fixture,
        [
          edited(file, (plan) => ({ ...plan, target: { ...(plan.target as Json), systemIdentifier: '1' } })),
          ...production,
        ],
        4,
        'of another cluster',
      ],
      [
        fixture,
        [edited(file, (plan) => ({ ...plan, target: { ...(plan.target as Json), databaseOid: 1 } })), ...production],
        4,
        'has been recreated since',
      ],
      [fixture, ['missing.json'], 4, 'no such file'],
      [fixture, [file, '--no-populate'], 64, "option '--no-populate' cannot be used with a saved plan"],
    ]
    for (const [on, args, code, reason] of cases) {
      const ended = await run(on, ['apply', '--auto-approve', ...args], undefined)
      expect([ended.code, ended.stderr], String(args)).toEqual([code, expect.stringContaining(reason)])
    }
    const labelled = await savePlan(
      { ...fixture, env: { ...fixture.env, ENVIRONMENT: 'one' } },
      first.replace('name: faults', 'name: faults\ntarget: "${env:ENVIRONMENT}"'),
    )
    const elsewhere = await run(fixture, ['apply', '--auto-approve', labelled], undefined, { ENVIRONMENT: 'two' })
    expect([elsewhere.code, elsewhere.stderr]).toEqual([
      4,
      expect.stringContaining('its label is "one", here it is "${env:ENVIRONMENT}"'),
    ])
    const ended = await run(fixture, ['apply', '--auto-approve', file, ...production], undefined, { SOURCE_PORT: '1' })
    expect([ended.code, ended.stderr]).toEqual([3, expect.stringContaining('resolve to other values')])
    expect(await fixture.sql("SELECT FROM pg_namespace WHERE nspname IN ('fdwsync', 'local')")).toEqual([])
    const applied = await run(
      { ...fixture, env: { ...fixture.env, FDWSYNC_TARGET: 'production' } },
      ['apply', '--auto-approve', file],
      undefined,
    )
    expect([applied.code, applied.stderr.includes('error')]).toEqual([0, false])
  })

  test('one role plans, another one applies', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyFile(fixture, await savePlan(fixture, first))
    const planner = await fixture.role()
    // It reads what it compares, but not the options of the user mapping.
    await fixture.sql(`
      GRANT CREATE, TEMP ON DATABASE ${fixture.target.name} TO ${planner.user};
      GRANT USAGE ON SCHEMA fdwsync, proxy, local TO ${planner.user};
      GRANT SELECT ON ALL TABLES IN SCHEMA fdwsync, proxy, local TO ${planner.user};
      GRANT USAGE ON FOREIGN SERVER shop TO ${planner.user}`)
    const file = await savePlan({ ...fixture, url: planner.url }, second)
    // An apply of this plan that has failed, and so changed nothing.
    const { apply } = JSON.parse(readFileSync(file, 'utf8'))
    await fixture.sql(`
      INSERT INTO fdwsync.apply
      SELECT (jsonb_populate_record(a, '{"id": "${apply}", "outcome": "failed"}')).* FROM fdwsync.apply a LIMIT 1`)
    expect(await applyFile(fixture, file)).toMatchObject({ code: 0 })
    expect(await fixture.sql('SELECT outcome FROM fdwsync.apply ORDER BY 1')).toEqual(
      ['applied', 'applied', 'failed'].map((outcome) => ({ outcome })),
    )
  })

  test('what cannot be applied, or contains a secret, is not saved', async () => {
    const fixture = await fixtureFor(pair, source)
    const file = join(newFolder(), 'plan.json')
    const secret = first.replace('${env:SOURCE_PASSWORD}', 'hunter2hunter2')
    expect(secret).not.toBe(first)
    const refused = await run(fixture, ['plan', '--out', file], secret)
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringContaining('it would contain a secret in plain text'),
    ])
    await applyFile(fixture, await savePlan(fixture, first))
    await fixture.sql('CREATE VIEW public.reader AS SELECT * FROM local.orders')
    const dropped = await run(fixture, ['plan', '--out', file], shopManifest({}))
    expect([dropped.code, dropped.stderr]).toEqual([4, expect.stringContaining('the plan was not saved')])
    expect(() => readFileSync(file)).toThrow('ENOENT')
  })
})
