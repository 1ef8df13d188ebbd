// Runs the examples whose source is PostgreSQL. Those of other wrappers are in wrappers.test.ts.

import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDatabase, runSql, type TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { oldSourceNewTarget } from '../support/majors.ts'
import { examplesFolder, expectationOf, linesOf, manifestOf, referencesIn, runExample } from './run-example.ts'

const folders = readdirSync(examplesFolder)
  .filter((folder) => existsSync(join(examplesFolder, folder, 'source.sql')))
  .sort()

describe.each(oldSourceNewTarget())('PostgreSQL $name', (pair: ServerPair) => {
  test.each(folders)('%s', async (folder) => {
    const source = await database(pair.source)
    const target = await database(pair.target)
    await runSql(source.url, await readFile(join(examplesFolder, folder, 'source.sql'), 'utf8'))
    const references = referencesIn(await manifestOf(folder), {
      HOST: pair.source.foreignHost,
      PORT: String(pair.source.foreignPort),
      DATABASE: source.name,
      USER: pair.source.user,
      PASSWORD: pair.source.password,
    })
    await runExample(folder, target.url, references, () => expectSame(folder, source, target))
  })
})

async function database(server: ServerPair['source']): Promise<TestDatabase> {
  const created = await createDatabase(server)
  onTestFinished(() => created.drop())
  return created
}

async function expectSame(folder: string, source: TestDatabase, target: TestDatabase): Promise<void> {
  const { same = [] } = await expectationOf(folder)
  for (const pair of same) {
    const wanted = await linesOf(source.url, pair.source)
    expect(wanted, pair.source).not.toBe('')
    expect(await linesOf(target.url, pair.target), pair.target).toBe(wanted)
  }
}
