// Rows that a transaction commits after rows with newer stamps were read: a refresh by watermark reads them, if the source shows how long
// that transaction had been open.

import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { refresh } from '../../../src/api/refresh.ts'
import { connect, createDatabase, runSql, urlOf } from '../../servers/databases.ts'
import { applyTo, connectTo, refreshDefaults } from '../../support/fdwsync.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { eachMajor, isNewest } from '../../support/majors.ts'

const manifest = `
version: 1
name: late
extensions: { postgres_fdw: {} }
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings: { public: { user: "\${env:READER}", password: "\${env:READER_PASSWORD}" } }
schemas:
  proxy:
    foreign_tables:
      facts: { server: shop, options: { schema_name: public }, columns: { id: integer, note: text, at: "\${env:TYPE}" } }
  local:
    tables:
      facts:
        query: SELECT id, note, at FROM proxy.facts
        primary_key: [id]
        refresh: { watermark: { column: at, overlap: 0, deletes: never } }
        owner: "\${env:OWNER:-postgres}"
`

const ways: Readonly<Record<string, (fixture: Fixture, env: Record<string, string>) => Promise<string>>> = {
  'the command': async (fixture, env) => {
    const { views } = await refresh(await fixture.manifest(manifest, env), [], connectTo(fixture.url), refreshDefaults)
    return views.map(({ how, because }) => `${how} ${because}`).join()
  },
  'the function': async (fixture) => {
    const [row] = await fixture.sql(`SELECT concat(how, ' ', because) AS done FROM fdwsync.refresh('local.facts')`)
    return String(row?.done)
  },
}

const pairs = eachMajor().flatMap((pair) =>
  Object.entries(ways).map(([way, all]) => ({ name: `${pair.name}, ${way}`, pair, all })),
)

interface Situation {
  readonly what: string
  readonly type: string
  /** The role of the user mapping; without attributes it is a superuser. */
  readonly reader?: 'may see all' | 'may see its own'
  /** Whether the owner of the table may not use the server. */
  readonly isStranger?: true
  readonly isFound: boolean
}

const situations: readonly Situation[] = [
  { what: 'a superuser', type: 'timestamptz', isFound: true },
  { what: 'times without a zone', type: 'timestamp', isFound: true },
  { what: 'a member of pg_read_all_stats', type: 'timestamptz', reader: 'may see all', isFound: true },
  { what: 'a role that sees no transaction of others', type: 'timestamptz', reader: 'may see its own', isFound: false },
  { what: 'an owner without USAGE on the server', type: 'timestamptz', isStranger: true, isFound: false },
]

// Both send the same block to the source.
test.each(pairs)('PostgreSQL $name: a transaction that commits late', async ({ pair, all }) => {
  for (const { what, type, reader, isStranger, isFound } of isNewest(pair) && all === ways['the command']
    ? situations
    : situations.slice(0, 1)) {
    const fixture = await fixtureWithOwnSource(
      pair,
      `CREATE TABLE facts (id int PRIMARY KEY, note text, at ${type}); GRANT SELECT ON facts TO PUBLIC;
       INSERT INTO facts SELECT i, 'as it was', now() FROM generate_series(1, 3) AS i`,
    )
    const { SOURCE_USER: READER = '', SOURCE_PASSWORD: READER_PASSWORD = '' } = fixture.env
    const owner = isStranger && (await fixture.role())
    const env: Record<string, string> = {
      TYPE: type,
      ...(reader ? await sourceRole(fixture, reader === 'may see all') : { READER, READER_PASSWORD }),
      ...(owner && { OWNER: owner.user }),
    }
    if (owner)
      await fixture.sql(
        `CREATE SCHEMA proxy; CREATE SCHEMA local; GRANT USAGE ON SCHEMA proxy, local TO ${owner.user};
         ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${owner.user}`,
      )
    await applyTo(await fixture.manifest(manifest, env), fixture.url)
    await all(fixture, env)
    const late = await clientOf(fixture.source.url)
    await late.query(`BEGIN; UPDATE facts SET note = 'late', at = now() WHERE id = 1`)
    await runSql(fixture.source.url, `UPDATE facts SET note = 'soon', at = clock_timestamp() WHERE id = 2`)
    await all(fixture, env)
    // Until it commits, each refresh knows of it.
    await runSql(fixture.source.url, `UPDATE facts SET note = 'later', at = clock_timestamp() WHERE id = 3`)
    await all(fixture, env)
    await late.query('COMMIT')
    await all(fixture, env)
    const notes = await fixture.sql('SELECT note FROM local.facts ORDER BY id')
    expect([what, ...notes.map(({ note }) => note)]).toEqual([what, isFound ? 'late' : 'as it was', 'soon', 'later'])
  }
})

test.each(
  pairs.filter(({ pair }) => isNewest(pair)),
)('PostgreSQL $name: transactions of other databases do not count', async ({ pair, all }) => {
  const fixture = await fixtureWithOwnSource(
    pair,
    `CREATE TABLE facts (id int PRIMARY KEY, note text, at timestamptz);
     INSERT INTO facts SELECT i, 'as it was', now() FROM generate_series(1, 3) AS i`,
  )
  const { SOURCE_USER: READER = '', SOURCE_PASSWORD: READER_PASSWORD = '' } = fixture.env
  const env = { TYPE: 'timestamptz', READER, READER_PASSWORD }
  const elsewhere = await createDatabase(pair.source)
  const open = await clientOf(elsewhere.url)
  onTestFinished(() => elsewhere.drop())
  await applyTo(await fixture.manifest(manifest, env), fixture.url)
  await open.query('BEGIN')
  await all(fixture, env)
  const [elsewhereOpen] = await stateOf(fixture)
  const here = await clientOf(fixture.source.url)
  await here.query('BEGIN; SELECT pg_sleep(1.1)')
  await all(fixture, env)
  const [hereOpen] = await stateOf(fixture)
  expect([Number(elsewhereOpen?.open) < 1, Number(hereOpen?.open) > 1]).toEqual([true, true])
  expect(await all(fixture, env)).toMatch(
    /^watermark changes since at \S+, less \d+ s for a transaction that was open then$/,
  )
})

function stateOf(fixture: Fixture) {
  return fixture.sql(
    `SELECT state #>> '{watermark,openSeconds}' AS open FROM fdwsync.refresh ORDER BY ended_at DESC LIMIT 1`,
  )
}

async function clientOf(url: string) {
  const client = await connect(url)
  onTestFinished(() => client.end())
  return client
}

async function sourceRole({ pair, source }: Fixture, maySeeAll: boolean) {
  const [READER, READER_PASSWORD] = [`reader_${randomBytes(5).toString('hex')}`, randomBytes(8).toString('hex')]
  const superuser = urlOf(pair.source, source.name)
  await runSql(
    superuser,
    `CREATE ROLE ${READER} LOGIN PASSWORD '${READER_PASSWORD}' ${maySeeAll ? 'IN ROLE pg_read_all_stats' : ''}`,
  )
  onTestFinished(async () => {
    await runSql(pair.source.url, `DROP ROLE ${READER}`)
  })
  return { READER, READER_PASSWORD }
}
