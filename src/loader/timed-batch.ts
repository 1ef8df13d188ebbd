// Loads several copies in one transaction, all or none, in two round trips. After any failure they are as before, and the caller
// loads them one by one, which shows which of them fails.

import type { Relation } from '../core/object.ts'
import { join, literal, number, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import {
  type Beginning,
  beginStatement,
  type Counted,
  countQuery,
  type Measured,
  measureQuery,
} from './begin-refresh.ts'

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
  readonly milliseconds: number
  readonly before: Counted
  readonly after: Measured
}

export interface Batch<Item> {
  /** The backend that runs the transaction. */
  readonly pid: number
  /** The completed loads: the first ones of those that were given. */
  readonly loaded: readonly LoadedItem<Item>[]
}

interface Row {
  readonly pid: number
  readonly before: readonly Counted[]
  readonly after: readonly Measured[]
  readonly milliseconds: readonly number[]
}

/** Begins a transaction and loads copies in it, until the time of a batch is over. */
export async function loadInBatch<Item>(
  session: Session,
  begin: Beginning,
  items: readonly Item[],
  loadingOf: (item: Item) => Loading,
  limits: BatchLimits,
): Promise<Batch<Item>> {
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
    return before && after && milliseconds !== undefined ? [{ item, milliseconds, before, after }] : []
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
