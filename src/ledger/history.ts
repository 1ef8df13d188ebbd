// Reads the recorded applies, with their steps and loads.

import { FdwsyncError } from '../core/errors.ts'
import type { History, RecordedApply, RecordedRefresh, RecordedStep } from '../core/history.ts'
import { type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { isLease } from './lease-key.ts'
import { findLedger } from './trust.ts'

export interface HistoryFilter {
  /** A prefix of an apply's id. */
  readonly id?: string | undefined
  readonly manifest?: string | undefined
  readonly limit: number
}

// An older ledger lacks some columns. Reading the rows as JSON allows for that. An apply that is in progress without its
// lease was interrupted. On a standby, pg_locks does not show the leases of the primary.
const appliesQuery: Sql = sql`
  SELECT r ->> 'id' AS id, r ->> 'manifest' AS manifest, r ->> 'applied_by' AS "appliedBy", r ->> 'applied_from' AS "appliedFrom",
         r ->> 'client_user' AS "clientUser", r ->> 'client_host' AS "clientHost", r ->> 'tool_version' AS "toolVersion",
         (r ->> 'started_at')::timestamptz AS "startedAt", (r ->> 'ended_at')::timestamptz AS "endedAt",
         CASE WHEN r ->> 'outcome' = 'in progress' AND NOT pg_is_in_recovery()
               AND NOT EXISTS (SELECT FROM pg_locks l
                                WHERE l.pid = (r ->> 'lease_pid')::int AND ${isLease(trusted('l'), trusted("(r ->> 'manifest')"))})
              THEN 'interrupted' ELSE r ->> 'outcome' END AS outcome,
         r ->> 'manifest_digest' AS "manifestDigest", nullif(r -> 'summary', 'null') AS summary,
         r ->> 'git_commit' AS commit, r ->> 'repository' AS repository,
         r ->> 'database_name' AS database, (r ->> 'database_oid')::oid AS "databaseOid",
         r ->> 'system_identifier' AS "systemIdentifier",
         coalesce(r ->> 'database_name' <> d.datname OR (r ->> 'database_oid')::oid <> d.oid
                  OR r ->> 'system_identifier' <> $4, false) AS "madeElsewhere"
    FROM (SELECT to_jsonb(a) AS r FROM fdwsync.apply a
           WHERE ($1::text IS NULL OR starts_with(a.id::text, $1)) AND ($2::text IS NULL OR a.manifest = $2)
           ORDER BY a.started_at DESC, a.id LIMIT $3) AS newest,
         pg_database d
   WHERE d.datname = current_database()
   ORDER BY (r ->> 'started_at')::timestamptz DESC, r ->> 'id'`

/**
 * Reads the recorded applies, newest first, within the session's transaction.
 * @throws FdwsyncError if this role cannot read the ledger, or it is not trusted.
 */
export async function readApplies(session: Session, filter: HistoryFilter): Promise<History> {
  const found = await findLedger(session)
  if (found.state === 'unreadable')
    throw new FdwsyncError({ ...found.problem, message: `the ledger cannot be read: ${found.problem.message}` })
  if (found.state !== 'ready') return { database: session.database, applies: [], more: false }
  const { id = null, manifest = null, limit } = filter
  const rows = await session.query<RecordedApply>(appliesQuery, [id, manifest, limit + 1, await clusterOf(session)])
  return { database: session.database, applies: rows.slice(0, limit), more: rows.length > limit }
}

/** Reads the steps and loads of an apply. */
export async function readSteps(
  session: Session,
  applyId: string,
): Promise<{ readonly steps: readonly RecordedStep[]; readonly refreshes: readonly RecordedRefresh[] }> {
  const found = await findLedger(session)
  if (found.state !== 'ready' || found.version < 2) return { steps: [], refreshes: [] }
  const steps = await session.query<RecordedStep>(
    trusted(`SELECT stage, action, address, title, outcome, reason FROM fdwsync.step WHERE apply_id = $1
              ORDER BY CASE stage WHEN 'define' THEN 1 ELSE 2 END, ended_at, title`),
    [applyId],
  )
  const refreshes = await session.query<RecordedRefresh>(
    trusted(`SELECT address, how, started_at AS "startedAt", ended_at AS "endedAt", row_count::text AS rows, outcome, reason
               FROM fdwsync.refresh WHERE apply_id = $1 ORDER BY started_at, address`),
    [applyId],
  )
  return { steps, refreshes }
}

/** The identifier of this cluster, or null if this role cannot read it. */
async function clusterOf(session: Session): Promise<string | null> {
  const [row] = await session.query<{ cluster: string | null }>(
    sql`SELECT (${await clusterIdentifier(session)})::text AS cluster`,
  )
  return row?.cluster ?? null
}

/**
 * An expression for the identifier of this cluster. It leaves out pg_control_system() if this role may not execute it:
 * PostgreSQL checks the privilege even in a branch that is not evaluated.
 */
export async function clusterIdentifier(session: Session): Promise<Sql> {
  const [allowed] = await session.query<{ may: boolean }>(
    trusted("SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may"),
  )
  return allowed?.may ? trusted('SELECT system_identifier FROM pg_catalog.pg_control_system()') : trusted('NULL')
}
