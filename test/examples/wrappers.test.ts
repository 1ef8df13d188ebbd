// Runs the examples whose source is not PostgreSQL, where their wrappers are installed.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createDatabase, runSql } from '../servers/databases.ts'
import { mariadbPrograms, startMariadb } from '../servers/mariadb.ts'
import { describeWrapper } from '../servers/wrapper-host.ts'
import { newestMajor } from '../support/majors.ts'
import { examplesFolder, manifestOf, referencesIn, runExample } from './run-example.ts'

// file_fdw comes with every PostgreSQL.
test.each(newestMajor())('PostgreSQL $name: csv', async ({ target: server }) => {
  const target = await createDatabase(server)
  onTestFinished(() => target.drop())
  const [row] = await runSql(target.url, "SELECT current_setting('data_directory') AS folder")
  const folder = String(row?.folder)
  for (const name of ['stations.csv', 'readings.csv']) {
    const content = await readFile(join(examplesFolder, 'csv', name))
    const [number, path] = ['4711', join(folder, name)]
    await runSql(
      target.url,
      `SELECT lo_from_bytea(${number}, '\\x${content.toString('hex')}'); SELECT lo_export(${number}, '${path}'); SELECT lo_unlink(${number})`,
    )
  }
  await runExample('csv', target.url, { WEATHER_FOLDER: folder }, async () => {})
})

describeWrapper('examples/mysql', { libraries: ['mysql_fdw'], programs: mariadbPrograms }, (host) => {
  test('the whole round', async () => {
    const source = await startMariadb()
    try {
      source.run(await readFile(join(examplesFolder, 'mysql', 'mysql.sql'), 'utf8'))
      const values = { HOST: source.host, PORT: String(source.port), PASSWORD: 'wiki-4711' }
      source.run(
        `CREATE USER wiki_reader@'%' IDENTIFIED BY '${values.PASSWORD}'; GRANT SELECT ON wiki.* TO wiki_reader@'%'`,
      )
      const manifest = await manifestOf('mysql')
      expect(manifest).not.toContain(values.PASSWORD)
      await runExample('mysql', await host().database(), referencesIn(manifest, values), async () => {})
    } finally {
      await source.stop()
    }
  })
})
