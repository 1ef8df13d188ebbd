import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, createDatabase, runSql, type TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import type { Environment } from '../support/fdwsync.ts'
import type { Case } from './read-case.ts'

/** What a case is played with: a fresh target, and the variables that lead to the source. */
export interface Scene {
  readonly url: string
  readonly env: Environment
  /** Runs SQL on the target as its superuser and returns the rows of the last statement. */
  sql(text: string): Promise<readonly unknown[]>
}

export interface Stage {
  play(scene: Case, act: (scene: Scene) => Promise<void>): Promise<void>
  strike(): Promise<void>
}

/** A source that the cases share, and the roles that they name. Both servers' roles are shared by all databases. */
export async function stageFor(pair: ServerPair): Promise<Stage> {
  const source = await createDatabase(pair.source)
  await runSql(source.url, await readFile(join(import.meta.dirname, 'source.sql'), 'utf8'))
  await runSql(pair.target.url, await readFile(join(import.meta.dirname, 'roles.sql'), 'utf8'))
  await makeTablespace(pair.target.url)
  return {
    async play(scene, act) {
      const own = scene.source === undefined ? undefined : await createDatabase(pair.source)
      const target = await createDatabase(pair.target)
      const env = environment(pair, own ?? source)
      try {
        if (own) await runSql(own.url, scene.source ?? '')
        await runAlone(target.url, filled(scene.before, env))
        await act({ url: target.url, env, sql: (text) => runSql(target.url, filled(text, env)) })
      } finally {
        await target.drop()
        await own?.drop()
      }
    },
    strike: () => source.drop(),
  }
}

function environment({ source }: ServerPair, database: TestDatabase): Environment {
  return {
    SOURCE_HOST: source.foreignHost,
    SOURCE_PORT: String(source.foreignPort),
    SOURCE_DATABASE: database.name,
    SOURCE_USER: source.user,
    SOURCE_PASSWORD: source.password,
  }
}

/** `{{NAME}}` in a case's SQL is the same as `${env:NAME}` in its manifest. */
function filled(text: string, env: Environment): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_whole, name: string) => env[name] ?? '')
}

/** No transaction can make one: here it is, beside the data of the server itself. */
async function makeTablespace(url: string): Promise<void> {
  const existing = await runSql(url, "SELECT FROM pg_tablespace WHERE spcname = 'case_space'")
  if (existing.length > 0) return
  const client = await connect(url)
  try {
    await client.query('SET allow_in_place_tablespaces = on')
    await client.query("CREATE TABLESPACE case_space LOCATION ''")
  } finally {
    await client.end()
  }
}

/** On a connection of its own: what databases and roles are set to holds for the next ones. */
async function runAlone(url: string, text: string): Promise<void> {
  if (text.trim() === '') return
  const client = await connect(url)
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
