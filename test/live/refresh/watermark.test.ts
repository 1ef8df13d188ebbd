// What a refresh by watermark finds, and what only the comparison of keys finds: by the command, and by fdwsync.refresh().

import { expect, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { status } from '../../../src/api/status.ts'
import { runSql } from '../../servers/databases.ts'
import { run } from '../../support/command.ts'
import { applyTo, connectTo, planFor, refreshDefaults } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { changesOf } from '../../support/outcomes.ts'

const manifest = `
version: 1
name: watermarks
extensions: { postgres_fdw: {} }
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings: { public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" } }
schemas:
  proxy:
    foreign_tables:
      facts: { server: shop, options: { schema_name: public }, columns: { id: integer, note: text, gone: boolean, at: integer, code: text } }
  local:
    tables:
      changes: { query: SELECT * FROM proxy.facts, primary_key: [id], refresh: { watermark: { column: at, overlap: 0 } } }
      soft: { query: SELECT * FROM proxy.facts, primary_key: [id], refresh: { watermark: { column: at, overlap: 0, deletes: { soft: gone } } } }
      keys: { query: SELECT * FROM proxy.facts, primary_key: [id], refresh: { watermark: { column: at, overlap: 0, deletes: 1ms } } }
`

const tables = ['changes', 'soft', 'keys'] as const

/** Each way to refresh all tables returns what it has done. */
const ways: Readonly<Record<string, (fixture: Fixture) => Promise<readonly string[]>>> = {
  'the command': async (fixture) => {
    const { views } = await refresh(await fixture.manifest(manifest), [], connectTo(fixture.url), refreshDefaults)
    return views.map(({ how, because, written }) =>
      [how, written?.inserted, written?.updated, written?.deleted, because].join(' '),
    )
  },
  'the function': async (fixture) => {
    const rows = await fixture.sql(
      tables
        .map(
          (table) =>
            `SELECT concat_ws(' ', how, inserted, updated, deleted, because) AS done FROM fdwsync.refresh('local.${table}')`,
        )
        .join(' UNION ALL '),
    )
    return rows.map(({ done }) => String(done))
  },
}

const pairs = newestMajor().flatMap((pair) =>
  Object.entries(ways).map(([way, all]) => ({ name: `${pair.name}, ${way}`, pair, all })),
)

test.each(pairs)('PostgreSQL $name: changes, marked rows, rows without a watermark, and keys', async ({
  pair,
  all,
}) => {
  const fixture = await fixtureWithOwnSource(
    pair,
    `CREATE TABLE facts (id int PRIMARY KEY, note text, gone boolean DEFAULT false, at int, code text);
     INSERT INTO facts SELECT i, 'as it was', false, i, 'c' || i FROM generate_series(1, 6) AS i`,
  )
  const parsed = await fixture.manifest(manifest)
  await applyTo(parsed, fixture.url)
  // MERGE knows no rules.
  await fixture.sql('CREATE RULE written AS ON UPDATE TO local.soft DO ALSO NOTHING')
  const nothing = 'watermark 0 0 0 everything is compared, since no earlier watermark is recorded'
  expect(await all(fixture)).toEqual([nothing, nothing, nothing])
  await runSql(
    fixture.source.url,
    `UPDATE facts SET note = 'changed', at = 10 WHERE id = 1; UPDATE facts SET gone = true, at = 11 WHERE id = 2;
     DELETE FROM facts WHERE id = 3; INSERT INTO facts VALUES (7, 'late', false, 3), (8, 'unmarked', false, NULL)`,
  )
  expect(await all(fixture)).toEqual([
    'watermark 1 2 0 changes since at 6',
    'watermark 1 1 1 changes since at 6',
    'watermark 2 2 1 changes since at 6, and keys, to find deleted rows',
  ])
  const idsOf = async (table: string) =>
    (await fixture.sql(`SELECT id FROM local.${table} ORDER BY 1`)).map(({ id }) => id)
  expect(await idsOf('changes')).toEqual([1, 2, 3, 4, 5, 6, 8])
  expect(await idsOf('soft')).toEqual([1, 3, 4, 5, 6, 8])
  expect(await fixture.sql('SELECT * FROM local.keys ORDER BY 1')).toEqual(
    await fixture.sql('SELECT * FROM proxy.facts ORDER BY 1'),
  )
  // An unmarked row is read each time, and written only if it differs. Each way knows what the other one has reached.
  for (const way of Object.values(ways))
    expect(await way(fixture)).toEqual(
      ['', '', ', and keys, to find deleted rows'].map((more) => `watermark 0 0 0 changes since at 11${more}`),
    )
  // Two rows exchange values of a unique index, and a new row has that of one that is gone.
  await fixture.sql(`CREATE UNIQUE INDEX ON local.changes (code); CREATE UNIQUE INDEX ON local.soft (code);
    ALTER TABLE local.keys ADD EXCLUDE USING btree (code WITH =)`)
  await runSql(
    fixture.source.url,
    `UPDATE facts SET code = CASE id WHEN 4 THEN 'c6' ELSE 'c4' END, at = 12 WHERE id IN (4, 6);
     DELETE FROM facts WHERE id = 5; INSERT INTO facts VALUES (9, 'new', false, 12, 'c5')`,
  )
  expect(await all(fixture)).toEqual([
    'watermark 1 2 2 changes since at 11',
    'watermark 1 2 2 changes since at 11',
    'watermark 1 2 1 changes since at 11, and keys, to find deleted rows',
  ])
  // A transaction that has read the source before another refresh writes older rows, which no watermark shows.
  const earlier = await fixture.client()
  await earlier.query('BEGIN; SELECT FROM proxy.facts')
  await runSql(fixture.source.url, "INSERT INTO facts VALUES (10, 'between', false, 12), (11, 'newest', false, 20)")
  await all(fixture)
  await earlier.query("SELECT fdwsync.refresh('local.changes', 'merge'); COMMIT")
  const [after] = await all(fixture)
  expect(after).toBe('watermark 2 0 0 everything is compared, since no earlier watermark is recorded')
  expect(await fixture.sql('SELECT * FROM local.changes ORDER BY 1')).toEqual(
    await fixture.sql('SELECT * FROM proxy.facts ORDER BY 1'),
  )
  await fixture.sql('TRUNCATE local.keys')
  const [, , emptied] = await all(fixture)
  expect(emptied).toMatch(/^watermark [1-9].* everything is read, since it is empty/)
  expect(await fixture.sql('SELECT * FROM local.keys ORDER BY 1')).toEqual(
    await fixture.sql('SELECT * FROM proxy.facts ORDER BY 1'),
  )
  // A column comes, and is empty until a refresh of everything. Until then each copy is stale, whatever its policy.
  await runSql(fixture.source.url, 'ALTER TABLE facts DROP COLUMN note, ADD COLUMN size int DEFAULT 7')
  const resized = await fixture.manifest(manifest.replace('note: text', 'size: integer'))
  const { plan } = await applyTo(resized, fixture.url)
  expect(changesOf(plan)).toEqual(
    ['foreign table proxy.facts', ...tables.map((table) => `table local.${table}`)].map((title) => `alter ${title}`),
  )
  const stale = async () => {
    const session = await connectTo(fixture.url)('status')
    const { objects } = await status(session, { kinds: ['table'], all: false })
    await session.close()
    return objects.filter(({ freshness }) => freshness?.isStale).map(({ id }) => id)
  }
  expect(await stale()).toHaveLength(tables.length)
  expect(changesOf(await planFor(resized, fixture.url))).toEqual([])
  for (const each of await all(fixture)) expect(each).toContain('everything is compared, since')
  expect(await fixture.sql('SELECT * FROM local.keys ORDER BY 1')).toEqual(
    await fixture.sql('SELECT * FROM proxy.facts ORDER BY 1'),
  )
  expect(await stale()).toEqual([])
})

test.each(pairs)('PostgreSQL $name: a source without the rows that were read last is read whole', async ({
  pair,
  all,
}) => {
  const create = 'CREATE TABLE facts (id int PRIMARY KEY, note text, gone boolean DEFAULT false, at int, code text)'
  const fixture = await fixtureWithOwnSource(
    pair,
    `${create}; INSERT INTO facts SELECT i, 'as it was', false, 100 + i FROM generate_series(1, 3) AS i`,
  )
  const archived = manifest.replace('changes: { ', 'archive: { ').replace('overlap: 0 }', 'overlap: 0, full: never }')
  const parsed = manifest.replace(/ {6}changes: .*\n/, (line) => `${line}${/ {6}archive: .*\n/.exec(archived)?.[0]}`)
  await applyTo(await fixture.manifest(parsed), fixture.url)
  const refreshArchive = async () => {
    const { views } = await refresh(
      await fixture.manifest(parsed),
      ['archive'],
      connectTo(fixture.url),
      refreshDefaults,
    )
    return views.map(({ how, written }) => [how, written?.inserted, written?.updated, written?.deleted].join(' '))
  }
  await all(fixture)
  await refreshArchive()
  await runSql(
    fixture.source.url,
    `DROP TABLE facts; ${create}; INSERT INTO facts VALUES (1, 'as it was', false, 7), (2, 'other', false, 8), (9, 'new', false, 9)`,
  )
  const why = 'its source has no at as high as before'
  expect(await all(fixture)).toEqual(Array(3).fill(`merge 1 2 1 ${why}`))
  for (const table of tables)
    expect(await fixture.sql(`SELECT * FROM local.${table} ORDER BY 1`)).toEqual(
      await fixture.sql('SELECT * FROM proxy.facts ORDER BY 1'),
    )
  // Where everything is never compared, rows may be kept that the source has deleted.
  expect(await refreshArchive()).toEqual(['watermark 0 0 0'])
  await runSql(fixture.source.url, `INSERT INTO facts VALUES (10, 'newest', false, 10)`)
  expect(await all(fixture)).toEqual(
    ['', '', ', and keys, to find deleted rows'].map((more) => `watermark 1 0 0 changes since at 9${more}`),
  )
  await runSql(fixture.source.url, 'TRUNCATE facts')
  expect(await all(fixture)).toEqual(Array(3).fill(`merge 0 0 4 ${why}`))
  expect(await all(fixture)).toEqual(
    ['', '', ', and keys, to find deleted rows'].map((more) => `watermark 0 0 0 changes since at 10${more}`),
  )
})

test.each(newestMajor())('PostgreSQL $name: of an adopted table everything is compared', async (pair) => {
  const fixture = await fixtureWithOwnSource(
    pair,
    `CREATE TABLE facts (id int PRIMARY KEY, note text, gone boolean, at int, code text);
     INSERT INTO facts SELECT i, 'as it was', false, i FROM generate_series(1, 3) AS i`,
  )
  const adopting = manifest.replace('changes: { ', 'changes: { adopt: true, ').replace(/ {6}(soft|keys): .*\n/g, '')
  const without = manifest.replace('changes: {', 'others: {').replace(/ {6}(soft|keys): .*\n/g, '')
  const refreshChanges = async () => {
    const parsed = await fixture.manifest(adopting)
    const { views } = await refresh(parsed, ['changes'], connectTo(fixture.url), refreshDefaults)
    return views.map(({ how, written }) => ({ how, ...written }))
  }
  await applyTo(await fixture.manifest(adopting), fixture.url)
  await refreshChanges()

  // Released: another role may have written into it meanwhile.
  const release = await run(fixture, ['release', 'local.changes', '--auto-approve'], adopting)
  expect(release, release.stderr).toMatchObject({ code: 0 })
  await fixture.sql(`UPDATE local.changes SET note = 'by hand' WHERE id = 1`)
  await applyTo(await fixture.manifest(adopting), fixture.url)
  expect(await refreshChanges()).toEqual([{ how: 'watermark', inserted: '0', updated: '1', deleted: '0' }])

  // Dropped: another table has its name.
  await applyTo(await fixture.manifest(without), fixture.url, { allow: ['drops-data'] })
  await fixture.sql(
    'CREATE TABLE local.changes AS SELECT * FROM proxy.facts WHERE id < 3; ALTER TABLE local.changes ADD PRIMARY KEY (id)',
  )
  await applyTo(await fixture.manifest(adopting), fixture.url, { allow: ['drops-data'] })
  expect(await refreshChanges()).toEqual([{ how: 'watermark', inserted: '1', updated: '0', deleted: '0' }])
})

test.each(newestMajor())('PostgreSQL $name: a plan finds what a refresh could not use', async (pair) => {
  const fixture = await fixtureWithOwnSource(
    pair,
    'CREATE TABLE facts (id int PRIMARY KEY, note text, gone boolean, at int)',
  )
  const keyed = 'query: SELECT * FROM proxy.facts, primary_key: [id], refresh:'
  const mistaken = manifest
    .replace(`changes: { ${keyed} { watermark: { column: at, `, `changes: { ${keyed} { watermark: { column: when, `)
    .replace(`keys: { ${keyed} { watermark: { column: at, `, `keys: { ${keyed} { watermark: { column: note, `)
  await expect(planFor(await fixture.manifest(mistaken), fixture.url)).rejects.toThrow(
    /changes: its query returns no column "when".*keys: its watermark "note" is of type text/s,
  )
  const asking = (query: string) =>
    fixture.manifest(manifest.replace('{ watermark', `{ skip_if_same: "${query}", watermark`))
  await expect(planFor(await asking('SELECT max(at), max(nothing) FROM proxy.facts'), fixture.url)).rejects.toThrow(
    'refresh policy of local.changes: skip_if_same: column "nothing" does not exist',
  )
  await planFor(await asking('SELECT max(at) AS a, count(*) AS a FROM proxy.facts -- whatever'), fixture.url)
  for (const [soft, reason] of [
    ['missing', 'column "missing" does not exist'],
    ['note', 'argument of IS NOT TRUE must be type boolean, not type text'],
  ])
    await expect(
      planFor(await fixture.manifest(manifest.replace('soft: gone', `soft: ${soft}`)), fixture.url),
    ).rejects.toThrow(`refresh policy of local.soft: soft: ${reason}`)
  await planFor(await fixture.manifest(manifest.replace('soft: gone', 'soft: "gone -- whatever"')), fixture.url)
  // What is declared for all tables is not what each of them can have.
  const inherited = manifest.replace('schemas:', 'refresh: { watermark: { column: at } }\nschemas:')
  const withoutColumn = inherited.replace(
    /changes: .*/,
    'changes: { query: "SELECT id, note FROM proxy.facts", primary_key: [id] }',
  )
  const { warnings } = await planFor(await fixture.manifest(withoutColumn), fixture.url)
  expect(warnings.map(({ code, title }) => [code, title])).toContainEqual([
    'refresh/watermark',
    'refresh policy of local.changes',
  ])
})

test.each(newestMajor())('PostgreSQL $name: another manifest changes what is read', async (pair) => {
  const fixture = await fixtureWithOwnSource(
    pair,
    `CREATE TABLE facts (id int PRIMARY KEY, note text, gone boolean, at int, code text);
     INSERT INTO facts SELECT i, 'as it was', false, 10 + i FROM generate_series(1, 3) AS i;
     CREATE SCHEMA other;
     CREATE TABLE other.facts AS SELECT id, 'other' AS note, gone, CASE id WHEN 1 THEN 13 ELSE 1 END AS at, code FROM facts`,
  )
  const [server, tables] = manifest.split('schemas:\n')
  const [proxy, copies] = (tables ?? '').split('  local:\n')
  const query = 'query: SELECT * FROM proxy.facts, primary_key: [id]'
  const skipping = `      same: { ${query}, refresh: { skip_if_same: SELECT count(*) FROM proxy.facts } }\n`
  const schemas = ['version: 1', 'name: copies', 'schemas:', `  local:\n${copies}${skipping}`].join('\n')
  const below = async (text: string) => applyTo(await fixture.manifest(text), fixture.url)
  const refreshAbove = async (text: string) => {
    const { views } = await refresh(await fixture.manifest(text), [], connectTo(fixture.url), refreshDefaults)
    return views.map(({ outcome, because }) => ('unchanged' in outcome && outcome.unchanged ? 'skipped' : because))
  }
  const everything = 'everything is compared, since no earlier watermark is recorded'
  await below(`${server}schemas:\n${proxy}`)
  await applyTo(await fixture.manifest(schemas), fixture.url)
  await refreshAbove(schemas)
  await below(`${server}schemas:\n${proxy?.replace('schema_name: public', 'schema_name: other')}`)
  expect(await refreshAbove(schemas)).toEqual([
    everything,
    everything,
    everything,
    expect.not.stringMatching('skipped'),
  ])
  for (const table of ['changes', 'soft', 'keys', 'same'])
    expect(await fixture.sql(`SELECT * FROM local.${table} ORDER BY 1`)).toEqual(
      await fixture.sql('SELECT * FROM proxy.facts ORDER BY 1'),
    )
  // The tables of one manifest are on the server of another.
  const onServer = schemas.replace('schemas:', `schemas:\n${proxy?.replace('proxy:', 'near:').trimEnd()}`)
  const near = onServer.replaceAll('FROM proxy.facts', 'FROM near.facts')
  await applyTo(await fixture.manifest(near), fixture.url)
  await refreshAbove(near)
  expect(await refreshAbove(near)).toContain('skipped')
  await below(`${server?.replace('options: { host', 'options: { options: -c jit=off, host')}schemas:\n${proxy}`)
  expect(await refreshAbove(near)).toEqual([everything, everything, everything, expect.not.stringMatching('skipped')])
})
