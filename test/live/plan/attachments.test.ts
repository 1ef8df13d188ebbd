// What is attached to a relation that is replaced: a plan claims to keep only what it could try.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { missedOf } from '../../support/outcomes.ts'

const manifest = (type: string) =>
  head() + stringify({ schemas: { p: { materialized_views: { v: { query: `SELECT '1'::${type} AS total` } } } } })

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('an index that would run code as it is created is neither kept nor lost in a plan, and tried by an apply', async () => {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest('text')), fixture.url)
    await fixture.sql(`
      CREATE FUNCTION public.mark() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN '!'; END $$;
      CREATE INDEX marked ON p.v ((total::text || public.mark()));
      CREATE INDEX by_total ON p.v (total)`)
    const changed = await fixture.manifest(manifest('int'))
    const plan = await planFor(changed, fixture.url)
    expect(plan.changes.map(({ predecessor }) => predecessor?.keeps)).toEqual([['index p.by_total']])
    expect(plan.undetermined.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^whether it can keep index p\.marked is unknown: creating it would run .*public\.mark/),
    ])
    const { report } = await applyTo(changed, fixture.url)
    expect(missedOf(report)).toEqual([])
    expect(await fixture.sql(`SELECT indexname FROM pg_indexes WHERE tablename = 'v' ORDER BY 1`)).toEqual([
      { indexname: 'by_total' },
      { indexname: 'marked' },
    ])
  })
})
