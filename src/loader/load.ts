import type { Relation } from '../core/object.ts'
import { join, qualified, type Sql, type Statement, sql, trusted } from '../core/sql.ts'
import { abortWhenClientDisconnects } from '../db/cancellation.ts'
import { isConnectionLost } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { manifestPath } from '../introspector/transaction-settings.ts'
import { backendPid, CommitOutcomeUnknown } from './commit-watchdog.ts'
import type { SourceWatchdog } from './source-watchdog.ts'

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

export interface Load {
  readonly view: Relation
  readonly searchPath: readonly string[]
  readonly statements: readonly Statement[]
  /** Writes in the ledger, in the same transaction, that it was loaded, and with how many rows if that is known. */
  record(session: Session, rows: string | undefined): Promise<void>
}

/** Loads the data of a view in a transaction of its own, once it is known that its sources answer. */
export async function load(
  session: Session,
  sources: SourceWatchdog,
  { view, searchPath, statements, record }: Load,
): Promise<void> {
  await session.run(sql`BEGIN; ${abortWhenClientDisconnects}`)
  const processId = await backendPid(session)
  try {
    const rows = await sources.load(session, view, async () => {
      await session.run(loadSettings(searchPath))
      return rowsLoaded(session, view, statements)
    })
    await record(session, rows)
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    throw error
  }
  await sources.commit(session, processId).catch(explainLoss)
}

/** Runs what loads a view, and returns with how many rows if the server tells. */
export async function rowsLoaded(
  session: Session,
  view: Relation,
  statements: readonly Statement[],
): Promise<string | undefined> {
  // A session that has loaded it before may not have reported that yet.
  const before = await rowsInserted(session, view)
  for (const statement of statements) await session.execute(statement)
  const after = await rowsInserted(session, view)
  return before === undefined || after === undefined ? undefined : String(BigInt(after) - BigInt(before))
}

function explainLoss(error: unknown): never {
  if (!isConnectionLost(error)) throw error
  throw new CommitOutcomeUnknown({
    code: 'plan/unknown-outcome',
    message: `the data may be loaded or not: ${error.message}`,
    hint: 'Plan again: a view that holds no data is a change.',
  })
}

/**
 * How many rows a load in this transaction has brought, in all of them that it did on this relation. PostgreSQL tells only
 * its statistics, if it keeps them; they go on from an earlier transaction of the session that was not reported yet.
 */
export async function rowsInserted(session: Session, { schema, name }: Relation): Promise<string | undefined> {
  const [row] = await session.query<{ rows: string | null }>(
    trusted(`SELECT CASE WHEN pg_catalog.current_setting('track_counts') OPERATOR(pg_catalog.=) 'on'
                         THEN pg_catalog.pg_stat_get_xact_tuples_inserted(pg_catalog.to_regclass($1)) END AS rows`),
    [qualified(schema, name)],
  )
  return row?.rows ?? undefined
}
