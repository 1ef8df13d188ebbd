// A second plan of imports that are in place: what is asked of the source again.

import { describe, expect, test } from 'vitest'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import { fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { mirroring } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const source = `
  CREATE TYPE mood AS ENUM ('good', 'bad');
  CREATE DOMAIN amount AS numeric(10,2) CONSTRAINT positive CHECK (VALUE > 0);
  CREATE TABLE orders (id int PRIMARY KEY, note text, total amount, mood mood);
  CREATE INDEX orders_note ON orders (note)`

/** Changes at the source, how to undo them, and the object that the plan then changes. */
const changes: Readonly<Record<string, readonly [change: string, undo: string, planned: RegExp]>> = {
  'a column that may not be null': [
    'ALTER TABLE orders ALTER note SET NOT NULL',
    'ALTER TABLE orders ALTER note DROP NOT NULL',
    /proxy\.orders/,
  ],
  'another collation': [
    'ALTER TABLE orders ALTER note TYPE text COLLATE "C"',
    'ALTER TABLE orders ALTER note TYPE text COLLATE "default"',
    /proxy\.orders/,
  ],
  'another precision': [
    'ALTER TABLE orders ADD wide numeric(5,2); ALTER TABLE orders DROP wide; ALTER TABLE orders ADD wide numeric(6,2)',
    'ALTER TABLE orders DROP wide',
    /proxy\.orders/,
  ],
  'another table': ['CREATE TABLE more (id int)', 'DROP TABLE more', /proxy\.more/],
  'another name of a table': [
    'ALTER TABLE orders RENAME TO old_orders',
    'ALTER TABLE old_orders RENAME TO orders',
    /proxy\.old_orders/,
  ],
  'another order of an index': [
    'DROP INDEX orders_note; CREATE INDEX orders_note ON orders (note DESC)',
    'DROP INDEX orders_note; CREATE INDEX orders_note ON orders (note)',
    /local\.orders_note/,
  ],
  'another check of a domain': [
    'ALTER DOMAIN amount DROP CONSTRAINT positive; ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (VALUE >= 0)',
    'ALTER DOMAIN amount DROP CONSTRAINT positive; ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (VALUE > 0)',
    /type public\.amount/,
  ],
  'another value of an enumeration': ["ALTER TYPE mood ADD VALUE 'better'", '', /type public\.mood/],
}

/** So that no answer depends on the types that exist here, and what was created is proven at once. */
const sourceOfBuiltInTypes = `
  CREATE TABLE orders (id int PRIMARY KEY, note text);
  CREATE INDEX orders_note ON orders (note)`

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test.each([
    ['types are copied', source, Object.keys(changes)],
    ['all types are built in', sourceOfBuiltInTypes, ['another table', 'another order of an index']],
  ])('a proof no longer holds when the source has changed: %s', async (_title, source, names) => {
    const fixture = await fixtureWithOwnSource(pair, source)
    const parsed = await fixture.manifest(mirroring('types: copy'))
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    expect(await fixture.sql('SELECT source_state IS NOT NULL AS is_proven FROM fdwsync.proof')).toEqual([
      { is_proven: true },
    ])
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
    for (const [name, [change, undo, planned]] of Object.entries(changes)) {
      if (!names.includes(name)) continue
      await runSql(fixture.source.url, change)
      expect(changesOf(await planFor(parsed, fixture.url)).join('\n'), name).toMatch(planned)
      if (undo === '') continue
      await runSql(fixture.source.url, undo)
      expect(changesOf(await planFor(parsed, fixture.url)), name).toEqual([])
    }
  })
})
