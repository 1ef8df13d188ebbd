// Each type of a watermark, by the command and by fdwsync.refresh(): both read the same rows from the same value on.

import { expect, test } from 'vitest'
import { refresh } from '../../src/api/refresh.ts'
import { watermarkTypes } from '../../src/kinds/table/refresh/watermark-column.ts'
import { runSql } from '../servers/databases.ts'
import { applyTo, connectTo, refreshDefaults } from '../support/fdwsync.ts'
import { fixtureWithOwnSource } from '../support/fixture.ts'
import { crossedMajors } from '../support/majors.ts'
import { importHead } from '../support/manifests.ts'

/** Values that grow, and what is subtracted from the highest one: the default, less, and as far as the type goes. */
const columns: Readonly<
  Record<(typeof watermarkTypes)[number], readonly [first: string, last: string, overlap: string]>
> = {
  smallint: ['1', '32767', '32767'],
  integer: ['-2147483648', '2000000000', '999999999999999999'],
  bigint: ['1', '9223372036854775807', '10'],
  numeric: ['1.5', '1000000000000000000000.25', '0.5'],
  'timestamp with time zone': ['2026-01-01 00:00:00.000001+02', '2026-03-29 02:30:00+00', '1.5d'],
  'timestamp without time zone': ['2026-01-01', '2026-02-01', '90s'],
  date: ['2026-01-01', '2026-02-01', '2d'],
}

const names = watermarkTypes.map((type) => type.replaceAll(' ', '_'))

test.each(crossedMajors())('PostgreSQL $name: each type of a watermark', async (pair) => {
  const list = watermarkTypes.map((type, at) => `"Of %1$s ${names[at]}" ${type}`).join(', ')
  const fixture = await fixtureWithOwnSource(
    pair,
    `CREATE TABLE facts (id int PRIMARY KEY, note text, ${list});
     INSERT INTO facts SELECT 1, 'first', ${watermarkTypes.map((type) => `'${columns[type][0]}'::${type}`).join(', ')}`,
  )
  const tables = watermarkTypes.map(
    (type, at) => `      of_${names[at]}:
        query: SELECT * FROM proxy.facts
        primary_key: [id]
        refresh: { watermark: { column: "Of %1$s ${names[at]}", overlap: ${columns[type][2]}, deletes: never, full: never } }`,
  )
  const parsed = await fixture.manifest(`${importHead}
schemas:
  proxy: { imports: [{ server: shop, remote_schema: public }] }
  local:
    tables:
${tables.join('\n')}
`)
  await applyTo(parsed, fixture.url)
  const byCommand = async () =>
    (await refresh(parsed, [], connectTo(fixture.url), refreshDefaults)).views.map(({ title, how, because, written }) =>
      [title.replace('table local.', ''), how, written?.inserted, written?.updated, written?.deleted, because].join(
        ' ',
      ),
    )
  const byFunction = async () => {
    const rows = await fixture.sql(
      names
        .map(
          (name) =>
            `SELECT concat_ws(' ', 'of_${name}', how, inserted, updated, deleted, because) AS row FROM fdwsync.refresh('local.of_${name}')`,
        )
        .join(' UNION ALL '),
    )
    return rows.map(({ row }) => String(row))
  }
  await byCommand()
  await runSql(
    fixture.source.url,
    `INSERT INTO facts SELECT 2, 'last', ${watermarkTypes.map((type) => `'${columns[type][1]}'::${type}`).join(', ')}`,
  )
  const inserted = (await byFunction()).toSorted()
  expect(inserted.map((line) => line.replace(/ changes since.*/, ''))).toEqual(
    names.map((name) => `of_${name} watermark 1 0 0`).toSorted(),
  )
  const reached = (await byCommand()).toSorted()
  expect((await byFunction()).toSorted()).toEqual(reached)
  expect(reached.filter((line) => !line.includes('watermark 0 0 0 changes since'))).toEqual([])
})
