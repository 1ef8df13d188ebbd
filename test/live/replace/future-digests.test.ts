// The digests that are read before a swap are those that its result has.

import { expect, test } from 'vitest'
import { trusted } from '../../../src/core/sql.ts'
import { readDependencyDigests, readFutureDigests } from '../../../src/introspector/dependency-digests.ts'
import { readingPath } from '../../../src/introspector/transaction-settings.ts'
import { createDatabase } from '../../servers/databases.ts'
import { connectTo } from '../../support/fdwsync.ts'
import { newestMajor } from '../../support/majors.ts'

test.each(newestMajor())('of SQL that names what is replaced, and of other SQL, on $name', async (pair) => {
  const { url, drop } = await createDatabase(pair.target)
  const session = await connectTo(url)('swap')
  const copy = (name: string, query: string) =>
    ({ id: { kind: 'materializedView', schema: 'a', name }, spec: { query } }) as const
  const objects = [
    copy('qualified', 'SELECT * FROM a.m'),
    copy('found', 'SELECT * FROM m'),
    copy('other', 'SELECT * FROM o'),
  ]
  await session.run(
    trusted(`CREATE SCHEMA a; CREATE SCHEMA scratch; CREATE MATERIALIZED VIEW a.m AS SELECT 1 AS x; CREATE TABLE a.o (x int);
    CREATE MATERIALIZED VIEW scratch.m AS SELECT 1 AS x, now() AS y; BEGIN; ${readingPath}`),
  )
  const [original] = await session.query<{ oid: number }>(trusted(`SELECT 'a.m'::regclass::oid AS oid`))
  const before = await readDependencyDigests(session, ['a'], objects)
  const future = await readFutureDigests(session, ['a'], objects, {
    schemas: new Map([['scratch', 'a']]),
    originals: [original?.oid ?? 0],
  })
  await session.run(
    trusted('DROP MATERIALIZED VIEW a.m; ALTER MATERIALIZED VIEW scratch.m SET SCHEMA a; DROP SCHEMA scratch'),
  )
  const after = await readDependencyDigests(session, ['a'], objects)
  expect(future).toEqual(after)
  expect([...after].filter(([key, digest]) => before.get(key) !== digest)).toHaveLength(2)
  await session.close()
  await drop()
})
