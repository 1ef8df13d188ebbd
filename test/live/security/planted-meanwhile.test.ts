// Code that another role plants after the plan was approved: it must not run in the apply.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { planAndApply } from '../../../src/api/apply.ts'
import { exitCode } from '../../../src/core/errors.ts'
import { createDatabase, runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, applyTo, connectTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { newestMajor } from '../../support/majors.ts'
import {
  asMallory,
  hasRun,
  letMalloryIn,
  mallory,
  planted,
  plantedLower,
  plantedOperator,
  preparation,
} from './mallory.ts'

const manifestWith = (schemas: string) => `version: 1\nname: attacked\nschemas:\n  shop:\n${schemas}`
const view = (query: string, more = '') =>
  manifestWith(`    materialized_views: { v: { query: ${JSON.stringify(query)}${more} } }`)

// What an apply looks up again before it runs code does not depend on the version; that a plan finds it is tested on each.
describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let target: TestDatabase
  beforeEach(async () => {
    target = await createDatabase(pair.target)
    await runSql(target.url, preparation)
    await letMalloryIn(target.url)
  })
  afterEach(() => target.drop())

  /** Applies a manifest while mallory plants something right after its plan is approved. */
  async function applyWhilePlanting(text: string, plant: string, unattended = false) {
    let isPlanted = false
    const request = {
      parsed: await manifestOf(text, {}),
      connect: connectTo(target.url),
      populate: true,
      unattended,
      options: { ...applyDefaults, lockTimeoutMilliseconds: 3000 },
    }
    return planAndApply(request, async () => {
      if (!isPlanted) await asMallory(target.url, plant)
      isPlanted = true
      return true
    })
  }
  const apply = async (text: string) => applyTo(await manifestOf(text, {}), target.url)
  const rows = (query: string) => runSql(target.url, query)

  test.each([
    [
      'a function',
      'SELECT lower(name) AS n FROM px.customers',
      plantedLower,
      'function public.lower(character varying)',
    ],
    [
      'an operator',
      'SELECT id FROM px.customers JOIN px.orders USING (id, name)',
      `${planted('planted(varchar, varchar)', 'boolean', 'true')}; CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = public.planted)`,
      'operator public.=(character varying,character varying)',
    ],
  ])('%s for a new view makes the plan stale', async (_name, query, plant, title) => {
    await expect(applyWhilePlanting(view(query), plant)).rejects.toMatchObject({
      exitCode: exitCode.stale,
      message: expect.stringContaining(`${title}, which belongs to ${mallory}`),
    })
    expect(await rows("SELECT FROM pg_matviews WHERE schemaname = 'shop'")).toEqual([])
    expect(await hasRun(target.url)).toBe(false)
  })

  test.each([
    [
      'the constant in a generated column',
      '{ name: text, low: { type: text, generated: "name || md5(\'X\'::varchar)" } }',
      planted('md5(varchar)', 'text', "'evil'"),
      'public.md5(character varying)',
    ],
    [
      'the type of a literal',
      '{ name: { type: "code[]", default: "\'{x}\'" } }',
      'CREATE DOMAIN public.code AS text CHECK (m.hit() > 0)',
      'domain public.code',
    ],
  ])('%s makes the plan stale before it is evaluated', async (_name, columns, plant, title) => {
    await runSql(target.url, 'CREATE SCHEMA own; CREATE DOMAIN own.code AS text')
    const table = manifestWith(`    foreign_tables: { f: { server: nowhere, columns: ${columns} } }`)
    const text = table.replace('schemas:', 'search_path: [public, own]\nschemas:')
    await expect(applyWhilePlanting(text, plant)).rejects.toMatchObject({
      exitCode: exitCode.stale,
      message: expect.stringContaining(`${title}, which belongs to ${mallory}`),
    })
    expect(await hasRun(target.url)).toBe(false)
  })

  test('a parent that is planted in a schema before its own makes the plan stale', async () => {
    await runSql(target.url, 'CREATE SCHEMA own; CREATE TABLE own.base (id int)')
    const table = manifestWith(
      '    foreign_tables: { f: { server: nowhere, columns: { name: text }, inherits: [base] } }',
    )
    const text = table.replace('schemas:', 'search_path: [public, own]\nschemas:')
    await expect(applyWhilePlanting(text, 'CREATE TABLE public.base (id int)')).rejects.toMatchObject({
      exitCode: exitCode.stale,
      message: expect.stringContaining(`table public.base, which belongs to ${mallory}`),
    })
  })

  test('an unattended apply plans again, and refuses that plan', async () => {
    const refused = applyWhilePlanting(view('SELECT lower(name) AS n FROM px.customers'), plantedLower, true)
    await expect(refused).rejects.toMatchObject({
      exitCode: exitCode.refused,
      message: expect.stringContaining('function public.lower(character varying)'),
    })
    expect(await hasRun(target.url)).toBe(false)
  })

  test('a function for a replacement fails its step before anything is loaded', async () => {
    await apply(view('SELECT name AS n FROM px.customers'))
    const { report } = await applyWhilePlanting(view('SELECT lower(name) AS n FROM px.customers'), plantedLower)
    const [outcome] = (report?.steps ?? []).map((step) => step.outcome)
    expect(JSON.stringify(outcome)).toContain('function public.lower(character varying)')
    expect(await hasRun(target.url)).toBe(false)
    expect(await rows('SELECT n FROM shop.v ORDER BY n')).toEqual([{ n: 'Ann' }, { n: 'Bob' }])
  })

  const indexed = ', indexes: { v_low: { columns: [{ expression: lower(name) }], where: "lower(name) <> \'x\'" } }'
  test.each([
    ['new', indexed],
    ['changed', `${indexed.replace("'x'", "'y'")}`],
  ])('a %s index of a view that holds data means what the plan has shown', async (kind, more) => {
    await apply(view('SELECT id, name FROM px.customers', kind === 'changed' ? indexed : ''))
    await applyWhilePlanting(view('SELECT id, name FROM px.customers', more), plantedLower)
    expect(await hasRun(target.url)).toBe(false)
    const [index] = await rows("SELECT pg_get_indexdef('shop.v_low'::regclass) AS text")
    expect(index?.text).toContain('lower((name)::text)')
  })

  test('so do statistics of a view that holds data', async () => {
    await apply(view('SELECT id, name FROM px.customers'))
    const more = ', statistics: { v_low: { expressions: [lower(name)] } }'
    await applyWhilePlanting(view('SELECT id, name FROM px.customers', more), plantedLower)
    expect(await hasRun(target.url)).toBe(false)
    const [statistics] = await rows(
      "SELECT pg_get_statisticsobjdef(oid) AS text FROM pg_statistic_ext WHERE stxname = 'v_low'",
    )
    expect(statistics?.text).toContain('lower(name::text)')
  })

  test('so does an index of a replacement', async () => {
    await apply(view('SELECT id, name FROM px.customers', indexed))
    await applyWhilePlanting(view('SELECT id, name, note FROM px.customers', indexed), plantedLower)
    expect(await hasRun(target.url)).toBe(false)
    expect(await rows('SELECT count(note)::int AS n FROM shop.v')).toEqual([{ n: 2 }])
  })

  test('so does a check that is added to a domain with stored values', async () => {
    const domain = (checks: string) =>
      manifestWith(`    types: { code: { domain: varchar, checks: { c: ${JSON.stringify(checks)} } } }`)
    await apply(domain('length(VALUE) > 0'))
    await runSql(target.url, "CREATE TABLE px.codes (code shop.code); INSERT INTO px.codes VALUES ('x')")
    await applyWhilePlanting(domain("lower(VALUE) <> 'y'"), plantedLower)
    expect(await hasRun(target.url)).toBe(false)
    const [check] = await rows("SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = 'c'")
    expect(check?.text).toContain('lower((VALUE)::text)')
  })

  test('so does an unmanaged view that is rebuilt with what it reads', async () => {
    await apply(view('SELECT id, name, note FROM px.customers'))
    await runSql(
      target.url,
      `CREATE MATERIALIZED VIEW px.report AS SELECT concat(name::text, note) AS n FROM shop.v;
       CREATE VIEW px.plain AS SELECT concat(name::text, note) AS n FROM shop.v`,
    )
    const plant = planted('concat(text, text)', 'text', "'evil'")
    await applyWhilePlanting(view('SELECT id, name, note, total FROM px.customers'), plant)
    expect(await hasRun(target.url)).toBe(false)
    expect(await rows('SELECT n FROM px.report UNION SELECT n FROM px.plain ORDER BY n')).toEqual([
      { n: 'Annx' },
      { n: 'Boby' },
    ])
  })

  test.each([
    ['columns stay', 'SELECT id, name, note, total FROM px.customers', ''],
    ['columns change their type', 'SELECT id::bigint AS id, name FROM px.customers', ''],
    [
      'data is copied',
      'SELECT id, name, note, total FROM px.customers',
      "CREATE MATERIALIZED VIEW m.copy AS SELECT id, '{x}'::m.code[] AS codes FROM shop.v WITH NO DATA",
    ],
  ])("literals in another role's view are not read again as who applies, where its %s", async (_name, query, more) => {
    await apply(view('SELECT id, name FROM px.customers'))
    await runSql(target.url, `GRANT USAGE ON SCHEMA shop TO ${mallory}`)
    await asMallory(
      target.url,
      `CREATE DOMAIN m.code AS text CHECK (m.hit() > 0); CREATE VIEW m.reader AS SELECT id, '{x}'::m.code[] AS codes FROM shop.v;
       ${more}`,
    )
    await runSql(target.url, "SELECT setval('m.hits', 1, false)")
    const { report } = await apply(view(query)).catch(() => ({ report: undefined }))
    expect(await hasRun(target.url)).toBe(false)
    expect(report?.steps.filter(({ outcome }) => outcome.status === 'applied') ?? []).toEqual([])
  })

  test.each([
    ['IN', '=', 'WHERE name IN (note::varchar, name)'],
    ['IN (SELECT)', '=', 'WHERE name IN (SELECT name FROM px.orders)'],
    ['CASE', '=', 'WHERE CASE name WHEN note::varchar THEN true END'],
    ['JOIN USING', '=', 'JOIN px.orders USING (id, name)'],
    ['BETWEEN', '>=', 'WHERE name BETWEEN note::varchar AND note::varchar'],
    ['LIKE', '~~', 'WHERE name LIKE note::varchar'],
  ])('an operator for %s is noticed although nothing else has changed', async (_name, operator, where) => {
    const text = view(`SELECT id FROM px.customers ${where}`)
    await apply(text)
    expect((await planFor(await manifestOf(text, {}), target.url)).changes).toEqual([])
    await asMallory(target.url, plantedOperator(operator, 'varchar'))
    const { changes, warnings } = await planFor(await manifestOf(text, {}), target.url)
    // The deparsed text of CASE and USING has no operator, so the view shows no difference, and stays as it is.
    const reported = [...changes.flatMap(({ hazards }) => hazards), ...warnings]
    expect(JSON.stringify(reported)).toContain(
      `operator public.${operator}(character varying,character varying), which belongs to ${mallory}`,
    )
    expect(await hasRun(target.url)).toBe(false)
  })

  test('a function that another role comes to own is reported by the next plan', async () => {
    const text = view('SELECT twice(id) AS n FROM px.customers')
    await runSql(target.url, "CREATE FUNCTION public.twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2'")
    await apply(text)
    expect((await planFor(await manifestOf(text, {}), target.url)).warnings).toEqual([])
    await runSql(target.url, `ALTER FUNCTION public.twice(int) OWNER TO ${mallory}`)
    expect(await planFor(await manifestOf(text, {}), target.url)).toMatchObject({
      changes: [],
      warnings: [{ code: 'object/untrusted-code', message: expect.stringContaining(mallory) }],
    })
  })
})
