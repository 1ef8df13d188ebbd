// What could not be imported, or was named and does not exist, is reported by every command, in its last line.

import { describe, expect, test } from 'vitest'
import { planAndApply } from '../../../src/api/apply.ts'
import type { FdwsyncError } from '../../../src/core/errors.ts'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { applyDefaults, applyTo, connectTo, planFor } from '../../support/fdwsync.ts'
import { fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { importing, mirroring } from '../../support/manifests.ts'

const sourceWithMood = `
  CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1);
  CREATE TYPE mood AS ENUM ('happy'); CREATE TABLE feelings (id int, mood mood)`

const matchingNothing: readonly (readonly [manifestOf: (more: string) => string, more: string, message: string])[] = [
  [importing, 'limit_to: [order]', 'no table "order" in schema "public"; did you mean "orders"?'],
  [importing, 'except: [ordes]', 'no table "ordes" in schema "public"; did you mean "orders"?'],
  [mirroring, 'except: [ordes]', 'no table "ordes" in schema "public"; did you mean "orders"?'],
  [
    importing,
    'tables: { odrers: {} }',
    'no table "odrers" is imported: the source does not have it, or it is excluded; did you mean "orders"?',
  ],
  [
    mirroring,
    'tables: { odrers: {} }',
    'no table "odrers": the source does not have it, or it is excluded; did you mean "orders"?',
  ],
  [mirroring, 'tables: { odrers: { exclude: true } }', 'no table "odrers" in schema "public"; did you mean "orders"?'],
]

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test('a mirrored table that cannot be imported is named by apply, refresh and status', async () => {
    const rig = await fixtureWithOwnSource(pair, sourceWithMood)
    const manifest = mirroring()
    const command = async (...args: string[]) => {
      const { code, stdout } = await run(rig, args, manifest)
      return [code, lastLine(stdout)]
    }
    const apply = ['apply', '--auto-approve']
    expect(await command(...apply)).toEqual([6, expect.stringContaining('Undetermined: foreign table proxy.feelings.')])
    expect(await command(...apply)).toEqual([6, expect.stringContaining('1 object undetermined')])
    expect(await command('refresh')).toEqual([0, 'Refreshed 1 view. Not imported: foreign table proxy.feelings.'])
    expect(await command('refresh', 'orders')).toEqual([0, 'Refreshed 1 view.'])
    const status = [6, expect.stringContaining('1 unknown (foreign table proxy.feelings)')]
    expect(await command('status', '--check')).toEqual(status)
    expect(await command('status', '--check', '--check-source')).toEqual(status)

    await runSql(rig.source.url, 'ALTER TABLE feelings ALTER mood TYPE text')
    expect((await command(...apply))[0]).toBe(0)
    expect(await command('status', '--check')).toEqual([0, expect.not.stringContaining('unknown')])
    expect(await command('refresh')).toEqual([0, 'Refreshed 2 views.'])

    await runSql(rig.source.url, 'ALTER TABLE feelings ALTER mood TYPE mood USING mood::mood')
    expect(await command(...apply)).toEqual([6, expect.stringContaining('1 object undetermined')])
    expect(await command('status', '--check')).toEqual(status)

    await runSql(rig.source.url, 'DROP TABLE feelings')
    expect((await command(...apply, '--allow', 'drops-data'))[0]).toBe(0)
    expect((await command('status', '--check'))[0]).toBe(0)
  })

  test('in documents too', async () => {
    const rig = await fixtureWithOwnSource(pair, sourceWithMood)
    const document = async (...args: string[]) =>
      JSON.parse((await run(rig, [...args, '--format', 'json'], mirroring())).stdout)
    const address = { kind: 'foreignTable', schema: 'proxy', name: 'feelings' }
    expect(await document('apply', '--auto-approve')).toMatchObject({ undetermined: [{ address }] })
    expect(await document('apply', '--auto-approve')).toMatchObject({ apply: null, undetermined: [{ address }] })
    expect(await document('refresh')).toMatchObject({ notImported: [{ address }] })
    expect((await document('status')).objects).toContainEqual(expect.objectContaining({ address, state: 'unknown' }))
  })

  test.each([
    ['a wrong password', 'password: "${env:SOURCE_PASSWORD}"', 'password: "${env:SOURCE_PASSWORD}x"'],
    ['a source that is down', 'port: "${env:SOURCE_PORT}"', 'port: "1"'],
  ])('%s is the one cause of all that reads what could not be imported', async (_title, right, wrong) => {
    const rig = await fixtureWithOwnSource(pair, `${sourceWithMood}; CREATE TABLE items (id int PRIMARY KEY)`)
    const mirror = (limit: string, views: string) => `${mirroring(`limit_to: [${limit}]\ntypes: copy`)}
schemas:
  public: {}
  more:
    materialized_views:
      ${views}
`
    const views = `ids: { query: SELECT id FROM proxy.orders }
      copies: { query: SELECT id FROM local.orders JOIN more.ids USING (id) }`
    const moods = `moods: { query: "SELECT 'happy'::mood AS mood" }\n      `
    const planned = async (text: string) => planFor(await rig.manifest(text), rig.url)
    const problemsOf = async (text: string) =>
      planned(text).catch((error: FdwsyncError) => error.problems.map(({ message }) => message))

    const first = mirror('orders', `${moods}${views}`).replace(right, wrong)
    const { refusals, undetermined, warnings } = await planned(first)
    expect(refusals.map(({ title }) => title)).toEqual(['import of schema "public" of server shop into schema proxy'])
    expect(undetermined.map(({ title, follows }) => [title, follows])).toEqual([
      ['materialized view more.moods', true],
      ['materialized view more.ids', true],
      ['materialized view more.copies', true],
    ])
    expect(warnings.filter(({ code }) => code.startsWith('source/'))).toEqual([])
    expect(await problemsOf(first.replace('proxy.orders', 'proxy.order'))).toEqual([
      expect.stringContaining('its source could not be asked'),
      expect.stringContaining('relation "proxy.order" does not exist'),
    ])

    // The tables of the last apply are known, but not the new one.
    await applyTo(await rig.manifest(mirror('orders', views)), rig.url)
    const more = mirror('orders, items', `items: { query: SELECT id FROM proxy.items }\n      ${views}`)
    const later = await planned(more.replace(right, wrong))
    expect(later.undetermined.map(({ title, follows }) => [title, follows])).toEqual([
      ['import of schema "public" of server shop into schema proxy', false],
      ['materialized view more.items', true],
    ])
  })

  test('a table that cannot be imported is the one cause of all that reads it', async () => {
    const rig = await fixtureWithOwnSource(pair, sourceWithMood)
    const text = `${mirroring()}
schemas:
  more:
    materialized_views:
      over: { query: SELECT id FROM proxy.feelings }
      copied: { query: SELECT id FROM local.feelings }
`
    const { undetermined } = await planFor(await rig.manifest(text), rig.url)
    expect(undetermined.map(({ title, follows }) => [title, follows])).toEqual([
      ['foreign table proxy.feelings', false],
      ['materialized view more.over', true],
      ['materialized view more.copied', true],
    ])
  })

  test('a server or mapping that cannot be made is the one error of what is imported through it', async () => {
    const rig = await fixtureWithOwnSource(pair, 'CREATE TABLE orders (id int PRIMARY KEY)')
    const problemsOf = async (manifest: string) =>
      planFor(await rig.manifest(manifest), rig.url).then(
        () => [],
        (error: FdwsyncError) => error.problems.map(({ message }) => message),
      )
    for (const manifest of [importing(), mirroring()]) {
      expect(await problemsOf(manifest.replace('options: { host', 'options: { fetch_sise: "5", host'))).toEqual([
        'server shop: invalid option "fetch_sise"',
      ])
      expect(await problemsOf(manifest.replace('public: { user', 'public: { usr: u, user'))).toEqual([
        'user mapping for public on shop: invalid option "usr"',
      ])
    }
  })

  test('what cannot be read is left out, or kept as it was, and all else follows its source', async () => {
    const rig = await fixtureWithOwnSource(
      pair,
      'CREATE TABLE orders (id int PRIMARY KEY); CREATE MATERIALIZED VIEW late AS SELECT 1 AS one WITH NO DATA',
    )
    const apply = async (more: string) => {
      const options = { ...applyDefaults, allow: ['drops-data'] }
      const parsed = await rig.manifest(mirroring(more))
      const connect = connectTo(rig.url)
      return planAndApply({ parsed, connect, populate: true, trySources: true, options }, async () => true)
    }
    const missed = async (more = 'relations: [tables, materialized_views]\ntables: { late: { comment: of them } }') =>
      (await apply(more)).plan.undetermined.map(({ code, reason, hint }) => [code, `${reason} ${hint}`])

    const unreadable = 'it cannot be read: the source reports: materialized view "late" has not been populated'
    await expect(missed('relations: [materialized_views]')).rejects.toThrow(unreadable)
    await expect(missed('limit_to: [orders, late]')).rejects.toThrow(unreadable)
    await expect(missed('tables: { late: { query: SELECT one FROM proxy.late } }')).rejects.toThrow(unreadable)
    expect(await missed()).toEqual([
      [
        'source/not-importable',
        expect.stringMatching(`it is left out: ${unreadable} .* exclude the table: except: .late.`),
      ],
    ])
    await runSql(rig.source.url, 'REFRESH MATERIALIZED VIEW late')
    expect(await missed()).toEqual([])
    await runSql(
      rig.source.url,
      `ALTER TABLE orders ADD more int; DROP MATERIALIZED VIEW late;
       CREATE MATERIALIZED VIEW late AS SELECT 1 AS one, 2 AS two WITH NO DATA`,
    )
    const kept = [
      ['source/not-followed', expect.stringMatching(`it is kept as it was last applied, .* but ${unreadable}`)],
    ]
    expect(await missed()).toEqual(kept)
    expect(await missed('limit_to: [orders, late]')).toEqual(kept)
    expect(await rig.sql('SELECT * FROM local.orders, local.late')).toEqual([])
    expect(await rig.sql('SELECT count(more)::int AS more FROM local.orders')).toEqual([{ more: 0 }])
  })

  test('a role that may not read the ledger cannot refresh a mirror', async () => {
    const rig = await fixtureWithOwnSource(pair, 'CREATE TABLE orders (id int)')
    const early = await run(rig, ['refresh'], mirroring())
    expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('the manifest "mirror" was never applied')])
    expect((await run(rig, ['apply', '--auto-approve'], mirroring())).code).toBe(0)
    const role = await rig.role()
    const { code, stderr } = await run({ ...rig, url: role.url }, ['refresh'], mirroring())
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('the copies of mirrors are unknown, because the ledger cannot be read'),
    ])
    expect(stderr).toContain('GRANT')
  })

  test('what matches nothing is an error', async () => {
    const rig = await fixtureWithOwnSource(
      pair,
      `${sourceWithMood}; CREATE TABLE parted (id int) PARTITION BY LIST (id); CREATE TABLE parted_1 PARTITION OF parted DEFAULT`,
    )
    for (const [manifestOf, more, message] of matchingNothing) {
      await expect(planFor(await rig.manifest(manifestOf(more)), rig.url), more).rejects.toThrow(message)
    }
    for (const manifestOf of [importing, mirroring]) {
      const existing = await rig.manifest(manifestOf('except: [orders, feelings, parted_1]'))
      expect((await planFor(existing, rig.url)).undetermined).toEqual([])
    }
  })
})
