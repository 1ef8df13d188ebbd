// What the queries `skip_if_same` returned when copies were last loaded, and whether the copies still hold what was loaded then.

import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { isOfThisCopy } from './former-refreshes.ts'

const writes = ['inserted', 'updated', 'deleted']
  .flatMap((write) => [`pg_stat_get_tuples_${write}`, `pg_stat_get_xact_tuples_${write}`])
  .map((count) => `pg_catalog.${count}(c.oid)`)
  .join(' OPERATOR(pg_catalog.+) ')

/**
 * Differs once the data of a relation may have changed. Each REFRESH and TRUNCATE writes its row in pg_class. Other writes into a table are
 * counted, also those that this session has not reported yet. Before PostgreSQL 15 those of other sessions are reported late, so the size
 * has to do.
 */
const stateOf = (oid: string) => `(
          SELECT pg_catalog.concat_ws(' ', c.xmin, CASE WHEN c.relkind OPERATOR(pg_catalog.<>) 'r' THEN NULL
                   WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 OPERATOR(pg_catalog.<) 150000 THEN pg_catalog.pg_relation_size(c.oid)
                   ELSE ${writes} END)
            FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) ${oid})`

/**
 * An answer as it is recorded: with the state of the copy afterwards. All of it is SQL.
 * @param oid of the copy
 */
export const recordedAnswer = (answer: string, oid: string) =>
  `(${answer}) OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) ${stateOf(oid)}`

/**
 * The answer at the load that ended last, for a copy whose address is an expression. NULL if a later transaction has recorded one that
 * ended earlier: then the clock was set back, and it is unknown which load was the last one.
 */
export const lastAnswer = (address: string) => `
    SELECT CASE WHEN age(newest.xmin) = min(age(newest.xmin)) OVER () THEN newest.answer END AS answer, newest.started_at
      FROM (SELECT r.xmin, r.answer, r.started_at, r.ended_at FROM fdwsync.refresh r
             WHERE r.address = ${address} AND r.outcome = 'applied' AND ${isOfThisCopy} ORDER BY r.ended_at DESC LIMIT 100) AS newest
     ORDER BY newest.ended_at DESC LIMIT 1`

const sameQuery = trusted(`
  SELECT given.address, extract(epoch FROM clock_timestamp() - started_at)::float8 * 1000 AS "millisecondsAgo"
    FROM unnest($1::text[], $2::text[]) AS given(address, answer) CROSS JOIN LATERAL (${lastAnswer('given.address')}) AS last
   WHERE last.answer = ${recordedAnswer('given.answer', "to_regclass(format('%I.%I', given.address::json ->> 1, given.address::json ->> 2))")}`)

/**
 * Finds the copies whose last load had the same answer, and that still hold what it has loaded. Returns how long ago that began. The
 * caller has found the ledger to be trusted, and reads under `readingPath`.
 */
export async function findSame(session: Session, answers: ReadonlyMap<Key, string>): Promise<ReadonlyMap<Key, number>> {
  const rows = await session.query<{ address: Key; millisecondsAgo: number }>(sameQuery, [
    [...answers.keys()],
    [...answers.values()],
  ])
  return new Map(rows.map(({ address, millisecondsAgo }) => [address, millisecondsAgo]))
}
