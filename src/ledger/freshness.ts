// Reads when copies were last refreshed.

import type { RecordedFreshness } from '../core/freshness.ts'
import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { isLoaded, sourceViewOid } from '../kinds/facets/copy/source-view.ts'
import { isMarked } from '../kinds/facets/copy/table-mark.ts'
import { emptyColumnMarks, emptyColumnOf } from './empty-columns.ts'
import { isOfThisCopy } from './former-refreshes.ts'

interface Row {
  readonly address: Key
  readonly millisecondsAgo: number
  readonly startedAt: string
  readonly endedAt: string | null
  readonly milliseconds: number | null
  readonly rows: string | null
  readonly emptyColumns: readonly string[] | null
  readonly isEmptied: boolean | null
}

// What was recorded proves nothing for a copy that holds no data, or for another table that was created under its name. A crash of the
// server, or a standby that takes its place, empties unlogged tables.
const copyQuery = `
  SELECT CASE c.relkind WHEN 'm' THEN c.relispopulated ELSE ${isMarked('c')} AND (v.oid IS NULL OR ${isLoaded('v')}) END AS is_loaded,
         CASE WHEN c.relpersistence = 'u' AND c.oid <> ALL (current_setting('fdwsync.locked')::oid[]) THEN pg_relation_size(c.oid) = 0 END AS is_empty
    FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
    LEFT JOIN pg_class v ON v.oid = ${sourceViewOid()}
   WHERE n.nspname = address::json ->> 1 AND c.relname = address::json ->> 2`

// Two newest rows of a copy: of all refreshes that succeeded, and of those that loaded data, which a skipped one does not. Each is
// found by the index on address and ended_at, however many refreshes were recorded. What ended in the future, because the clock of
// the server was set back, proves nothing, and would hide every refresh until then. An old ledger lacks some columns.
const freshnessQuery = (marks: string) =>
  trusted(`
  WITH marked AS MATERIALIZED (${marks})
  SELECT address.address, extract(epoch FROM now() - checked.started_at)::float8 * 1000 AS "millisecondsAgo",
         to_json(checked.started_at) #>> '{}' AS "startedAt", to_json(loaded.ended_at) #>> '{}' AS "endedAt",
         extract(epoch FROM loaded.ended_at - loaded.started_at)::float8 * 1000 AS milliseconds, loaded.row_count::text AS rows,
         CASE WHEN loaded.started_at > marked.recorded_at THEN NULL ELSE marked.columns END AS "emptyColumns",
         copy.is_empty AND coalesce(loaded.row_count > 0, loaded.bytes > 0) AS "isEmptied"
    FROM unnest($1::text[]) AS address(address)
    LEFT JOIN LATERAL (${copyQuery}) AS copy ON true
    CROSS JOIN LATERAL (SELECT started_at FROM fdwsync.refresh r
                         WHERE r.address = address.address AND outcome IN ('applied', 'skipped') AND ${isOfThisCopy}
                           AND ended_at <= clock_timestamp() ORDER BY ended_at DESC LIMIT 1) AS checked
    LEFT JOIN LATERAL (SELECT started_at, ended_at, row_count, (to_jsonb(r) ->> 'bytes')::bigint AS bytes FROM fdwsync.refresh r
                        WHERE r.address = address.address AND outcome = 'applied' AND ${isOfThisCopy}
                          AND ended_at <= clock_timestamp() ORDER BY ended_at DESC LIMIT 1) AS loaded ON true
    LEFT JOIN marked ON marked.address = address.address
   WHERE copy.is_loaded IS NOT FALSE`)

// Not every role that refreshes may remove the mark of a column.
const marked = `
    SELECT address, recorded_at, ${emptyColumnMarks('outdated_by')} AS columns FROM fdwsync.object WHERE outdated_by IS NOT NULL`
const noMarks = 'SELECT NULL AS address, NULL::timestamptz AS recorded_at, NULL::text[] AS columns WHERE false'

/** Reads the freshness by copy, after `noteLocked`. The caller has found a ledger that this role can read. */
export async function readFreshness(
  session: Session,
  copies: readonly Key[],
): Promise<ReadonlyMap<Key, RecordedFreshness>> {
  if (copies.length === 0) return new Map()
  const { refreshes, marks } = await recordedIn(session)
  if (!refreshes) return new Map()
  const rows = await session.query<Row>(freshnessQuery(marks ? marked : noMarks), [copies])
  return new Map(rows.map((row) => [row.address, freshnessOf(row)]))
}

interface RecordedParts {
  readonly refreshes: boolean
  readonly marks: boolean
}

/** An old ledger lacks the table of refreshes, or the column of marks. */
async function recordedIn(session: Session): Promise<RecordedParts> {
  const [parts] = await session.query<RecordedParts>(
    trusted(`SELECT to_regclass('fdwsync.refresh') IS NOT NULL AS refreshes,
                    EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('fdwsync.object') AND attname = 'outdated_by') AS marks`),
  )
  return parts ?? { refreshes: false, marks: false }
}

function freshnessOf({
  millisecondsAgo,
  startedAt,
  endedAt,
  milliseconds,
  rows,
  emptyColumns,
  isEmptied,
}: Row): RecordedFreshness {
  return {
    // One that another session has recorded meanwhile may have begun after this transaction.
    millisecondsAgo: Math.max(0, millisecondsAgo),
    startedAt,
    emptyColumns: (emptyColumns ?? []).map(emptyColumnOf),
    isEmptied: isEmptied ?? false,
    lastLoad:
      endedAt === null || milliseconds === null
        ? undefined
        : { endedAt, milliseconds, rows: rows === null ? undefined : Number(rows) },
  }
}
