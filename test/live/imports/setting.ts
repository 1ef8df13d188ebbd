import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createDatabase, type ServerPair } from '../../servers/databases.ts'
import { type Rig, rigFor, runSql } from '../apply/rig.ts'

/** Twenty varied tables. */
export const sourceSql = await readFile(join(import.meta.dirname, 'source.sql'), 'utf8')

/** An empty target, and a source of this test's own, to be changed. */
export async function rigWithSource(pair: ServerPair, sql = sourceSql): Promise<Rig> {
  const source = await createDatabase(pair.source)
  onTestFinished(() => source.drop())
  await runSql(source.url, sql)
  const rig = await rigFor(pair, source)
  await rig.sql('DROP EXTENSION postgres_fdw')
  return rig
}

export const servers = `
version: 1
name: mirror
extensions: { postgres_fdw: {} }
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings:
      public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" }
`

/** A manifest that imports schema public of the source, with more attributes of the import. */
export const importing = (more = ''): string => `${servers}
schemas:
  proxy:
    imports:
      - server: shop
        remote_schema: public
${more.replace(/^/gm, '        ')}
`

/** The whole technique in six lines, with more attributes of the mirror. */
export const mirroring = (more = ''): string => `${servers}
mirrors:
  shop:
    server: shop
    remote_schema: public
    proxy_schema: proxy
    schema: local
    indexes: { copy: true }
${more.replace(/^/gm, '    ')}
`

/** Every table of the source's schema and every view of the mirror, with their rows as text. */
export async function rowsOf(url: string, schema: string, relations: readonly string[]): Promise<unknown> {
  const rows: Record<string, unknown> = {}
  for (const relation of relations) {
    const name = `${schema}."${relation.replaceAll('"', '""')}"`
    const text = `SET TimeZone = 'UTC'; SELECT count(*)::int AS count, md5(string_agg(r::text, ',' ORDER BY r::text)) AS rows FROM ${name} r`
    rows[relation] = await runSql(url, text)
  }
  return rows
}

/** The indexes of a schema, without what they stand in and on. */
export async function indexesOf(url: string, schema: string): Promise<readonly string[]> {
  const rows = await runSql(
    url,
    `SELECT indexname || ' ' || regexp_replace(regexp_replace(indexdef, ' ON (ONLY )?\\S+?\\.', ' ON '), '^(CREATE (UNIQUE )?INDEX )(".*?"|\\S+) ', '\\1') AS text
       FROM pg_indexes WHERE schemaname = '${schema}' ORDER BY 1`,
  )
  return rows.map(({ text }) => String(text))
}
