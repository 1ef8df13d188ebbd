// The beginning of each transaction of a refresh, in few statements, since a REFRESH of little data hardly takes longer than these.
// Also counts rows before and after.

import type { Relation } from '../core/object.ts'
import { join, literal, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import { abortWhenClientDisconnects } from '../db/cancellation.ts'
import type { Session } from '../db/session.ts'
import { beginSettings } from '../db/transaction.ts'
import { manifestSettingsByName, settingsOfRole } from '../introspector/transaction-settings.ts'

/** A copy that is loaded or refreshed. */
interface Loaded {
  readonly id: Relation
}

export interface Counted {
  /** Null if it does not exist. */
  readonly oid: number | null
  /**
   * The number of rows that this session has inserted, and that of those deleted. Earlier transactions count until they are reported.
   * Null without track_counts.
   */
  readonly inserted: string | null
  readonly deleted: string | null
}

export interface Measured extends Counted {
  readonly bytes: string | null
}

const counts = trusted(`CASE WHEN pg_catalog.current_setting('track_counts') OPERATOR(pg_catalog.=) 'on'
         THEN pg_catalog.pg_stat_get_xact_tuples_inserted(copy.oid)::pg_catalog.text END AS inserted,
         CASE WHEN pg_catalog.current_setting('track_counts') OPERATOR(pg_catalog.=) 'on'
         THEN pg_catalog.pg_stat_get_xact_tuples_deleted(copy.oid)::pg_catalog.text END AS deleted`)

/** What all transactions of a run have in common. */
export interface Beginning {
  /** A scalar subquery that sets all settings whose values differ from those of a load. */
  readonly settings: Sql
}

/**
 * Computes once what each transaction of a refresh begins with. The session is in a transaction, whose settings this changes. The
 * block that tries whether the server can notice the end of a client takes half as long as a small REFRESH, and so does setting all
 * settings one by one.
 */
export async function refreshBeginning(session: Session, searchPath: readonly string[]): Promise<Beginning> {
  const interval = 'client_connection_check_interval'
  const rows = await session.query<{ name: string; value: string }>(sql`${abortWhenClientDisconnects};
    SELECT name, CASE name WHEN ${literal(interval)} THEN current_setting(name) ELSE reset_val END AS value
      FROM pg_settings WHERE name IN (${join([interval, ...settingsOfRole].map(literal), ', ')})`)
  const wanted = new Map([
    ...beginSettings(session.serverVersion),
    ...manifestSettingsByName(searchPath),
    ...rows.map(({ name, value }) => [name, value] as const),
  ])
  const values = Array.from(wanted, ([name, value]) => sql`(${literal(name)}, ${literal(value)})`)
  return {
    settings: sql`(SELECT pg_catalog.count(pg_catalog.set_config(name, value, true))
      FROM (VALUES ${join(values, ', ')}) AS setting(name, value)
     WHERE pg_catalog.current_setting(name) OPERATOR(pg_catalog.<>) value)`,
  }
}

export const beginStatement = trusted('BEGIN ISOLATION LEVEL READ COMMITTED')

/** Sends everything that precedes the load in one round trip. */
export async function beginRefresh(session: Session, { settings }: Beginning, copies: readonly Loaded[]) {
  const rows = await session.query<Counted & { readonly pid: number }>(sql`${beginStatement};
    SELECT ${settings} AS set, pg_catalog.pg_backend_pid() AS pid, copy.oid, ${counts} FROM ${theCopies(copies)}`)
  const [first] = rows
  if (!first) throw new Error('a query over a list returned no row')
  return { pid: first.pid, counted: rows }
}

export function measure(session: Session, copies: readonly Loaded[]): Promise<readonly Measured[]> {
  return session.query<Measured>(measureQuery(copies))
}

/** In the order of the copies, like {@link measureQuery}. */
export function countQuery(copies: readonly Loaded[]): Sql {
  return sql`SELECT copy.oid, ${counts} FROM ${theCopies(copies)}`
}

export function measureQuery(copies: readonly Loaded[]): Sql {
  return sql`SELECT copy.oid, ${counts}, pg_catalog.pg_relation_size(copy.oid)::pg_catalog.text AS bytes FROM ${theCopies(copies)}`
}

/** How many rows were inserted or deleted since then. Undefined if the server does not count them. */
export function countSince(
  count: 'inserted' | 'deleted',
  before: Counted | undefined,
  after: Counted | undefined,
): string | undefined {
  const [first, last] = [before?.[count], after?.[count]]
  if (first == null || last == null) return undefined
  return String(BigInt(last) - (before?.oid === after?.oid ? BigInt(first) : 0n))
}

/** `copy.oid`, in the order of the copies. They are looked up by name, since a swap changes the OID. */
function theCopies(copies: readonly Loaded[]): Sql {
  const [first, ...others] = copies.map(({ id }) => literal(qualified(id.schema, id.name)))
  if (first !== undefined && others.length === 0)
    return sql`(SELECT pg_catalog.to_regclass(${first})::pg_catalog.oid AS oid) AS copy`
  const names = join(first === undefined ? [] : [first, ...others], ', ')
  return sql`(SELECT pg_catalog.to_regclass(name)::pg_catalog.oid AS oid
    FROM pg_catalog.unnest(ARRAY[${names}]) WITH ORDINALITY AS given(name, position) ORDER BY position) AS copy`
}
