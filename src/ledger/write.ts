// Writes applies, their steps, and the objects that a manifest owns. `refresh-log.ts` records loads.

import type { LiveState, WantedObject } from '../core/change.ts'
import { countsOf } from '../core/counts.ts'
import type { ApplyOutcome, ApplySummary, Origin } from '../core/history.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Plan, Step } from '../core/plan.ts'
import type { Secret } from '../core/secret.ts'
import { join, literal, type Sql, sql, trusted } from '../core/sql.ts'
import { toolVersion } from '../core/version.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, rolledBack } from '../db/transaction.ts'
import type { DependencyDigests } from '../introspector/dependency-digests.ts'
import { slowDigest } from '../introspector/digests.ts'
import { canonicalOf, recordedSpec } from '../kinds/recorded.ts'
import { emptyColumnMarks } from './empty-columns.ts'
import { clusterIdentifier } from './history.ts'
import { isLease } from './lease-key.ts'
import type { SourceRecord } from './read.ts'
import { findLedger } from './trust.ts'

/** Identifies the row of the ledger that a transaction writes. If the row exists, the transaction was committed. */
export interface CommitMarker {
  readonly applyId: string
  /** Undefined for the transaction of the apply's definitions. */
  readonly step?: string
}

/** Whether the transaction that writes this marker was committed. */
export async function isRecorded(session: Session, { applyId, step }: CommitMarker): Promise<boolean> {
  return rolledBack(session, beginStatement(session.serverVersion, { readOnly: true }), async () => {
    const { state } = await findLedger(session)
    if (state !== 'ready') return false
    const rows =
      step === undefined
        ? await session.query(trusted('SELECT 1 FROM fdwsync.apply WHERE id = $1'), [applyId])
        : await session.query(trusted('SELECT 1 FROM fdwsync.step WHERE apply_id = $1 AND step = $2'), [applyId, step])
    return rows.length > 0
  })
}

/** An apply, as the ledger records it. */
export interface ApplyRecord {
  readonly id: string
  readonly plan: Plan
  readonly manifestDigest: string | undefined
  readonly origin: Origin | undefined
}

/** Records an apply in the transaction of its definitions. If it has no other steps, it has ended. */
export async function recordApply(session: Session, apply: ApplyRecord): Promise<void> {
  const hasDefinitionsOnly = apply.plan.steps.every(({ stage }) => stage === 'define')
  await writeApply(session, apply, {
    outcome: hasDefinitionsOnly ? 'applied' : 'in progress',
    milliseconds: 0,
    hasEnded: hasDefinitionsOnly,
  })
}

export interface ApplyEnd {
  readonly outcome: ApplyOutcome | 'in progress'
  readonly hasEnded: boolean
  /** How long it has taken so far. */
  readonly milliseconds: number
}

/** Inserts the row of an apply, or updates how it ended. */
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

/** Contains names only, since a value could be a secret. */
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

/** Records how steps ended. It keeps what a step's own transaction has recorded, since that is known to be true. */
export async function recordSteps(session: Session, applyId: string, steps: readonly StepEnd[]): Promise<void> {
  if (steps.length > 0) await session.run(insertSteps(applyId, steps))
}

export function insertSteps(applyId: string, steps: readonly StepEnd[]): Sql {
  const rows = steps.map(({ step: { id, stage, action, key, title }, status, reason }) => {
    const values = [applyId, id, stage, action, key, title, status].map(literal)
    return sql`(${join(values, ', ')}, ${reason === undefined ? trusted('NULL') : literal(reason)}, pg_catalog.clock_timestamp())`
  })
  return sql`INSERT INTO fdwsync.step (apply_id, step, stage, action, address, title, outcome, reason, ended_at)
      VALUES ${join(rows, ', ')} ON CONFLICT (apply_id, step) DO NOTHING`
}

export interface StepEnd {
  readonly step: Pick<Step, 'id' | 'stage' | 'action' | 'key' | 'title'>
  readonly status: 'applied' | 'failed' | 'skipped' | 'in doubt'
  readonly reason?: string
}

export interface ObjectRecord {
  readonly wanted: WantedObject
  /** False if the object existed and is adopted. */
  readonly createdByFdwsync: boolean
}

/** What an apply records of the objects that its manifest owns. */
interface ObjectRecords {
  readonly manifest: string
  readonly applyId: string
  readonly objects: readonly ObjectRecord[]
  /** As read after the DDL. */
  readonly live: LiveState
  readonly dependencyDigests: DependencyDigests
  readonly sources: ReadonlyMap<Key, SourceRecord>
  readonly searchPath: readonly string[]
}

/** Records what the manifest owns, in the same transaction as the DDL. */
export async function recordObjects(session: Session, records: ObjectRecords): Promise<void> {
  const { manifest, applyId, objects, live, dependencyDigests, sources, searchPath } = records
  const rowOf = ({ wanted, createdByFdwsync }: ObjectRecord) => {
    const key = keyOf(wanted.id)
    const object = live.get(key)
    if (!object) return []
    const digestOf = (secret: Secret) => slowDigest(secret, key)
    const declared = recordedSpec(wanted.id, wanted.written, digestOf)
    const { oid, digest } = object
    return [
      {
        address: key,
        object_oid: oid,
        created_by_fdwsync: createdByFdwsync,
        declared: declared ?? {},
        canonical: canonicalOf(wanted, object, digestOf),
        digest,
        closure: dependencyDigests.get(key) ?? null,
        source: sources.get(key),
      },
    ]
  }
  // Rows are written in portions: the text of all of them would be the largest object in memory, on both sides.
  for (let start = 0; start < objects.length; start += batchSize) {
    const rows = objects.slice(start, start + batchSize).flatMap(rowOf)
    if (rows.length > 0)
      await session.query(insertObjects, [manifest, majorOf(session), applyId, JSON.stringify(rows), searchPath])
  }
}

const batchSize = 1000

// What is created or replaced has values in all of its columns.
const remainingMarks = `CASE WHEN NOT excluded.created_by_fdwsync THEN ${emptyColumnMarks('o.outdated_by')} END`

const insertObjects = trusted(`
  INSERT INTO fdwsync.object AS o (manifest, address, object_oid, created_by_fdwsync, declared, canonical, search_path, digest, closure,
         source, server_major, apply_id, recorded_at)
  SELECT $1, r.address, r.object_oid, r.created_by_fdwsync, r.declared, r.canonical, $5, r.digest, r.closure,
         r.source, $2, $3, pg_catalog.now()
    FROM pg_catalog.jsonb_to_recordset($4) AS r(address text, object_oid oid, created_by_fdwsync boolean, declared jsonb, canonical jsonb, digest text, closure text, source jsonb)
  ON CONFLICT (manifest, address) DO UPDATE
     SET object_oid = excluded.object_oid, created_by_fdwsync = o.created_by_fdwsync OR excluded.created_by_fdwsync,
         declared = excluded.declared, canonical = excluded.canonical, search_path = excluded.search_path,
         digest = excluded.digest, closure = excluded.closure, source = excluded.source, outdated_by = ${remainingMarks},
         server_major = excluded.server_major, apply_id = excluded.apply_id, recorded_at = excluded.recorded_at`)

/** Updates the canonical forms of unchanged objects. */
export async function recordCanonicalForms(
  session: Session,
  manifest: string,
  forms: ReadonlyMap<Key, unknown>,
  searchPath: readonly string[],
): Promise<void> {
  if (forms.size === 0) return
  const rows = Array.from(forms, ([address, canonical]) => ({ address, canonical }))
  await session.query(
    trusted(`UPDATE fdwsync.object o SET canonical = r.canonical, search_path = $3, server_major = $4
               FROM pg_catalog.jsonb_to_recordset($2) AS r(address text, canonical jsonb)
              WHERE o.manifest = $1 AND o.address = r.address`),
    [manifest, JSON.stringify(rows), searchPath, majorOf(session)],
  )
}

function majorOf({ serverVersion }: Session): number {
  return Math.trunc(serverVersion / 10_000)
}

/** Updates the dependency digests of unchanged objects that the probe has found to match their declaration. */
export async function recordDependencyDigests(
  session: Session,
  manifest: string,
  dependencyDigests: DependencyDigests,
): Promise<void> {
  if (dependencyDigests.size === 0) return
  const rows = Array.from(dependencyDigests, ([address, closure]) => ({ address, closure }))
  await session.query(
    trusted(`UPDATE fdwsync.object o SET closure = r.closure
               FROM pg_catalog.jsonb_to_recordset($2) AS r(address text, closure text)
              WHERE o.manifest = $1 AND o.address = r.address`),
    [manifest, JSON.stringify(rows)],
  )
}

/** Updates the source records of unchanged objects, where they differ. */
export async function recordSources(
  session: Session,
  manifest: string,
  sources: ReadonlyMap<Key, SourceRecord>,
): Promise<void> {
  if (sources.size === 0) return
  const rows = Array.from(sources, ([address, source]) => ({ address, source }))
  await session.query(
    trusted(`UPDATE fdwsync.object o SET source = r.source
               FROM pg_catalog.jsonb_to_recordset($2) AS r(address text, source jsonb)
              WHERE o.manifest = $1 AND o.address = r.address AND o.source IS DISTINCT FROM r.source`),
    [manifest, JSON.stringify(rows)],
  )
}

/** Moves entries to the new names of their objects, replacing entries of former objects with those names. */
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

/** An object that this manifest has created and another one declares too is dropped with the last of them. */
export async function forgetObjects(session: Session, manifest: string, keys: readonly Key[]): Promise<void> {
  if (keys.length === 0) return
  await session.query(
    trusted(`
      WITH forgotten AS (
        DELETE FROM fdwsync.object WHERE manifest = $1 AND address = ANY ($2::text[]) RETURNING address, created_by_fdwsync
      )
      UPDATE fdwsync.object o SET created_by_fdwsync = true FROM forgotten
       WHERE o.manifest <> $1 AND o.address = forgotten.address AND forgotten.created_by_fdwsync`),
    [manifest, keys],
  )
}

/** Ends the ownership of objects by all other manifests. */
export async function removeFromOtherManifests(
  session: Session,
  manifest: string,
  keys: readonly Key[],
): Promise<void> {
  if (keys.length === 0) return
  await session.query(trusted('DELETE FROM fdwsync.object WHERE manifest <> $1 AND address = ANY ($2::text[])'), [
    manifest,
    keys,
  ])
}
