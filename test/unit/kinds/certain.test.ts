import { expect, test } from 'vitest'
import { createRunDigests } from '../../../src/introspector/digests.ts'
import { isShownAsWritten } from '../../../src/kinds/facets/columns/shown-as-written.ts'
import { certainTables } from '../../../src/kinds/foreign-table/certain.ts'
import { foreignTable } from '../../../src/kinds/foreign-table/foreign-table.ts'
import { parseManifest } from '../../../src/manifest/parse.ts'
import { notShownAsWritten, shownAsWritten } from './shown-as-written.ts'

test('types that PostgreSQL shows as they are written', () => {
  expect(shownAsWritten.filter((type) => !isShownAsWritten(type) || !isShownAsWritten(`${type}[]`))).toEqual([])
  expect(notShownAsWritten.filter(isShownAsWritten)).toEqual([])
})

const column = (more: object) => ({ columns: { a: { type: 'text', ...more } } })

/** What makes a foreign table one that is tried out. */
const uncertain: Readonly<Record<string, object>> = {
  'a type of the database': column({ type: 'mood' }),
  'a default that is computed': column({ default: 'now()' }),
  'a default with a quote': column({ default: "'it''s'" }),
  'a default with a backslash': column({ default: "'a\\b'" }),
  'a default of another type': column({ type: 'date', default: "'2026-01-01'" }),
  'a generated column': column({ generated: '1' }),
  'a collation': column({ collation: 'C' }),
  statistics: column({ statistics: '7' }),
  storage: column({ storage: 'main' }),
  attributes: column({ attributes: { n_distinct: '5' } }),
  'a mark of NOT NULL': column({ not_null: { no_inherit: true } }),
  'an option of a column': column({ options: { other: 'x' } }),
  'an option': { options: { fetch_size: '100' } },
  'a name of a system column': { columns: { ctid: 'text' } },
  'too many columns': { columns: Object.fromEntries(Array.from({ length: 1601 }, (_, at) => [`c${at}`, 'text'])) },
  'a check': { checks: { c: 'true' } },
  'a parent': { inherits: ['p'] },
}

const formOf = async (more: object) => {
  const table = { server: 's', columns: { a: 'text' }, options: { table_name: 'ü' }, comment: 'ü', ...more }
  const text = JSON.stringify({ version: 1, name: 'm', schemas: { s: { foreign_tables: { t: table } } } })
  const { manifest } = await parseManifest('m.yaml', Buffer.from(text), {
    env: () => undefined,
    file: () => ({ reason: '', hint: '' }),
  })
  const [declared] = foreignTable.declare(manifest, createRunDigests())
  return certainTables.formOf(
    foreignTable.settle(declared?.spec as Parameters<typeof certainTables.formOf>[0], undefined, undefined),
  )
}

test('a foreign table that is certain rests on its server', async () => {
  expect((await formOf({}))?.basis).toEqual({ kind: 'server', name: 's' })
  expect(await formOf(column({ not_null: true, comment: 'x', options: { column_name: 'y' } }))).toBeDefined()
  expect((await formOf(column({ default: "'ü'" })))?.shown.columns.a?.default).toBe("'ü'::text")
})

test.each(Object.entries(uncertain))('%s makes it uncertain', async (_, more) => {
  expect(await formOf(more)).toBeUndefined()
})
