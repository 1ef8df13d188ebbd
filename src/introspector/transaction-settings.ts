// Settings for the length of a transaction, so that SQL is parsed and deparsed in the same way every time.

import { ident, join, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { beginStatement } from '../db/transaction.ts'

/**
 * Pins the settings that change the meaning of SQL or its deparsed text. For example, DateStyle decides how CREATE VIEW
 * reads the constant '01/02/2026'::date, and quote_all_identifiers changes every deparsed text. Sessions pin
 * standard_conforming_strings when they are opened.
 */
export const pinnedSettings: Sql = trusted(
  `SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL TimeZone = 'UTC';
   SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL xmloption = 'content';
   SET LOCAL quote_all_identifiers = off;
   SET LOCAL default_tablespace = ''; SET LOCAL default_table_access_method = heap;
   SET LOCAL array_nulls = on; SET LOCAL transform_null_equals = off; SET LOCAL lc_monetary = 'C';
   SET LOCAL timezone_abbreviations = 'Default'`,
)

/** Live and probed objects are both read under this path, so that their deparsed texts can be compared. */
export const readingPath: Sql = sql`${pinnedSettings}; SET LOCAL search_path = pg_catalog, pg_temp`

/** Reads in a read-only transaction of its own, under {@link readingPath}. */
export async function inReadOnlyTransaction<Result>(session: Session, read: () => Promise<Result>): Promise<Result> {
  await session.run(sql`${beginStatement(session.serverVersion, { readOnly: true })}; ${readingPath}`)
  try {
    return await read()
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}

/** For catalog queries: JIT compilation or parallel workers would take longer than the queries themselves. */
export const catalogCosts: Sql = trusted('SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0')

/** The probe and apply both parse a manifest's SQL under the manifest's own search path. */
export function manifestPath(searchPath: readonly string[]): Sql {
  const path = searchPath.length === 0 ? [trusted("''")] : searchPath.map(ident)
  return sql`${pinnedSettings}; SET LOCAL search_path = ${join(path, ', ')}`
}
