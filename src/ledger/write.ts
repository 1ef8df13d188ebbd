import type { LiveState, WantedObject } from '../core/change.ts'
import type { ApplyOutcome, ApplySummary, Origin } from '../core/history.ts'
import { type Key, keyOf } from '../core/object.ts'
import { countsOf, type Plan, type Step } from '../core/plan.ts'
import { sql, trusted } from '../core/sql.ts'
import { toolVersion } from '../core/version.ts'
import type { Session } from '../db/session.ts'
import { slowDigest } from '../introspector/digests.ts'
import type { DependencyDigests } from '../introspector/meaning-digest.ts'
import { kindOf } from '../kinds/registry.ts'
import { clusterIdentifier } from './history.ts'
import { isLease } from './lease-key.ts'
import type { SourceRecord } from './read.ts'
import { findLedger } from './trust.ts'

/** What proves, once it is in the ledger, that what was done in the same transaction is committed. */
export interface Proof {
  readonly applyId: string
  /** Of a transaction that is one step of the apply, rather than its definitions. */
  readonly step?: string
}

/** Whether the transaction that wrote this is committed. */
export async function isRecorded(session: Session, { applyId, step }: Proof): Promise<boolean> {
  await session.run(trusted('BEGIN READ ONLY'))
  try {
    const { state } = await findLedger(session)
    if (state !== 'there') return false
    const rows =
      step === undefined
        ? await session.query(trusted('SELECT 1 FROM fdwsync.apply WHERE id = $1'), [applyId])
        : await session.query(trusted('SELECT 1 FROM fdwsync.step WHERE apply_id = $1 AND step = $2'), [applyId, step])
    return rows.length > 0
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}

/** Notes an apply in the transaction of its definitions. With nothing left to do after them it has ended. */
/** An apply as the ledger records it. */
export interface ApplyRecord {
  readonly id: string
  readonly plan: Plan
  readonly manifestDigest: string | undefined
  readonly origin: Origin | undefined
}

export async function recordApply(session: Session, apply: ApplyRecord): Promise<void> {
  const isWhole = apply.plan.steps.every(({ stage }) => stage === 'define')
  await writeApply(session, apply, {
    outcome: isWhole ? 'applied' : 'in progress',
    milliseconds: 0,
    hasEnded: isWhole,
  })
}

export interface ApplyEnd {
  readonly outcome: ApplyOutcome | 'in progress'
  readonly hasEnded: boolean
  /** How long it took so far. */
  readonly milliseconds: number
}

/** Writes an apply's row; of one that is there already only how it ended. */
export async function writeApply(
  session: Session,
  { id, plan, manifestDigest, origin }: ApplyRecord,
  { outcome, hasEnded, milliseconds }: ApplyEnd,
): Promise<void> {
  const row = {
    id,
    manifest: plan.manifest,
    tool_version: toolVersion,
    outcome,
    manifest_digest: manifestDigest,
    summary: summaryOf(plan),
    client_user: origin?.user,
    client_host: origin?.host,
    git_commit: origin?.commit,
    repository: origin?.repository,
  }
  await session.query(
    sql`
      INSERT INTO fdwsync.apply AS a (id, manifest, applied_by, tool_version, started_at, ended_at, outcome, manifest_digest, summary,
             applied_from, client_user, client_host, git_commit, repository, database_name, database_oid, system_identifier, lease_pid)
      SELECT r.id, r.manifest, current_user, r.tool_version, pg_catalog.now() - $2 * interval '1 ms',
             CASE WHEN $3 THEN pg_catalog.clock_timestamp() END, r.outcome, r.manifest_digest, r.summary,
             coalesce(pg_catalog.host(pg_catalog.inet_client_addr()), 'socket'), r.client_user, r.client_host, r.git_commit, r.repository,
             d.datname, d.oid, (${await clusterIdentifier(session)})::bigint,
             (SELECT min(l.pid) FROM pg_catalog.pg_locks l WHERE ${isLease(trusted('l'), trusted('r.manifest'))})
        FROM pg_catalog.jsonb_to_record($1) AS r(id uuid, manifest text, tool_version text, outcome text, manifest_digest text,
               summary jsonb, client_user text, client_host text, git_commit text, repository text),
             pg_catalog.pg_database d
       WHERE d.datname = pg_catalog.current_database()
      ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome, ended_at = excluded.ended_at`,
    [JSON.stringify(row), milliseconds, hasEnded],
  )
}

/** Names only: a value could be a secret, and what it is stands in the manifest. */
function summaryOf(plan: Plan): ApplySummary {
  return {
    counts: countsOf(plan),
    changes: plan.changes.map(({ change, title, cause }) => ({
      op: change.op,
      address: change.key,
      title,
      cause: cause ?? null,
      fields: 'fields' in change ? [...new Set(change.fields.map(({ field }) => field))] : [],
    })),
  }
}

/** Notes how steps ended. What a step's own transaction has noted is true, whatever else is thought of it. */
export async function recordSteps(session: Session, applyId: string, steps: readonly StepEnd[]): Promise<void> {
  if (steps.length === 0) return
  const rows = steps.map(({ step: { id, stage, action, key, title }, status, reason }) => {
    return { step: id, stage, action, address: key, title, outcome: status, reason }
  })
  await session.query(
    trusted(`
      INSERT INTO fdwsync.step (apply_id, step, stage, action, address, title, outcome, reason, ended_at)
      SELECT $1, r.step, r.stage, r.action, r.address, r.title, r.outcome, r.reason, pg_catalog.clock_timestamp()
        FROM pg_catalog.jsonb_to_recordset($2)
          AS r(step text, stage text, action text, address text, title text, outcome text, reason text)
      ON CONFLICT (apply_id, step) DO NOTHING`),
    [applyId, JSON.stringify(rows)],
  )
}

export interface StepEnd {
  readonly step: Pick<Step, 'id' | 'stage' | 'action' | 'key' | 'title'>
  readonly status: 'applied' | 'failed' | 'skipped' | 'in doubt'
  readonly reason?: string
}

export interface ToRecord {
  readonly wanted: WantedObject
  /** Made by this apply, rather than found. */
  readonly made: boolean
}

/** Records what the manifest owns from now on, in the same transaction as the DDL. `live` was read after the DDL. */
export async function recordObjects(
  session: Session,
  manifest: string,
  applyId: string,
  objects: readonly ToRecord[],
  live: LiveState,
  closures: DependencyDigests,
  sourced: ReadonlyMap<Key, SourceRecord>,
): Promise<void> {
  const rows = objects.flatMap(({ wanted, made }) => {
    const key = keyOf(wanted.id)
    const object = live.get(key)
    if (!object) return []
    const { secrets } = kindOf(wanted.id)
    const declared = secrets ? secrets.recorded(wanted.written, object.spec, slowDigest) : wanted.written
    const { oid, digest } = object
    const closure = closures.get(key) ?? null
    const source = sourced.get(key)
    return [{ address: key, object_oid: oid, made, declared: declared ?? {}, digest, closure, source }]
  })
  if (rows.length === 0) return
  await session.query(
    trusted(`
      INSERT INTO fdwsync.object AS o (manifest, address, object_oid, made, declared, digest, closure, source, server_major, apply_id, recorded_at)
      SELECT $1, r.address, r.object_oid, r.made, r.declared, r.digest, r.closure, r.source, $2, $3, pg_catalog.now()
        FROM pg_catalog.jsonb_to_recordset($4) AS r(address text, object_oid oid, made boolean, declared jsonb, digest text, closure text, source jsonb)
      ON CONFLICT (manifest, address) DO UPDATE
         SET object_oid = excluded.object_oid, made = o.made OR excluded.made, declared = excluded.declared,
             digest = excluded.digest, closure = excluded.closure, source = excluded.source, server_major = excluded.server_major, apply_id = excluded.apply_id,
             recorded_at = excluded.recorded_at`),
    [manifest, Math.trunc(session.serverVersion / 10000), applyId, JSON.stringify(rows)],
  )
}

/** Records of what did not change that it was proven to be as declared. */
export async function recordClosures(session: Session, manifest: string, closures: DependencyDigests): Promise<void> {
  if (closures.size === 0) return
  const rows = Array.from(closures, ([address, closure]) => ({ address, closure }))
  await session.query(
    trusted(`UPDATE fdwsync.object o SET closure = r.closure
               FROM pg_catalog.jsonb_to_recordset($2) AS r(address text, closure text)
              WHERE o.manifest = $1 AND o.address = r.address`),
    [manifest, JSON.stringify(rows)],
  )
}

/** Records of what did not change what its source has said of it, where that is something else than was recorded. */
export async function recordSources(
  session: Session,
  manifest: string,
  sourced: ReadonlyMap<Key, SourceRecord>,
): Promise<void> {
  if (sourced.size === 0) return
  const rows = Array.from(sourced, ([address, source]) => ({ address, source }))
  await session.query(
    trusted(`UPDATE fdwsync.object o SET source = r.source
               FROM pg_catalog.jsonb_to_recordset($2) AS r(address text, source jsonb)
              WHERE o.manifest = $1 AND o.address = r.address AND o.source IS DISTINCT FROM r.source`),
    [manifest, JSON.stringify(rows)],
  )
}

/** Leads entries to the new names of what they stand for. What had those names is gone. */
export async function rekeyObjects(session: Session, manifest: string, rekeyed: ReadonlyMap<Key, Key>): Promise<void> {
  if (rekeyed.size === 0) return
  await forgetObjects(session, manifest, [...rekeyed.values()])
  const rows = Array.from(rekeyed, ([before, address]) => ({ before, address }))
  await session.query(
    trusted(`UPDATE fdwsync.object o SET address = r.address
               FROM pg_catalog.jsonb_to_recordset($2) AS r(before text, address text)
              WHERE o.manifest = $1 AND o.address = r.before`),
    [manifest, JSON.stringify(rows)],
  )
}

export async function forgetObjects(session: Session, manifest: string, keys: readonly Key[]): Promise<void> {
  if (keys.length === 0) return
  await session.query(trusted('DELETE FROM fdwsync.object WHERE manifest = $1 AND address = ANY ($2::text[])'), [
    manifest,
    keys,
  ])
}

/** Takes objects from the other manifests that had them. */
export async function takeFromOthers(session: Session, manifest: string, keys: readonly Key[]): Promise<void> {
  if (keys.length === 0) return
  await session.query(trusted('DELETE FROM fdwsync.object WHERE manifest <> $1 AND address = ANY ($2::text[])'), [
    manifest,
    keys,
  ])
}
