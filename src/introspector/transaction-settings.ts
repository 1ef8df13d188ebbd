// Settings for the length of a transaction, so that SQL is parsed and deparsed in the same way every time.

import { ident, join, literal, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, planLimits, rolledBack } from '../db/transaction.ts'

/**
 * The settings that change the meaning of SQL or its deparsed text. For example, DateStyle decides how CREATE VIEW
 * reads the constant '01/02/2026'::date, and quote_all_identifiers changes every deparsed text. Sessions pin
 * standard_conforming_strings when they are opened.
 */
const pinned: Readonly<Record<string, string>> = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  xmloption: 'content',
  quote_all_identifiers: 'off',
  default_tablespace: '',
  default_table_access_method: 'heap',
  array_nulls: 'on',
  transform_null_equals: 'off',
  lc_monetary: 'C',
  timezone_abbreviations: 'Default',
}

/** The settings that a load leaves to the role and database. */
export const settingsOfRole = [
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'extra_float_digits',
  'bytea_output',
  'lc_monetary',
] as const

/**
 * Sets only settings that have another value. This runs dozens of times in a plan, and some settings are expensive to set even to
 * their present value: for timezone_abbreviations the server reads a file.
 */
const pin: Sql = sql`
  SELECT pg_catalog.set_config(name, value, true)
    FROM (VALUES ${join(
      Object.entries(pinned).map(([name, value]) => sql`(${literal(name)}, ${literal(value)})`),
      ', ',
    )}) AS setting(name, value)
   WHERE pg_catalog.current_setting(name) OPERATOR(pg_catalog.<>) value`

/** Live and probed objects are both read under this path, so that their deparsed texts can be compared. */
export const readingPath: Sql = sql`${pin}; SET LOCAL search_path = pg_catalog, pg_temp`

/** Reads in a read-only transaction of its own, under {@link readingPath}. */
export function inReadOnlyTransaction<Result>(session: Session, read: () => Promise<Result>): Promise<Result> {
  return rolledBack(session, sql`${beginStatement(session.serverVersion, { readOnly: true })}; ${readingPath}`, read)
}

/** Begins a transaction that creates objects for a plan, to be rolled back, under {@link readingPath}. */
export function beginTrial({ serverVersion }: Session): Sql {
  return sql`${beginStatement(serverVersion, { lockTimeoutMilliseconds: 3000, limitMilliseconds: planLimits })}; ${readingPath}`
}

/** The settings of {@link manifestPath} in a form to be read, for scripts. */
export function manifestSettings(searchPath: readonly string[]): Sql {
  const all = Object.entries(pinned).map(([name, value]) => sql`SET LOCAL ${trusted(name)} = ${literal(value)}`)
  return join([...all, sql`SET LOCAL search_path = ${pathOf(searchPath)}`], '; ')
}

/** For catalog queries: JIT compilation or parallel workers would take longer than the queries themselves. */
export const catalogCosts: Sql = trusted('SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0')

/** The probe and apply both parse a manifest's SQL under the manifest's own search path. */
export function manifestPath(searchPath: readonly string[]): Sql {
  return sql`${pin}; SET LOCAL search_path = ${pathOf(searchPath)}`
}

/** The schemas of a manifest's search path that exist. It leaves the transaction under {@link readingPath}. */
export async function schemasOfPath(session: Session, searchPath: readonly string[]): Promise<readonly string[]> {
  const [path] = await session.query<{ schemas: readonly string[] }>(
    sql`${manifestPath(searchPath)}; SELECT pg_catalog.current_schemas(false)::pg_catalog.text[] AS schemas`,
  )
  await session.run(readingPath)
  return path?.schemas ?? []
}

/** The settings of {@link manifestPath}, by name. */
export function manifestSettingsByName(searchPath: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...Object.entries(pinned), ['search_path', searchPath.map(ident).join(', ')]])
}

function pathOf(searchPath: readonly string[]): Sql {
  return searchPath.length === 0 ? trusted("''") : join(searchPath.map(ident), ', ')
}
