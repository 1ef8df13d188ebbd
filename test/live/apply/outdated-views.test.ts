// Views that an alteration outdates: they are loaded again, also by a later apply if this one cannot.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { refresh } from '../../../src/api/refresh.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { head } from '../../support/manifests.ts'
import { changesOf } from '../../support/outcomes.ts'

const manifest = (columns: Readonly<Record<string, string>>) =>
  head() +
  stringify({
    schemas: {
      p: {
        foreign_tables: {
          orders: { server: 'shop', options: { schema_name: 'public', table_name: 'orders' }, columns },
        },
        materialized_views: {
          json: { query: 'SELECT to_jsonb(o) AS j FROM p.orders o WHERE 1 / (SELECT divisor FROM public.divisor) = 1' },
        },
      },
    },
  })

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('a view whose load fails is planned again, and not once it has been loaded', async () => {
    const fixture = await fixtureFor(pair, source)
    await fixture.sql('CREATE TABLE public.divisor AS SELECT 1 AS divisor')
    await applyTo(await fixture.manifest(manifest({ id: 'int' })), fixture.url)
    await fixture.sql('UPDATE public.divisor SET divisor = 0')
    const changed = await fixture.manifest(manifest({ id: 'int', total: 'numeric' }))
    const { report } = await applyTo(changed, fixture.url)
    expect(report?.steps.map(({ title, outcome }) => `${outcome.status} ${title}`)).toEqual([
      'applied foreign table p.orders',
      'failed materialized view p."json"',
    ])
    await fixture.sql('UPDATE public.divisor SET divisor = 1')
    const again = await planFor(changed, fixture.url)
    expect(changesOf(again)).toEqual(['replace materialized view p."json"'])
    expect(again.changes.map(({ cause, because }) => [cause, because])).toEqual([
      ['dependency', ['foreign table p.orders']],
    ])
    await applyTo(changed, fixture.url)
    expect(await fixture.sql('SELECT min(j::text) AS least FROM p.json')).toEqual([
      { least: expect.stringContaining('total') },
    ])
    expect(changesOf(await planFor(changed, fixture.url))).toEqual([])

    // A refresh loads it too, whoever runs it.
    for (const load of [
      () => refresh(changed, [], connectTo(fixture.url), refreshDefaults),
      () => fixture.sql(`SELECT FROM fdwsync.refresh('p."json"')`),
    ]) {
      await fixture.sql(
        `DELETE FROM fdwsync.proof; UPDATE fdwsync.object SET outdated_by = '{something}' WHERE address LIKE '%,"json"]'`,
      )
      expect(changesOf(await planFor(changed, fixture.url))).toEqual(['replace materialized view p."json"'])
      await load()
      expect(changesOf(await planFor(changed, fixture.url))).toEqual([])
    }
  })
})
