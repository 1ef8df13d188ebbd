import { join, type Sql, type Statement, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { manifestPath } from '../introspector/read.ts'

/**
 * For the length of a load: the manifest's path, so that what a function finds does not hang on who refreshes (17 and
 * later restrict it anyway), but otherwise the settings of the role and database, as for any REFRESH: a query may use
 * the time zone, and a replacement must not hold other values than the next refresh brings.
 */
export function loadSettings(searchPath: readonly string[]): Sql {
  const names = ['DateStyle', 'IntervalStyle', 'TimeZone', 'extra_float_digits', 'bytea_output', 'xmloption']
  const defaults = names.map((name) => trusted(`SET LOCAL ${name} TO DEFAULT`))
  return join([manifestPath(searchPath), ...defaults], '; ')
}

/** Runs statements that load data, in a transaction of their own. */
export async function load(
  session: Session,
  searchPath: readonly string[],
  statements: readonly Statement[],
): Promise<void> {
  await session.run(sql`BEGIN; ${loadSettings(searchPath)}`)
  try {
    for (const statement of statements) await session.execute(statement)
    await session.run(trusted('COMMIT'))
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    throw error
  }
}
