// A source of twenty varied tables, and the rows and indexes of both sides in a form that tests compare.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runSql } from '../../servers/databases.ts'

export const sourceSql = await readFile(join(import.meta.dirname, 'source.sql'), 'utf8')

/** How many rows each relation has, and a digest of them. */
export async function rowsOf(url: string, schema: string, relations: readonly string[]): Promise<unknown> {
  const rows: Record<string, unknown> = {}
  for (const relation of relations) {
    const name = `${schema}."${relation.replaceAll('"', '""')}"`
    const text = `SET TimeZone = 'UTC'; SELECT count(*)::int AS count, md5(string_agg(r::text, ',' ORDER BY r::text)) AS rows FROM ${name} r`
    rows[relation] = await runSql(url, text)
  }
  return rows
}

/** The definitions of a schema's indexes, without the names of the schema and the relation. */
export async function indexesOf(url: string, schema: string): Promise<readonly string[]> {
  const rows = await runSql(
    url,
    `SELECT indexname || ' ' || regexp_replace(regexp_replace(indexdef, ' ON (ONLY )?\\S+?\\.', ' ON '), '^(CREATE (UNIQUE )?INDEX )(".*?"|\\S+) ', '\\1') AS text
       FROM pg_indexes WHERE schemaname = '${schema}' ORDER BY 1`,
  )
  return rows.map(({ text }) => String(text))
}
