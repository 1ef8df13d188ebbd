import { ident, join, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

/**
 * Settings that change what SQL means or how the server writes it, for the length of a transaction: a constant like
 * '01/02/2026'::date is read by DateStyle when a view is made, and quote_all_identifiers changes every deparsed text.
 */
export const pinnedSettings: Sql = trusted(
  `SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL TimeZone = 'UTC';
   SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL xmloption = 'content';
   SET LOCAL quote_all_identifiers = off; SET LOCAL standard_conforming_strings = on;
   SET LOCAL default_tablespace = ''`,
)

/** Everything is read back under this path, live and probed alike, so that texts compare. */
export const readingPath: Sql = sql`${pinnedSettings}; SET LOCAL search_path = pg_catalog, pg_temp`

/** Reads in a transaction of its own that changes nothing. */
export async function inReadOnlyTransaction<Result>(session: Session, read: () => Promise<Result>): Promise<Result> {
  await session.run(sql`BEGIN READ ONLY; ${readingPath}`)
  try {
    return await read()
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}

/** For catalog queries alone: to compile one, or to start workers for it, takes longer than to run it. */
export const catalogCosts: Sql = trusted('SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0')

/** SQL of a manifest is parsed under its own path, in the probe and at apply alike. */
export function manifestPath(searchPath: readonly string[]): Sql {
  const path = searchPath.length === 0 ? [trusted("''")] : searchPath.map(ident)
  return sql`${pinnedSettings}; SET LOCAL search_path = ${join(path, ', ')}`
}
