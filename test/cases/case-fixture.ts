// What a case runs on: a fresh target, and a source that all cases share unless a case has its own.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, createDatabase, runSql, type TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import type { Environment } from '../support/fdwsync.ts'
import { createSource, sourceVariables, substitute } from '../support/fixture.ts'
import { createTablespace } from '../support/tablespace.ts'
import type { Case } from './read-case.ts'

export interface CaseFixture {
  readonly pair: ServerPair
  readonly target: TestDatabase
  readonly url: string
  readonly env: Environment
  /** Runs SQL on the target as its superuser and returns the rows of the last statement. */
  sql(text: string): Promise<readonly unknown[]>
  cleanUp(): Promise<void>
}

/** Creates the source that cases share and, once per server, the roles and the tablespace that they name. */
export async function prepareServers(pair: ServerPair): Promise<TestDatabase> {
  const text = (file: string) => readFile(join(import.meta.dirname, file), 'utf8')
  await runSql(pair.target.url, await text('roles.sql'))
  await createTablespace(pair.target.url)
  return createSource(pair, await text('source.sql'))
}

export async function caseFixtureFor(pair: ServerPair, shared: TestDatabase, testCase: Case): Promise<CaseFixture> {
  const own = testCase.source === undefined ? undefined : await createSource(pair, testCase.source)
  const target = await createDatabase(pair.target)
  const env = sourceVariables(pair.source, (own ?? shared).name)
  const fixture: CaseFixture = {
    pair,
    target,
    env,
    url: target.url,
    sql: (text) => runSql(target.url, substitute(text, env)),
    async cleanUp() {
      await target.drop()
      await own?.drop()
    },
  }
  try {
    await runOnItsOwn(target.url, substitute(testCase.before, env))
  } catch (error) {
    await fixture.cleanUp()
    throw error
  }
  return fixture
}

/** On a connection of its own, since settings of a database or a role apply to later connections only. */
async function runOnItsOwn(url: string, text: string): Promise<void> {
  if (text.trim() === '') return
  const client = await connect(url)
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
