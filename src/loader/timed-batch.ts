// Loads several copies in one transaction, all or none, in two round trips. After any failure they are as before, and the caller
// loads them one by one, which shows which of them fails.

import { FdwsyncError } from '../core/errors.ts'
import type { Relation } from '../core/object.ts'
import { join, literal, number, type Sql, sql, trusted } from '../core/sql.ts'
import type { Connect } from '../db/connect.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { interruption } from '../db/interruption.ts'
import type { Session } from '../db/session.ts'
import { withSession } from '../db/session-pool.ts'
import type { ConnectivityProbe } from '../kinds/kind.ts'
import type { OptionalEnd } from '../ledger/refresh-log.ts'
import {
  type Beginning,
  beginStatement,
  type Counted,
  countQuery,
  type Measured,
  measureQuery,
} from './begin-refresh.ts'
import { commitRecorded } from './commit-recorded.ts'
import { CommitOutcomeUnknown } from './commit-watchdog.ts'
import { explainLoss } from './load.ts'
import type { SourceWatchdog } from './source-watchdog.ts'

export interface BatchLimits {
  /** After this time no further copy is loaded. */
  readonly milliseconds: number
  /** A longer wait ends the batch. */
  readonly lockTimeout: string
  readonly statementTimeout: string
}

/** One load of a batch. */
interface Loading {
  readonly id: Relation
  readonly statements: readonly Sql[]
}

/** A load that a batch has completed. */
export interface LoadedItem<Item> {
  readonly item: Item
  /** As returned by `performance.now()`. All loads of a batch count as begun at once, since all may show the source as it was then. */
  readonly started: number
  readonly milliseconds: number
  readonly before: Counted
  readonly after: Measured
}

export interface Batch<Item> {
  readonly items: readonly Item[]
  readonly limits: BatchLimits
  readonly connect: Connect
  readonly signal: AbortSignal
  readonly sources: SourceWatchdog
  checkLease(): void
  /** Prepares the session, and returns how the transaction begins and which sources it reads. */
  prepare(session: Session): Promise<{ readonly begin: Beginning; readonly probes: readonly ConnectivityProbe[] }>
  loadingOf(item: Item): Loading
  /** Returns the record to send along with COMMIT. */
  record(loaded: readonly LoadedItem<Item>[]): OptionalEnd | undefined
}

export type BatchResult<Item> =
  | {
      readonly status: 'loaded'
      /** The first ones of those that were given. */
      readonly loaded: readonly LoadedItem<Item>[]
      /** Why they could not be recorded. */
      readonly unrecorded: string | undefined
    }
  /** Nothing was loaded, for a reason that may concern only one of them. */
  | { readonly status: 'rolled back' }
  /** The run was interrupted, or the outcome of the COMMIT is unknown. */
  | { readonly status: 'failed'; readonly items: readonly Item[]; readonly error: FdwsyncError }

/** Loads copies until the time of a batch is over, and commits. If the server raises a warning, all are rolled back. */
export async function loadInBatch<Item>(batch: Batch<Item>): Promise<BatchResult<Item>> {
  try {
    batch.checkLease()
    return await withSession(batch.connect, 'load', batch.signal, (session) => loadAndCommit(session, batch))
  } catch (error) {
    // After an interruption none of them could start any more.
    if (batch.signal.aborted) return { status: 'failed', items: batch.items, error: interruption(batch.signal) }
    if (!isDatabaseError(error) && !(error instanceof FdwsyncError)) throw error
    return { status: 'rolled back' }
  }
}

async function loadAndCommit<Item>(session: Session, batch: Batch<Item>): Promise<BatchResult<Item>> {
  const { sources } = batch
  const { begin, probes } = await batch.prepare(session)
  try {
    const { pid, loaded } = await sources.load(session, session.processId, probes, () =>
      beginAndLoad(session, begin, batch),
    )
    // It is unknown which copy the warning is about.
    if (session.takeNotices().some(({ severity }) => severity === 'warning')) {
      await session.run(trusted('ROLLBACK'))
      return { status: 'rolled back' }
    }
    batch.checkLease()
    try {
      const commit = (statements: Sql) => sources.commit(session, pid, statements).catch(explainLoss)
      return { status: 'loaded', loaded, unrecorded: await commitRecorded(session, commit, batch.record(loaded)) }
    } catch (error) {
      if (!(error instanceof CommitOutcomeUnknown)) throw error
      return { status: 'failed', items: loaded.map(({ item }) => item), error }
    }
  } catch (error) {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    throw error
  }
}

interface Row {
  readonly pid: number
  readonly before: readonly Counted[]
  readonly after: readonly Measured[]
  readonly milliseconds: readonly number[]
}

/** Returns the completed loads, and the backend that runs the transaction. */
async function beginAndLoad<Item>(
  session: Session,
  begin: Beginning,
  { items, limits, loadingOf }: Batch<Item>,
): Promise<{ readonly pid: number; readonly loaded: readonly LoadedItem<Item>[] }> {
  const started = performance.now()
  const loadings = items.map(loadingOf)
  const timeouts = sql`SET LOCAL lock_timeout = ${literal(limits.lockTimeout)}; SET LOCAL statement_timeout = ${literal(limits.statementTimeout)}`
  const [row] = await session.query<Row>(sql`${beginStatement};
    SELECT ${begin.settings} AS set, pg_catalog.set_config(${counted}, ${jsonOf(countQuery(loadings))}::pg_catalog.text, true);
    ${timeouts}; DO ${literal(loadUntilOver(loadings, limits.milliseconds))};
    SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_setting(${counted})::pg_catalog.jsonb AS before, ${jsonOf(measureQuery(loadings))} AS after,
           pg_catalog.current_setting(${timed})::pg_catalog.jsonb AS milliseconds`)
  if (!row) throw new Error('a query without a FROM clause returned no row')
  const loaded = items.flatMap((item, at) => {
    const [before, after, milliseconds] = [row.before[at], row.after[at], row.milliseconds[at]]
    return before && after && milliseconds !== undefined ? [{ item, started, milliseconds, before, after }] : []
  })
  return { pid: row.pid, loaded }
}

/** The settings in which results are kept until the end of the block. */
const [counted, timed] = [literal('fdwsync.counted'), literal('fdwsync.timed')]

/** The block runs under the path of the manifest, so all of its own names are qualified. */
function loadUntilOver(loadings: readonly Loading[], milliseconds: number): Sql {
  const texts = loadings.map(({ statements }) => literal(join(statements, '; ')))
  const since = (start: 'beginning' | 'before') =>
    trusted(
      `pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) ${start}) OPERATOR(pg_catalog.*) 1000`,
    )
  return sql`
DECLARE
  statements pg_catalog.text[] := ARRAY[${join(texts, ', ')}];
  beginning pg_catalog.timestamptz := pg_catalog.clock_timestamp();
  before pg_catalog.timestamptz;
  took pg_catalog.float8[] := '{}';
BEGIN
  FOR at IN 1..pg_catalog.cardinality(statements) LOOP
    EXIT WHEN at OPERATOR(pg_catalog.>) 1 AND (${since('beginning')}) OPERATOR(pg_catalog.>) ${number(milliseconds)};
    before := pg_catalog.clock_timestamp();
    EXECUTE statements[at];
    took := pg_catalog.array_append(took, ${since('before')});
  END LOOP;
  PERFORM pg_catalog.set_config(${timed}, pg_catalog.to_json(took)::pg_catalog.text, true);
END`
}

function jsonOf(query: Sql): Sql {
  return sql`(SELECT pg_catalog.jsonb_agg(pg_catalog.to_jsonb(of_each)) FROM (${query}) AS of_each)`
}
