// What the oracle's tests share: databases created by SQL, their export as a manifest, and plans and catalogs as text.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportManifest } from '../../src/api/export.ts'
import { changesDatabase } from '../../src/core/change.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import { connect, createDatabase, runSql, type TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { catalogLines } from '../support/catalog.ts'
import { connectTo, type Environment, manifestOf } from '../support/fdwsync.ts'
import { createSource, sourceVariables, substitute } from '../support/fixture.ts'

/** `{{SHOP}}`: what nearly every database begins with. */
const shop = `CREATE EXTENSION postgres_fdw;
  CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname '{{SOURCE_DATABASE}}');
  CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (user '{{SOURCE_USER}}', password '{{SOURCE_PASSWORD}}');`

export interface OracleFixture {
  readonly pair: ServerPair
  readonly env: Environment
  /** Creates a database and runs SQL in it, with its placeholders substituted. */
  database(sql: string): Promise<TestDatabase>
  cleanUp(): Promise<void>
}

export async function oracleFixtureFor(pair: ServerPair): Promise<OracleFixture> {
  const text = (file: string) => readFile(join(import.meta.dirname, file), 'utf8')
  const source = await createSource(pair, await text('source.sql'))
  await runSql(pair.target.url, await text('roles.sql'))
  const env = sourceVariables(pair.source, source.name)
  return {
    pair,
    env,
    async database(sql) {
      const target = await createDatabase(pair.target)
      await runSql(target.url, substitute(sql.replaceAll('{{SHOP}}', shop), env))
      return target
    },
    cleanUp: () => source.drop(),
  }
}

/** A database as a manifest: its text, and parsed with the mappings' password in every variable that it refers to. */
export async function exported(
  fixture: OracleFixture,
  url: string,
): Promise<{ readonly text: string; readonly warnings: readonly string[]; readonly parsed: ParsedManifest }> {
  const session = await connectTo(url)('export')
  try {
    const { text, warnings } = await exportManifest(session, { servers: [], schemas: [], name: 'oracle' })
    const names = Array.from(text.matchAll(/\$\{env:(\w+)\}/g), ([, name = '']) => name)
    // Which variable belongs to which mapping is unknown here, but all mappings in databases/ have the same password.
    const env = Object.fromEntries(names.map((name) => [name, fixture.env.SOURCE_PASSWORD ?? '']))
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

/** What a plan changes, refuses and could not determine. */
export function findings(plan: Plan): readonly string[] {
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
