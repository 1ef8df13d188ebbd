// Databases in other encodings than UTF-8: everything that fdwsync stores of its own accord must fit into each of them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { sourceVariables } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { importHead } from '../../support/manifests.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

// A word that the encoding has, for names and data, and a character that it does not have.
const encodings = {
  LATIN1: { word: 'Größe', lacks: '注' },
  EUC_JP: { word: '注文', lacks: '€' },
  SQL_ASCII: { word: 'Größe', lacks: undefined },
}

const manifest = (word: string, total: string) => `${importHead}
schemas:
  proxy:
    comment: ${word}
    foreign_tables:
      ${word}: { server: shop, options: { schema_name: public, table_name: orders }, columns: { id: int, ${word}: { type: "${total}", options: { column_name: total } } } }
  local:
    materialized_views:
      ${word}:
        query: SELECT id, "${word}" FROM proxy."${word}" WHERE '${word}' <> 'x'
        comment: ${word}
      broken: { query: SELECT 1 / (id - id) AS x FROM proxy."${word}" }
`

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createDatabase(pair.source)
    await runSql(source.url, 'CREATE TABLE orders (id int, total numeric(10,2)); INSERT INTO orders VALUES (1, 1.5)')
  })
  afterAll(() => source.drop())

  test.each(Object.entries(encodings))('%s', async (encoding, { word, lacks }) => {
    const target = await createDatabase(pair.target, { encoding })
    try {
      const env = sourceVariables(pair.source, source.name)
      const first = await manifestOf(manifest(word, 'numeric(10,2)'), env)
      const { report } = await applyTo(first, target.url)
      expect(missedOf(report)).toEqual([expect.stringContaining('division by zero')])
      await runSql(target.url, `COMMENT ON SCHEMA proxy IS 'changed'`)
      const fixed = manifest(word, 'numeric(12,3)').replace(/ +broken: .*\n/, '')
      const second = await manifestOf(fixed, env)
      expect(missedOf((await applyTo(second, target.url, { allow: ['drops-data'] })).report)).toEqual([])
      expect(changesOf(await planFor(second, target.url))).toEqual([])
      expect(await runSql(target.url, `SELECT "${word}"::text AS total FROM local."${word}"`)).toEqual([
        { total: '1.500' },
      ])
      if (lacks !== undefined) {
        const unknown = fixed
          .replace('schemas:\n  proxy:', `schemas:\n  x${lacks}: {}\n  proxy:`)
          .replace(`comment: ${word}`, `comment: '${lacks}${word}'`)
        await expect(planFor(await manifestOf(unknown, env), target.url)).rejects.toMatchObject({
          problems: [12, 14].map((line) => ({
            message: `the encoding of the database, ${encoding}, does not have the character "${lacks}"`,
            place: { line },
          })),
        })
        return
      }
      await runSql(
        target.url,
        `COMMENT ON SCHEMA proxy IS E'caf\\xe9'; CREATE TABLE local.odd (id int);
         DO $$ BEGIN EXECUTE format('ALTER TABLE local.odd RENAME id TO %I', E'caf\\xe9'); END $$`,
      )
      await expect(planFor(second, target.url)).rejects.toThrow(
        'the database has text that is not UTF-8: the comment of schema proxy, the name of column caf\\351 of table local.odd',
      )
    } finally {
      await target.drop()
    }
  })
})
