// Refreshes small copies in one transaction, all or none, in two round trips. After any failure they are as they were, to be refreshed one by
// one, which finds out what is wrong with which.

import { join, literal, number, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { refreshStatement } from '../kinds/materialized-view/materialized-view.ts'
import {
  type Beginning,
  beginStatement,
  type Counted,
  countQuery,
  type Measured,
  measureQuery,
} from './begin-refresh.ts'
import { batchMilliseconds, type SmallCopy } from './small-copies.ts'

/** A copy that a batch has refreshed. */
export interface RefreshedCopy {
  readonly small: SmallCopy
  readonly milliseconds: number
  readonly before: Counted
  readonly after: Measured
}

export interface Batch {
  /** The backend that runs the transaction. */
  readonly pid: number
  /** The first ones of those that were given. */
  readonly refreshed: readonly RefreshedCopy[]
}

interface Row {
  readonly pid: number
  readonly before: readonly Counted[]
  readonly after: readonly Measured[]
  readonly milliseconds: readonly number[]
}

/** Begins a transaction and refreshes copies in it, until the time of a batch is over. */
export async function refreshBatch(session: Session, begin: Beginning, batch: readonly SmallCopy[]): Promise<Batch> {
  const copies = batch.map(({ copy }) => copy)
  const [row] = await session.query<Row>(sql`${beginStatement};
    SELECT ${begin.settings} AS set, pg_catalog.set_config(${counted}, ${jsonOf(countQuery(copies))}::pg_catalog.text, true);
    ${limits}; DO ${literal(refreshUntilOver(batch))};
    SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_setting(${counted})::pg_catalog.jsonb AS before, ${jsonOf(measureQuery(copies))} AS after,
           pg_catalog.current_setting(${timed})::pg_catalog.jsonb AS milliseconds`)
  if (!row) throw new Error('a query without a FROM clause returned no row')
  const refreshed = batch.flatMap((small, at) => {
    const [before, after, milliseconds] = [row.before[at], row.after[at], row.milliseconds[at]]
    return before && after && milliseconds !== undefined ? [{ small, milliseconds, before, after }] : []
  })
  return { pid: row.pid, refreshed }
}

/** Settings in which the results are kept until the end. */
const [counted, timed] = [literal('fdwsync.counted'), literal('fdwsync.timed')]

/**
 * Readers of the copies that are refreshed already wait for the next ones, and they may hold what these need. So the batch gives up long
 * before the server looks for a deadlock.
 */
const limits = trusted("SET LOCAL lock_timeout = '10ms'; SET LOCAL statement_timeout = '250ms'")

/** Under the path of the manifest, so that all names have their schema. */
function refreshUntilOver(batch: readonly SmallCopy[]): Sql {
  const statements = batch.map(({ copy: { id }, choice }) =>
    literal(refreshStatement(id, choice.strategy === 'concurrently').sql),
  )
  const since = (start: 'beginning' | 'before') =>
    trusted(
      `pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) ${start}) OPERATOR(pg_catalog.*) 1000`,
    )
  return sql`
DECLARE
  statements pg_catalog.text[] := ARRAY[${join(statements, ', ')}];
  beginning pg_catalog.timestamptz := pg_catalog.clock_timestamp();
  before pg_catalog.timestamptz;
  took pg_catalog.float8[] := '{}';
BEGIN
  FOR at IN 1..pg_catalog.cardinality(statements) LOOP
    EXIT WHEN at OPERATOR(pg_catalog.>) 1 AND (${since('beginning')}) OPERATOR(pg_catalog.>) ${number(batchMilliseconds)};
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
