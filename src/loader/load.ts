// Loads a materialized view in a transaction of its own.

import type { ObjectNotice } from '../core/notice.ts'
import type { Relation } from '../core/object.ts'
import { join, qualified, type Sql, type Statement, sql, trusted } from '../core/sql.ts'
import { abortWhenClientDisconnects } from '../db/cancellation.ts'
import { isConnectionLost } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { beginStatement } from '../db/transaction.ts'
import { manifestPath } from '../introspector/transaction-settings.ts'
import { backendPid, CommitOutcomeUnknown } from './commit-watchdog.ts'
import type { SourcesOf, SourceWatchdog } from './source-watchdog.ts'

/**
 * The settings of a load. The search_path is the manifest's, so that the functions of a query do not depend on the
 * role that refreshes; PostgreSQL 17 and later restrict it anyway. Everything else is the default of the role and
 * database, as in any REFRESH: a query may depend on the time zone, and the next REFRESH must not produce other
 * values.
 */
export function loadSettings(searchPath: readonly string[]): Sql {
  const defaults = settingsOfRole.map((name) => trusted(`SET LOCAL ${name} TO DEFAULT`))
  return join([manifestPath(searchPath), ...defaults], '; ')
}

/** The settings that a load leaves to the role and database. */
export const settingsOfRole = [
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'extra_float_digits',
  'bytea_output',
  'xmloption',
  'array_nulls',
  'lc_monetary',
]

export interface Load {
  readonly view: Relation
  readonly searchPath: readonly string[]
  readonly statements: readonly Statement[]
  readonly sourcesOf: SourcesOf
  /** Records the load in the ledger, in the same transaction. `rows` is undefined if the number is not known. */
  record(session: Session, rows: string | undefined): Promise<void>
}

/** Runs the load once the sources of the view are known to answer. */
export async function load(
  session: Session,
  sources: SourceWatchdog,
  { view, searchPath, statements, sourcesOf, record }: Load,
): Promise<void> {
  await session.run(sql`${beginStatement(session.serverVersion)}; ${abortWhenClientDisconnects}`)
  const pid = await backendPid(session)
  try {
    const rows = await sources.load(session, pid, await sourcesOf(session, view), async () => {
      await session.run(loadSettings(searchPath))
      return rowsLoaded(session, view, statements)
    })
    await record(session, rows)
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    throw error
  }
  await sources.commit(session, pid, trusted('COMMIT')).catch(explainLoss)
}

/** Runs the statements that load a view. Returns the number of rows, or undefined if the server does not count them. */
export async function rowsLoaded(
  session: Session,
  view: Relation,
  statements: readonly Statement[],
): Promise<string | undefined> {
  // The session may not have reported the count of an earlier transaction yet.
  const before = await rowsInserted(session, view)
  for (const statement of statements) await session.execute(statement)
  const after = await rowsInserted(session, view)
  return before === undefined || after === undefined ? undefined : String(BigInt(after) - BigInt(before))
}

/** What a query or one of its functions has warned of. Without notices, of which a function may raise one for each row. */
export function takeWarnings(
  session: Session,
  { key, title }: Pick<ObjectNotice, 'key' | 'title'>,
): readonly ObjectNotice[] {
  const warnings = session.takeNotices().filter(({ severity }) => severity === 'warning')
  return warnings.map((notice) => ({ key, title, notice }))
}

/** For an error of COMMIT. */
export function explainLoss(error: unknown): never {
  if (!isConnectionLost(error)) throw error
  throw new CommitOutcomeUnknown({
    code: 'plan/unknown-outcome',
    message: `the data may or may not be loaded: ${error.message}`,
    hint: 'Plan again: the plan loads a view that holds no data.',
  })
}

/**
 * The rows that this session has inserted into a relation, according to the cumulative statistics: undefined if
 * track_counts is off. They include earlier transactions that the session has not reported yet.
 */
async function rowsInserted(session: Session, { schema, name }: Relation): Promise<string | undefined> {
  const [row] = await session.query<{ rows: string | null }>(
    trusted(`SELECT CASE WHEN pg_catalog.current_setting('track_counts') OPERATOR(pg_catalog.=) 'on'
                         THEN pg_catalog.pg_stat_get_xact_tuples_inserted(pg_catalog.to_regclass($1)) END AS rows`),
    [qualified(schema, name)],
  )
  return row?.rows ?? undefined
}
