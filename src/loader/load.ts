// Loads a materialized view in a transaction of its own, with few round trips, since a load of little data hardly takes longer than
// one.

import type { ObjectNotice } from '../core/notice.ts'
import type { Relation } from '../core/object.ts'
import { qualified, type Statement, trusted } from '../core/sql.ts'
import { isConnectionLost } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import type { ConnectivityProbe } from '../kinds/kind.ts'
import type { OptionalEnd } from '../ledger/refresh-log.ts'
import { type Beginning, beginRefresh, countSince, measure } from './begin-refresh.ts'
import { commitRecorded } from './commit-recorded.ts'
import { CommitOutcomeUnknown } from './commit-watchdog.ts'
import type { SourceWatchdog } from './source-watchdog.ts'

export interface Load {
  readonly view: Relation
  readonly statements: readonly Statement[]
  /** The beginning of the transaction. */
  readonly begin: Beginning
  /** How to connect to the sources that the view reads. */
  readonly probes: readonly ConnectivityProbe[]
  /**
   * Returns the record to send along with COMMIT. `rows` is undefined if unknown. `started` is when the load began, as in
   * `performance.now()`.
   */
  record(rows: string | undefined, started: number): OptionalEnd | undefined
}

/** Runs the load once the sources of the view have answered. */
export async function load(
  session: Session,
  sources: SourceWatchdog,
  { view, statements, begin, probes, record }: Load,
): Promise<void> {
  const { pid, counted } = await beginRefresh(session, begin, [{ id: view }])
  try {
    const started = await sources.load(session, pid, probes, async () => {
      const loadStarted = performance.now()
      for (const statement of statements) await session.execute(statement)
      return loadStarted
    })
    const [after] = await measure(session, [{ id: view }])
    const rows = countSince('inserted', counted[0], after)
    await commitRecorded(session, (end) => sources.commit(session, pid, end).catch(explainLoss), record(rows, started))
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    throw error
  }
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

/** The warnings of a query and its functions. Notices are left out, since a function may raise one for each row. */
export function takeWarnings(
  session: Session,
  { key, title }: Pick<ObjectNotice, 'key' | 'title'>,
): readonly ObjectNotice[] {
  const warnings = session.takeNotices().filter(({ severity }) => severity === 'warning')
  return warnings.map((notice) => ({ key, title, notice }))
}

/** Rethrows an error of COMMIT, with what it means for the load. */
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
