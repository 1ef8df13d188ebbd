import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { QueryResultRow } from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import type { Manifest } from '../../src/manifest/generated/manifest-types.ts'
import { connect, createDatabase, mixedPairs, pairs, type ServerPair, type TestDatabase } from '../servers/databases.ts'

const packageFolder = join(import.meta.dirname, '../..')
const examplesFolder = join(packageFolder, 'examples')
const folders = readdirSync(examplesFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort()

/** An example's own expect.yaml: queries that have the same rows on both sides. */
interface Expectation {
  readonly same?: readonly { readonly source: string; readonly target: string }[]
}

describe.each([...pairs(), ...mixedPairs()])('PostgreSQL $name', (pair: ServerPair) => {
  test.each(folders)('%s', async (folder) => {
    const manifest = await readFile(join(examplesFolder, folder, 'fdwsync.yaml'), 'utf8')
    const source = await database(pair.source)
    const target = await database(pair.target)
    await rowsOf(source.url, await readFile(join(examplesFolder, folder, 'source.sql'), 'utf8'))
    const env = { ...references(manifest, pair, source), DATABASE_URL: target.url }
    const fdwsync = (...args: readonly string[]) => run([...args, '-f', `examples/${folder}/fdwsync.yaml`], env)

    expect(await fdwsync('validate')).toMatchObject({ code: 0, stderr: '' })
    expect(await fdwsync('plan', '--detailed-exitcode')).toMatchObject({ code: 2, stderr: '' })
    expect(await fdwsync('apply', '--auto-approve')).toMatchObject({ code: 0 })
    await expectIndexes(parse(manifest), target)
    await expectFresh(target)
    await expectSame(folder, source, target)

    expect(await fdwsync('plan', '--detailed-exitcode')).toMatchObject({ code: 0, stderr: '' })
    expect(await fdwsync('refresh')).toMatchObject({ code: 0 })
    await expectFresh(target)
    const { stdout } = await fdwsync('plan', '--format', 'json')
    expect(JSON.parse(stdout)).toBeTypeOf('object')
  })
})

async function database(server: ServerPair['source']): Promise<TestDatabase> {
  const made = await createDatabase(server)
  onTestFinished(() => made.drop())
  return made
}

/** Values for the manifest's references, known by the ends of their names: ${env:SHOP_HOST} is the source's host. */
function references(manifest: string, { source }: ServerPair, { name }: TestDatabase): Record<string, string> {
  const values: Readonly<Record<string, string>> = {
    HOST: source.foreignHost,
    PORT: String(source.foreignPort),
    DATABASE: name,
    USER: source.user,
    PASSWORD: source.password,
  }
  const variables = [...manifest.matchAll(/\$\{env:(\w+_([A-Z]+))/g)]
  return Object.fromEntries(variables.map(([, variable = '', end = '']) => [variable, values[end] ?? '']))
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the built command as a user would. */
function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')))
  const options = { cwd: packageFolder, env: { ...inherited, ...env } }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['dist/fdwsync.js', ...args], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}

async function rowsOf<Row extends QueryResultRow>(url: string, text: string): Promise<readonly Row[]> {
  const client = await connect(url)
  try {
    const { rows } = await client.query<Row>(text)
    return rows
  } finally {
    await client.end()
  }
}

async function expectIndexes(manifest: Manifest, { url }: TestDatabase): Promise<void> {
  const wanted = Object.entries(manifest.schemas ?? {}).flatMap(([schema, { materialized_views: views = {} }]) =>
    Object.entries(views).flatMap(([view, { indexes = {} }]) =>
      Object.keys(indexes).map((index) => `${schema}.${view}.${index}`),
    ),
  )
  const there = await rowsOf<{ name: string }>(
    url,
    `SELECT format('%s.%s.%s', v.schemaname, v.matviewname, i.indexname) AS name
       FROM pg_matviews AS v JOIN pg_indexes AS i ON (i.schemaname, i.tablename) = (v.schemaname, v.matviewname)`,
  )
  // A mirror makes more than the manifest spells out: its expect.yaml says which.
  const names = there.map(({ name }) => name)
  if (manifest.mirrors) expect(names).toEqual(expect.arrayContaining(wanted))
  else expect(names.sort()).toEqual(wanted.sort())
}

/** Every view holds what its query gives now, and so, by way of the foreign tables, what is at the source. */
async function expectFresh({ url }: TestDatabase): Promise<void> {
  const views = await rowsOf<{ name: string; query: string }>(
    url,
    `SELECT format('%I.%I', schemaname, matviewname) AS name, rtrim(definition, ';') AS query FROM pg_matviews`,
  )
  expect(views).not.toEqual([])
  for (const { name, query } of views) {
    const stored = `SELECT stored::text AS row FROM ${name} AS stored`
    const now = `SELECT now::text AS row FROM (${query}) AS now`
    const differences = `(${stored} EXCEPT ALL ${now}) UNION ALL (${now} EXCEPT ALL ${stored}) LIMIT 3`
    expect(await rowsOf(url, differences), name).toEqual([])
  }
}

async function expectSame(folder: string, source: TestDatabase, target: TestDatabase): Promise<void> {
  const text = await readFile(join(examplesFolder, folder, 'expect.yaml'), 'utf8').catch(() => '')
  const { same = [] }: Expectation = parse(text) ?? {}
  for (const pair of same) {
    const wanted = await linesOf(source.url, pair.source)
    expect(wanted, pair.source).not.toBe('')
    expect(await linesOf(target.url, pair.target), pair.target).toBe(wanted)
  }
}

/** One text, a line a row: comparing tens of thousands of rows one by one takes seconds. */
async function linesOf(url: string, query: string): Promise<string> {
  return (await rowsOf(url, query)).map((row) => JSON.stringify(row)).join('\n')
}
