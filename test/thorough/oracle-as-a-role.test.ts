// The same as in test/oracle/oracle.test.ts, applied by a role without superuser: it succeeds, or the report names what the role needs.

import { afterAll, beforeAll, describe, test } from 'vitest'
import { hazardsToAllow } from '../../src/core/plan.ts'
import { databases } from '../oracle/database.ts'
import { exported, findings, linesOf, type OracleFixture, oracleFixtureFor } from '../oracle/oracle-fixture.ts'
import { connect, type TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, planFor } from '../support/fdwsync.ts'
import { eachMajor } from '../support/majors.ts'

/** What takes a superuser or further grants, and what is reported without them. */
const needsMore: Readonly<Record<string, RegExp>> = {
  'comments-everywhere': /schema public: it is owned by/,
  'grants-on-wrappers': /Must be superuser to create a foreign-data wrapper/,
  'grants-revoked-from-the-owner': /permission denied for (foreign server shop|schema sealed)/,
  owners: /needs USAGE ON FOREIGN DATA WRAPPER postgres_fdw/,
  'realistic-many-sources': /pg_execute_server_program/,
  'types-access': /needs CREATE ON SCHEMA shop/,
  'user-mappings-of-many-roles': /sslcert and sslkey are superuser-only.*password_required=false is superuser-only/,
  'wrapper-created-by-hand': /Must be superuser to create a foreign-data wrapper/,
  'wrapper-without-a-server': /Must be superuser to create a foreign-data wrapper/,
  'wrapper-of-another-extension': /pg_read_server_files/,
}

/** What is reported to a role that does not own the unmanaged objects. */
const needsOwner: Readonly<Record<string, RegExp>> = {
  'column-defaults': /permission denied for schema util.*GRANT USAGE ON SCHEMA util TO/,
  'extension-types': /permission denied for schema ext.*GRANT USAGE ON SCHEMA ext TO/,
  'extensions-in-their-schemas': /GRANT USAGE ON SCHEMA \\"Odd Ext\\" TO/,
  'identity-columns': /permission denied for table parent.*Only its owner can create/,
  inherits: /permission denied for table parent.*Only its owner can create/,
  partition: /permission denied for table days.*permission denied for table lands/,
  'unmanaged-types': /permission denied for schema kinds/,
  'view-of-ordinary-relations': /permission denied for schema base/,
  'view-queries': /permission denied for table t/,
  'view-that-hides-a-built-in': /permission denied for table t/,
}

describe.each(eachMajor())('PostgreSQL $name', { concurrent: true }, (pair: ServerPair) => {
  let fixture: OracleFixture
  beforeAll(async () => {
    fixture = await oracleFixtureFor(pair)
  })
  afterAll(() => fixture.cleanUp())

  const possible = databases.filter(({ since }) => pair.major >= since)
  const runs = possible.flatMap((database) => [
    { ...database, isOwner: true, more: needsMore[database.name] },
    ...(database.name in needsOwner ? [{ ...database, isOwner: false, more: needsOwner[database.name] }] : []),
  ])
  for (const { name, before, sql, isOwner, more } of runs) {
    test(`${name}: created by a role without superuser, ${isOwner ? 'the' : 'not the'} owner of the rest`, async ({
      onTestFinished,
      expect,
    }) => {
      const original = await fixture.database(before + sql)
      onTestFinished(() => original.drop())
      const copy = await fixture.database(before)
      const role = await roleFor(fixture, original.url, copy)
      if (isOwner) await giveAll(copy, role.user)
      // A role can be dropped once nothing belongs to it.
      onTestFinished(() => copy.drop().then(role.drop))

      const { parsed } = await exported(fixture, original.url)
      const reported = await applyTo(parsed, role.url, { allow: hazardsToAllow }).then(
        ({ report }) =>
          (report?.steps ?? []).flatMap(({ outcome }) => (outcome.status === 'applied' ? [] : JSON.stringify(outcome))),
        (error: unknown) => [JSON.stringify(error)],
      )
      if (more) {
        expect(reported.join()).toMatch(more)
        return
      }
      expect(reported).toEqual([])
      const compared = (lines: readonly string[]) =>
        lines.map((line) => withRole(line, role.user, pair.target.user)).filter(isCompared)
      expect(compared(await linesOf(copy.url))).toEqual(compared(await linesOf(original.url)))
      expect(findings(await planFor(parsed, role.url))).toEqual([])
    })
  }
})

/** A line with one role in place of another, as if that one had created the object. Grants are sorted by the names of roles. */
function withRole(line: string, user: string, other: string): string {
  const [what, value] = line.replaceAll(user, other).split(' = [')
  return value === undefined
    ? line.replaceAll(user, other)
    : `${what} = [${value.slice(0, -1).replaceAll('"', '').split(',').sort().join(',')}]`
}

/** Not what the role was granted for the test. */
function isCompared(line: string): boolean {
  return !/^(schema public|foreign-data wrapper \S+): grants = /.test(line)
}

/** Belongs to no extension. */
function isOwn(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`
}

/** Creates a role that may create what a database has and give it to other owners, and nothing more. The extensions exist. */
async function roleFor(fixture: OracleFixture, original: string, copy: TestDatabase) {
  const user = `oracle_${copy.name.slice(-12)}`
  const password = 'a'
  const from = await connect(original)
  const to = await connect(copy.url)
  try {
    const { rows: extensions } = await from.query(
      `SELECT format('CREATE SCHEMA IF NOT EXISTS %I; CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I', nspname, extname, nspname) AS sql
         FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname <> 'plpgsql'`,
    )
    await to.query(extensions.map(({ sql }) => sql).join('; '))
    await to.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'; GRANT CREATE ON DATABASE ${copy.name} TO ${user};
      GRANT ALL ON SCHEMA public TO ${user}; GRANT oracle_etl, oracle_owner, "Oracle ""Reader""" TO ${user}`)
    const { rows: wrappers } = await to.query(
      `SELECT format('GRANT USAGE ON FOREIGN DATA WRAPPER %I TO ${user}', fdwname) AS sql FROM pg_foreign_data_wrapper`,
    )
    await to.query(wrappers.map(({ sql }) => sql).join('; '))
  } finally {
    await from.end()
    await to.end()
  }
  const url = new URL(copy.url)
  url.username = user
  url.password = password
  return {
    user,
    url: url.href,
    drop: async () => {
      const client = await connect(fixture.pair.target.url)
      await client.query(`DROP ROLE ${user}`).finally(() => client.end())
    },
  }
}

/** Changes the owner of everything but extensions and what belongs to them. */
async function giveAll({ url }: TestDatabase, user: string): Promise<void> {
  const to = await connect(url)
  try {
    const { rows: owned } = await to.query(
      `SELECT format('ALTER SCHEMA %I OWNER TO ${user}', nspname) AS sql
         FROM pg_namespace n WHERE nspname !~ '^pg_|^information_schema|^public$' AND ${isOwn('pg_namespace', 'n.oid')}
       UNION ALL
       SELECT format('ALTER TABLE %I.%I OWNER TO ${user}', nspname, relname)
         FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE nspname !~ '^pg_|^information_schema' AND relkind IN ('r', 'p', 'v') AND ${isOwn('pg_class', 'c.oid')}
       UNION ALL
       SELECT format('ALTER TYPE %I.%I OWNER TO ${user}', nspname, typname)
         FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
        WHERE nspname !~ '^pg_|^information_schema' AND typtype IN ('e', 'd') AND ${isOwn('pg_type', 't.oid')}`,
    )
    await to.query(owned.map(({ sql }) => sql).join('; '))
  } finally {
    await to.end()
  }
}
