// Digests of rows, by which a table is compared with its source: values that are not stored alike have others, and all versions agree.

import { expect, onTestFinished, test } from 'vitest'
import { ident, join, literal, type Sql, sql } from '../../../src/core/sql.ts'
import { type DigestMethod, digestMethodColumn, rowDigest } from '../../../src/kinds/table/refresh/digest.ts'
import { keyedDigest } from '../../../src/kinds/table/refresh/keyed-digest.ts'
import { runSql } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { valuesAlike } from '../../support/alike-values.ts'
import { createSource } from '../../support/fixture.ts'
import { eachMajor } from '../../support/majors.ts'

// A table of one name with a type would be taken for it.
const columns = Object.entries(valuesAlike).map(([name, column]) => [`of_${name}`, column] as const)

const tables = columns.map(
  ([name, { type, values }]) => `
    CREATE TABLE ${name} (value ${type}, other int DEFAULT 1);
    INSERT INTO ${name} (value) VALUES (NULL), ${values.map((value) => `(${value})`).join(', ')}`,
)

const methodsQuery = `
  SELECT a.attrelid::regclass AS name, ${digestMethodColumn} AS method
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_proc f ON f.oid = t.typsend
   WHERE a.attname = 'value' AND a.attrelid = ANY ('{${columns.map(([name]) => name).join()}}'::regclass[])`

/** All values of a column with their digests: of a row of one column, of one with another column, and of a block with nothing else. */
function digestsOf(name: string, method: DigestMethod): Sql {
  const value = { name: 'value', method }
  const other = { name: 'other', method: { how: 'integer' } } as const
  return sql`SELECT ${literal(name)} AS name, t.value::text, ${rowDigest([value], sql`t`)}::text AS alone,
                    ${rowDigest([other, value], sql`t`)}::text AS beside,
                    (SELECT ${keyedDigest([other, value], 'other', sql`b`)} FROM (SELECT t.*) AS b)::text AS keyed FROM ${ident(name)} AS t`
}

/** Blocks of two rows which differ in a value, and have the same digest. */
function alikeBlocks(name: string, method: DigestMethod): Sql {
  const columns = [{ name: 'key', method: { how: 'bigint' } } as const, { name: 'value', method }]
  // The halves of the second pair of keys are equal, so that PostgreSQL has the same hash of both.
  const keys = sql`(VALUES (1, 2), (4294967297, 8589934594)) AS k(one, other)`
  return sql`SELECT ${literal(name)} AS name, array_agg(shown) FROM (
    SELECT k.one AS key, ROW(x.value, y.value)::text AS shown, (SELECT ${keyedDigest(columns, 'key', sql`b`)}
             FROM (VALUES (k.one::bigint, x.value), (k.other, y.value)) AS b(key, value)) AS digest
      FROM ${keys}, ${ident(name)} AS x, ${ident(name)} AS y) AS blocks GROUP BY key, digest HAVING count(*) > 1`
}

async function readDigests(pair: ServerPair) {
  const database = await createSource(pair, `CREATE TYPE mood AS ENUM ('sad', 'glad'); ${tables.join('; ')}`)
  onTestFinished(() => database.drop())
  const methods = await runSql(database.url, methodsQuery)
  const queries = methods.flatMap(({ name, method }) =>
    method ? [digestsOf(String(name), method as DigestMethod)] : [],
  )
  const alike = methods.flatMap(({ name, method }) =>
    method ? [alikeBlocks(String(name), method as DigestMethod)] : [],
  )
  expect(await runSql(database.url, join(alike, ' UNION ALL '))).toEqual([])
  return runSql(database.url, `SELECT * FROM (${join(queries, ' UNION ALL ')}) AS q ORDER BY name, value COLLATE "C"`)
}

test('values that are not stored alike have different digests, which are the same on all versions', async () => {
  const [newest = [], ...others] = await Promise.all(eachMajor().map(readDigests))
  expect(new Set(newest.map(({ name }) => name)).size).toBeGreaterThan(25)
  for (const way of ['alone', 'beside', 'keyed']) {
    const seen = new Map<string, unknown>()
    for (const { name, value, [way]: digest } of newest) {
      expect([name, value, seen.get(`${name} ${digest}`)]).toEqual([name, value, undefined])
      seen.set(`${name} ${digest}`, value)
    }
  }
  for (const other of others) expect(other).toEqual(newest)
})
