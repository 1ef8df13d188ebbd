// Code that another role plants for unqualified names and operators to find. It must run neither in a plan nor in an apply,
// and the refusal names it and its owner.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { exitCode, FdwsyncError } from '../../../src/core/errors.ts'
import type { Plan } from '../../../src/core/plan.ts'
import { codeQuery } from '../../../src/introspector/code-query.ts'
import { createDatabase, runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo, manifestOf, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { newestMajor } from '../../support/majors.ts'
import { missedOf } from '../../support/outcomes.ts'
import { attacks, evaluated, manifestText } from './attacks.ts'
import { asMallory, hasRun, letMalloryIn, mallory, plantedLower, preparation, throwMalloryOut } from './mallory.ts'

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let target: TestDatabase
  beforeAll(async () => {
    target = await createDatabase(pair.target)
    await runSql(target.url, preparation)
  })
  afterAll(() => target.drop())
  beforeEach(() => letMalloryIn(target.url))
  afterEach(() => throwMalloryOut(target.url))

  const codeHazards = ({ changes }: Plan) =>
    changes.flatMap(({ hazards }) => hazards).filter(({ name }) => name === 'untrusted-code')

  test('the detector notices a call', async () => {
    await asMallory(target.url, plantedLower)
    await runSql(target.url, "SELECT lower('X'::varchar)")
    expect(await hasRun(target.url)).toBe(true)
  })

  test('the query for code is valid for references to any catalogs', async () => {
    const catalogs = ['class', 'collation', 'opclass', 'operator', 'proc', 'ts_config', 'ts_dict', 'type'].map(
      (name) => `pg_${name}`,
    )
    const sets = [catalogs, ...catalogs.flatMap((one) => catalogs.map((other) => [one, other]))]
    const texts = sets.map((set, at) => `PREPARE code_${at} (jsonb, text[]) AS ${codeQuery(new Set(set))}`)
    await expect(
      runSql(target.url, `SET search_path = pg_catalog; ${texts.join(';')}; DEALLOCATE ALL; RESET search_path`),
    ).resolves.toEqual([])
  })

  test('refreshes look in pg_catalog alone for their own operators, although the manifest has public before it', async () => {
    const own = await createDatabase(pair.target)
    onTestFinished(() => own.drop())
    const types = ['bigint', 'int', 'text', 'json', 'bool', 'regclass', 'oid', 'name']
    const trap = (type: string) => `CREATE FUNCTION public.trap(${type}, ${type}) RETURNS bool LANGUAGE plpgsql AS
      'BEGIN RAISE EXCEPTION ''planted''; END'; ${['=', '<>', '<', '>', '+', '-', '||'].map((name) => `CREATE OPERATOR public.${name} (LEFTARG = ${type}, RIGHTARG = ${type}, FUNCTION = public.trap)`).join(';')};`
    await runSql(
      own.url,
      `CREATE TABLE public.source AS SELECT id, 'a' AS word FROM generate_series(1, 3000) AS id; ${types.map(trap).join('')}`,
    )
    const table = (more: string) =>
      `{ query: "SELECT id, word FROM public.source", primary_key: [id], refresh: { ${more} } }`
    const parsed = await manifestOf(
      `version: 1\nname: planted\nsearch_path: [public, pg_catalog]\nschemas:\n  local:\n    tables:
      merged: ${table('strategy: merge')}\n      compared: ${table('strategy: compare')}
      marked: ${table('strategy: watermark, watermark: { column: id }')}\n`,
      {},
    )
    expect(missedOf((await applyTo(parsed, own.url)).report)).toEqual([])
    for (const change of [
      "UPDATE public.source SET word = 'b' WHERE id OPERATOR(pg_catalog.>) 2990",
      'TABLE public.source LIMIT 0',
    ]) {
      await runSql(own.url, change)
      const { views } = await refresh(parsed, [], connectTo(own.url), refreshDefaults)
      expect(views.map(({ outcome }) => outcome)).toEqual(
        views.map(() => expect.objectContaining({ status: 'applied' })),
      )
    }
  })

  describe.each(Object.entries(evaluated))('evaluated at once: %s', (_name, attack) => {
    test('is refused with its name and owner, and does not run', async () => {
      const parsed = await manifestOf(manifestText(attack), {})
      await asMallory(target.url, attack.plant)
      const { undetermined } = await planFor(parsed, target.url)
      const reasons = undetermined.map(({ reason }) => reason)
      expect(reasons).toEqual([expect.stringContaining(`${attack.finds}, which belongs to ${mallory}`)])
      const refused = await applyTo(parsed, target.url).catch((error: unknown) => error)
      expect(refused).toMatchObject({
        exitCode: exitCode.refused,
        message: expect.stringContaining(`${attack.finds}, which belongs to ${mallory}`),
      })
      expect(await hasRun(target.url)).toBe(false)
    })

    test('is evaluated by an apply that allows it', async () => {
      await asMallory(target.url, attack.plant)
      const { report } = await applyTo(await manifestOf(manifestText(attack), {}), target.url, {
        allow: ['untrusted-code'],
      })
      expect(report?.steps.map(({ outcome }) => outcome.status)).not.toContain('failed')
      expect(await hasRun(target.url)).toBe(true)
      await runSql(target.url, 'DROP SCHEMA shop, fdwsync CASCADE; DROP FOREIGN DATA WRAPPER IF EXISTS w')
    })
  })

  describe.each(Object.entries(attacks))('%s', (_name, attack) => {
    test('is refused with its name and owner, and does not run', async () => {
      const parsed = await manifestOf(manifestText(attack), {})
      if (!attack.isUnknownBefore) expect(codeHazards(await planFor(parsed, target.url))).toEqual([])
      await asMallory(target.url, attack.plant)
      const [hazard] = codeHazards(await planFor(parsed, target.url))
      expect(hazard?.detail).toContain(attack.finds)
      expect(hazard?.detail).toContain(mallory)
      const refused = await applyTo(parsed, target.url).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(FdwsyncError)
      expect(refused).toMatchObject({ exitCode: exitCode.refused, message: expect.stringContaining(attack.finds) })
      expect(await hasRun(target.url)).toBe(false)
    })

    test('is not refused if the manifest trusts its owner', async () => {
      await asMallory(target.url, attack.plant)
      const parsed = await manifestOf(manifestText(attack, `trusted_roles: [${mallory}]`), {})
      expect(codeHazards(await planFor(parsed, target.url))).toEqual([])
    })
  })
})
