// What a swap goes by to see that no session has changed an original: each change of a definition, and nothing else.

import { describe, expect, test } from 'vitest'
import type { Replace } from '../../../src/core/change.ts'
import { readRawState } from '../../../src/loader/swap/raw-state.ts'
import type { Member } from '../../../src/loader/swap/replacement-set.ts'
import { createDatabase, runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { connectTo } from '../../support/fdwsync.ts'
import { eachMajor } from '../../support/majors.ts'

const changes: readonly (readonly [sql: string, isSeen: boolean])[] = [
  ['ANALYZE m', false],
  ['VACUUM m', false],
  ['CREATE TABLE other (a int)', false],
  ["COMMENT ON COLUMN m.a IS 'x'", true],
  ['GRANT SELECT ON m TO PUBLIC', true],
  ['CREATE INDEX j ON m (a)', true],
  ["COMMENT ON INDEX j IS 'y'", true],
  ['ALTER INDEX j RENAME TO k', true],
  ['ALTER MATERIALIZED VIEW m SET (fillfactor = 50)', true],
  ['ALTER MATERIALIZED VIEW m ALTER a SET STATISTICS 10', true],
  ['ALTER STATISTICS s RENAME TO t', true],
  ['DROP STATISTICS t', true],
  ['CREATE VIEW w AS SELECT a FROM m', true],
  ['REFRESH MATERIALIZED VIEW m', true],
]

const changesOfTables: readonly (readonly [sql: string, isSeen: boolean])[] = [
  ['ANALYZE t', false],
  ['INSERT INTO t VALUES (1, 2)', false],
  ['ALTER TABLE t ADD c int DEFAULT 1', true],
  ['ALTER TABLE t ALTER c SET NOT NULL', true],
  ['ALTER TABLE t REPLICA IDENTITY FULL', true],
  ['ALTER TABLE t ENABLE ROW LEVEL SECURITY', true],
  ['CREATE POLICY p ON t', true],
  ['ALTER POLICY p ON t USING (a > 0)', true],
  ["COMMENT ON POLICY p ON t IS 'x'", true],
  ['ALTER PUBLICATION pub ADD TABLE t', true],
  ['CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$', false],
  ['CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()', true],
  ['ALTER TABLE t DISABLE TRIGGER g', true],
  ['ALTER TABLE t ADD CHECK (a > 0) NOT VALID', true],
  ['CREATE TABLE child () INHERITS (t)', true],
  ['ALTER TABLE t INHERIT base', true],
  ['TRUNCATE t', true],
  ['COMMENT ON VIEW fdwsync_source."public.t" IS \'not loaded\'', true],
  ['CREATE OR REPLACE VIEW fdwsync_source."public.t" AS SELECT a, a + 2 AS b FROM base', true],
]

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test('definitions, and those of views over them', async () => {
    const { url, drop } = await createDatabase(pair.target)
    await runSql(url, 'CREATE TABLE base (a int); CREATE MATERIALIZED VIEW m AS SELECT a, a + 1 AS b FROM base')
    await runSql(url, 'CREATE INDEX i ON m (a); CREATE STATISTICS s ON a, b FROM m; CREATE VIEW v AS SELECT a FROM m')
    const [oids] = await runSql(url, "SELECT 'm'::regclass::oid::int AS m, 'v'::regclass::oid::int AS v")
    const session = await connectTo(url)('state')
    const id = { kind: 'materializedView', schema: 'public', name: 'm' } as const
    const from = { id, oid: Number(oids?.m) }
    const member = { change: { from, to: { id } } as Replace } as Member // what is read of it
    const read = (views: readonly { oid: number }[] = []) => readRawState(session, { members: [member] }, views)
    for (const [sql, isSeen] of changes) {
      const before = await read()
      await runSql(url, sql)
      expect((await read()) !== before, sql).toBe(isSeen)
    }
    const ofView = async (sql: string) => {
      const [alone, before] = [await read(), await read([{ oid: Number(oids?.v) }])]
      await runSql(url, sql)
      return [(await read()) !== alone, (await read([{ oid: Number(oids?.v) }])) !== before]
    }
    expect(await ofView('ALTER VIEW v RENAME a TO c')).toEqual([false, true])
    expect(await ofView('CREATE OR REPLACE VIEW v AS SELECT a AS c FROM m WHERE a > 0')).toEqual([true, true])
    await session.close()
    await drop()
  })

  test('tables, with their source views; with a sequence, that is not known', async () => {
    const { url, drop } = await createDatabase(pair.target)
    await runSql(
      url,
      'CREATE TABLE base (a int, b int); CREATE TABLE t (a int, b int, PRIMARY KEY (a)) WITH (user_catalog_table = false)',
    )
    await runSql(
      url,
      'CREATE SCHEMA fdwsync_source; CREATE VIEW fdwsync_source."public.t" AS SELECT a, b FROM base; CREATE PUBLICATION pub',
    )
    const [oids] = await runSql(url, "SELECT 't'::regclass::oid::int AS t")
    const session = await connectTo(url)('state')
    const id = { kind: 'table', schema: 'public', name: 't' } as const
    const from = { id, oid: Number(oids?.t) }
    const member = { change: { from, to: { id } } as Replace } as Member // what is read of it
    const read = () => readRawState(session, { members: [member] }, [])
    for (const [sql, isSeen] of changesOfTables) {
      const before = await read()
      await runSql(url, sql)
      expect((await read()) !== before, sql).toBe(isSeen)
    }
    await runSql(url, 'CREATE SEQUENCE counter OWNED BY t.a')
    expect(await read()).toBeUndefined()
    await session.close()
    await drop()
  })
})
