// Indexes of a source that a mirror copies, and why it cannot copy some.

import { expect, test } from 'vitest'
import { runSql } from '../../servers/databases.ts'
import { applyTo } from '../../support/fdwsync.ts'
import { fixtureWithOwnSource } from '../../support/fixture.ts'
import { crossedMajors } from '../../support/majors.ts'
import { mirroring } from '../../support/manifests.ts'
import { missedOf } from '../../support/outcomes.ts'
import { indexesOf } from './varied-source.ts'

const needsExtension = (name: string) =>
  new RegExp(
    `operator class of the extension ${name}, which does not exist here. Declare it: extensions: \\{ ${name}: \\{\\} \\}`,
  )

/** Indexes of a source, and why one cannot be copied, in words. */
const indexesOfSource: readonly { readonly sql: string; readonly from?: number; readonly reason?: RegExp }[] = [
  { sql: 'CREATE INDEX lower_idx ON orders (lower(note))' },
  { sql: "CREATE INDEX words_idx ON orders USING gin (to_tsvector('simple', note))" },
  {
    sql: 'CREATE INDEX own_idx ON orders (own(note))',
    reason: /it calls public\.own\(\), which is not immutable and built-in/,
  },
  { sql: 'CREATE INDEX trigrams_idx ON orders USING gin (note gin_trgm_ops)', reason: needsExtension('pg_trgm') },
  { sql: 'CREATE INDEX numbers_idx ON orders USING gin (total)', reason: needsExtension('btree_gin') },
  // Of those that are alike but for names, one is tried out.
  {
    sql: 'CREATE INDEX trigrams_alike_idx ON "Alike" USING gin ("Words" gin_trgm_ops)',
    reason: needsExtension('pg_trgm'),
  },
  { sql: 'CREATE UNIQUE INDEX sorted_idx ON orders (total DESC, note COLLATE "C") INCLUDE (days)' },
  { sql: 'CREATE UNIQUE INDEX sorted_alike_idx ON "Alike" (amount DESC, "Words" COLLATE "C") INCLUDE ("select")' },
  {
    sql: 'CREATE UNIQUE INDEX one_null_idx ON orders (note) NULLS NOT DISTINCT',
    from: 15,
    reason: /^(?!.*syntax).*NULLS NOT DISTINCT needs/,
  },
  {
    sql: 'ALTER TABLE parent ADD CONSTRAINT of_parent PRIMARY KEY (id)',
    reason: /unique among the rows of the table alone/,
  },
  { sql: 'CREATE INDEX not_unique_idx ON parent (id)' },
  { sql: 'ALTER TABLE orders ADD CONSTRAINT no_overlaps UNIQUE (during, days WITHOUT OVERLAPS)', from: 18 },
  { sql: 'ALTER TABLE orders ADD CONSTRAINT apart EXCLUDE USING btree (total WITH =)' },
]

test.each(
  crossedMajors(),
)('PostgreSQL $name: each index of the source is copied, or the plan has its reason', async (pair) => {
  const fixture = await fixtureWithOwnSource(
    pair,
    `CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin; CREATE FUNCTION own(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
     CREATE TABLE orders (total int, note text, during int4range, days daterange);
     CREATE TABLE "Alike" ("select" daterange, "Words" text, amount int);
     CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1)`,
  )
  const known = indexesOfSource.filter(({ from = 0 }) => pair.source.major >= from)
  for (const { sql } of known) await runSql(fixture.source.url, sql)
  const { plan, report } = await applyTo(await fixture.manifest(mirroring()), fixture.url)
  expect(missedOf(report)).toEqual([])
  const nameIn = (text: string) => text.split(' ')[0]
  const defined = await indexesOf(fixture.source.url, 'public')
  const copied = await indexesOf(fixture.url, 'local')
  const sorted = (all: readonly string[]) => all.filter((text) => text.startsWith('sorted_'))
  expect(sorted(copied)).toEqual(sorted(defined))
  const [there, here] = [defined.map(nameIn), copied.map(nameIn)]
  const isMissing = (sql: string) => !here.some((name) => name && sql.includes(name))
  const reasons = plan.warnings.filter(({ code }) => code === 'source/index').map(({ message }) => message)
  for (const { sql, reason } of known) {
    const own = reasons.filter((message) => there.some((name) => name && sql.includes(name) && message.includes(name)))
    if (isMissing(sql)) expect(own, sql).toEqual([expect.stringMatching(reason ?? /no reason is expected/)])
    else expect(own, sql).toEqual([])
  }
  expect(isMissing('lower_idx') || isMissing('apart')).toBe(false)
})
