// Fifty varied tables from nothing to a mirror, with the rows of both sides.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { oldSourceNewTarget } from '../../support/majors.ts'
import { mirroring } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'
import { indexesOf, rowsOf, sourceSql } from './varied-source.ts'

const moreSql = await readFile(join(import.meta.dirname, 'more.sql'), 'utf8')

const whole = mirroring(
  'types: copy\nrelations: [tables, views, materialized_views]\ntables: { plain_view: { exclude: true } }',
).replace('extensions: { postgres_fdw: {} }', 'extensions: { postgres_fdw: {}, citext: {}, hstore: {} }')

/** The rows of the tables that inherit from these are copied with theirs, so their keys are not unique in the copies. */
function inherited(...tables: readonly string[]): readonly unknown[] {
  return tables.map((table) => expect.stringMatching(`^index ${table}_pkey of the source is not created .* inherit`))
}

async function viewsOf(fixture: Fixture): Promise<readonly string[]> {
  const views = await fixture.sql("SELECT matviewname AS name FROM pg_matviews WHERE schemaname = 'local' ORDER BY 1")
  return views.map(({ name }) => String(name))
}

async function expectSameRows(fixture: Fixture): Promise<void> {
  const names = await viewsOf(fixture)
  expect(await rowsOf(fixture.url, 'local', names)).toEqual(await rowsOf(fixture.source.url, 'public', names))
}

describe.each(oldSourceNewTarget())('PostgreSQL $name', (pair: ServerPair) => {
  test('fifty tables into an empty database: rows, types and indexes as at the source, and a second plan is empty', async () => {
    const fixture = await fixtureWithOwnSource(pair, `${sourceSql};\n${moreSql}`)
    const parsed = await fixture.manifest(whole)
    const { plan, report } = await applyTo(parsed, fixture.url)
    expect(missedOf(report)).toEqual([])
    expect(plan.undetermined).toEqual([])
    expect(plan.warnings.map(({ message }) => message)).toEqual([
      ...inherited('by_status', 'parent'),
      expect.stringMatching(
        /^index own_function_idx of the source is not created on local.own_function: it calls public.own\(\), which is not immutable and built-in/,
      ),
    ])
    const names = await viewsOf(fixture)
    expect(names).toHaveLength(50)
    await expectSameRows(fixture)
    // Without those that cannot exist on a view: indexes of partitions, those that are unique within a parent alone, and one over a
    // function of the source.
    const indexes = await indexesOf(fixture.source.url, 'public')
    const wanted = indexes.filter(
      (index) => !/^(own_function_idx|(by_status|parent)_pkey|(parted|listed)_(\d|new|rest))/.test(index),
    )
    expect(await indexesOf(fixture.url, 'local')).toEqual(wanted)
    const again = await planFor(parsed, fixture.url)
    expect({ changes: changesOf(again), undetermined: again.undetermined }).toEqual({ changes: [], undetermined: [] })
    const refreshed = await refresh(parsed, [], connectTo(fixture.url), { ...applyDefaults, hidden: [] })
    expect(refreshed.views.filter(({ outcome }) => outcome.status !== 'applied')).toEqual([])
  })
})
