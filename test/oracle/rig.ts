import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportManifest } from '../../src/api/export.ts'
import { changesDatabase } from '../../src/core/change.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import { connect, createDatabase, runSql, type ServerPair, type TestDatabase } from '../servers/databases.ts'
import { catalogLines } from '../support/catalog.ts'
import { connectTo, type Environment, manifestOf } from '../support/fdwsync.ts'

/** `{{SHOP}}`: what nearly every database begins with. */
const shop = `CREATE EXTENSION postgres_fdw;
  CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname '{{SOURCE_DATABASE}}');
  CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (user '{{SOURCE_USER}}', password '{{SOURCE_PASSWORD}}');`

export interface Rig {
  readonly pair: ServerPair
  readonly env: Environment
  /** A fresh database with SQL run in it, in which `{{SOURCE_HOST}}` stands for the source's host and so on. */
  database(sql: string): Promise<TestDatabase>
  strike(): Promise<void>
}

export async function rigFor(pair: ServerPair): Promise<Rig> {
  const source = await createDatabase(pair.source)
  await runSql(source.url, await readFile(join(import.meta.dirname, 'source.sql'), 'utf8'))
  await runSql(pair.target.url, await readFile(join(import.meta.dirname, 'roles.sql'), 'utf8'))
  const env: Environment = {
    SOURCE_HOST: pair.source.foreignHost,
    SOURCE_PORT: String(pair.source.foreignPort),
    SOURCE_DATABASE: source.name,
    SOURCE_USER: pair.source.user,
    SOURCE_PASSWORD: pair.source.password,
  }
  return {
    pair,
    env,
    async database(sql) {
      const target = await createDatabase(pair.target)
      await runSql(
        target.url,
        sql.replaceAll('{{SHOP}}', shop).replace(/\{\{(\w+)\}\}/g, (_whole, name: string) => env[name] ?? ''),
      )
      return target
    },
    strike: () => source.drop(),
  }
}

/** The manifest of a database, and as fdwsync reads it: every variable that it asks for is the mappings' password. */
export async function exported(
  rig: Rig,
  url: string,
): Promise<{ readonly text: string; readonly warnings: readonly string[]; readonly parsed: ParsedManifest }> {
  const session = await connectTo(url)('export')
  try {
    const { text, warnings } = await exportManifest(session, { servers: [], schemas: [], name: 'oracle' })
    const names = Array.from(text.matchAll(/\$\{env:(\w+)\}/g), ([, name = '']) => name)
    // All mappings in databases/ have the source's password: which variable is which can't be told from here.
    const env = Object.fromEntries(names.map((name) => [name, rig.env.SOURCE_PASSWORD ?? '']))
    return { text, warnings, parsed: await manifestOf(text, env) }
  } finally {
    await session.close()
  }
}

export async function linesOf(url: string): Promise<readonly string[]> {
  const client = await connect(url)
  try {
    return await catalogLines(client)
  } finally {
    await client.end()
  }
}

/** What a plan would change, and what it does not know. */
export function doings(plan: Plan): readonly string[] {
  return [
    ...plan.changes
      .filter(({ change }) => changesDatabase(change))
      .map(({ change, title }) => {
        const fields = change.op === 'alter' || change.op === 'replace' ? change.fields : []
        return `${change.op} ${title}: ${fields.map(({ field, from, to }) => `${field} ${from} -> ${to}`).join(', ')}`
      }),
    ...plan.refusals.map(({ title, reason }) => `refused ${title}: ${reason}`),
    ...plan.undetermined.map(({ title, reason }) => `undetermined ${title}: ${reason}`),
  ]
}
