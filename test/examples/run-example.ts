// Runs an example as its reader would, and compares what both sides have.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parse } from 'yaml'
import type { Manifest } from '../../src/manifest/generated/manifest-types.ts'
import { runSql } from '../servers/databases.ts'
import { run } from '../support/command.ts'

export const examplesFolder = join(import.meta.dirname, '../../examples')

/** An example's own expect.yaml. */
export interface Expectation {
  /** Queries that have the same rows on both sides. */
  readonly same?: readonly { readonly source: string; readonly target: string }[]
  /** The rows that queries of the target have. */
  readonly rows?: readonly { readonly target: string; readonly rows: readonly unknown[] }[]
}

export function manifestOf(folder: string): Promise<string> {
  return readFile(join(examplesFolder, folder, 'fdwsync.yaml'), 'utf8')
}

export async function expectationOf(folder: string): Promise<Expectation> {
  const text = await readFile(join(examplesFolder, folder, 'expect.yaml'), 'utf8').catch(() => '')
  return parse(text) ?? {}
}

/** Validates, plans, applies, plans again and refreshes, as its reader would. */
export async function runExample(
  folder: string,
  url: string,
  references: Readonly<Record<string, string>>,
  compare: () => Promise<void>,
): Promise<void> {
  const file = join(examplesFolder, folder, 'fdwsync.yaml')
  const fdwsync = (...args: readonly string[]) => run({ url, env: references }, [...args, '-f', file], undefined)
  expect(await fdwsync('validate')).toMatchObject({ code: 0, stderr: '' })
  expect(await fdwsync('plan', '--detailed-exitcode')).toMatchObject({ code: 2, stderr: '' })
  expect(await fdwsync('apply', '--auto-approve')).toMatchObject({ code: 0 })
  await expectIndexes(parse(await manifestOf(folder)), url)
  await expectFresh(url)
  await expectRows(folder, url)
  await compare()

  expect(await fdwsync('plan', '--detailed-exitcode')).toMatchObject({ code: 0, stderr: '' })
  expect(await fdwsync('refresh')).toMatchObject({ code: 0 })
  await expectFresh(url)
  const { stdout } = await fdwsync('plan', '--format', 'json')
  expect(JSON.parse(stdout)).toBeTypeOf('object')
}

/** Values for the manifest's references, found by the ends of their names: ${env:SHOP_HOST} is the source's host. */
export function referencesIn(manifest: string, values: Readonly<Record<string, string>>): Record<string, string> {
  const variables = [...manifest.matchAll(/\$\{env:(\w+_([A-Z]+))/g)]
  return Object.fromEntries(variables.map(([, variable = '', end = '']) => [variable, values[end] ?? '']))
}

async function expectIndexes(manifest: Manifest, url: string): Promise<void> {
  const wanted = Object.entries(manifest.schemas ?? {}).flatMap(([schema, { materialized_views: views = {} }]) =>
    Object.entries(views).flatMap(([view, { indexes = {} }]) =>
      Object.keys(indexes).map((index) => `${schema}.${view}.${index}`),
    ),
  )
  const there = await runSql(
    url,
    `SELECT format('%s.%s.%s', v.schemaname, v.matviewname, i.indexname) AS name
       FROM pg_matviews AS v JOIN pg_indexes AS i ON (i.schemaname, i.tablename) = (v.schemaname, v.matviewname)`,
  )
  // A mirror has more than the manifest spells out: its expect.yaml lists it.
  const names = there.map(({ name }) => name)
  if (manifest.mirrors) expect(names).toEqual(expect.arrayContaining(wanted))
  else expect(names.sort()).toEqual(wanted.sort())
}

/** Every view holds what its query gives now, and so, by way of the foreign tables, what is at the source. */
async function expectFresh(url: string): Promise<void> {
  const views = await runSql(
    url,
    `SELECT format('%I.%I', schemaname, matviewname) AS name, rtrim(definition, ';') AS query FROM pg_matviews`,
  )
  expect(views).not.toEqual([])
  for (const { name, query } of views) {
    const stored = `SELECT stored::text AS row FROM ${name} AS stored`
    const now = `SELECT now::text AS row FROM (${query}) AS now`
    const differences = `(${stored} EXCEPT ALL ${now}) UNION ALL (${now} EXCEPT ALL ${stored}) LIMIT 3`
    expect(await runSql(url, differences), String(name)).toEqual([])
  }
}

async function expectRows(folder: string, url: string): Promise<void> {
  for (const { target, rows } of (await expectationOf(folder)).rows ?? []) {
    expect(await runSql(url, target), target).toEqual(rows)
  }
}

/** One text, a line a row: comparing tens of thousands of rows one by one takes seconds. */
export async function linesOf(url: string, query: string): Promise<string> {
  return (await runSql(url, query)).map((row) => JSON.stringify(row)).join('\n')
}
