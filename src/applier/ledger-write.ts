import type { LiveState, WantedObject } from '../core/change.ts'
import { FdwsyncError } from '../core/errors.ts'
import { type Key, keyOf } from '../core/object.ts'
import { ident, join, trusted } from '../core/sql.ts'
import { toolVersion } from '../core/version.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { slowDigest } from '../introspector/digests.ts'
import { trustLedger } from '../introspector/ledger.ts'
import { createLedger } from '../introspector/ledger-schema.ts'
import { kindOf } from '../kinds/registry.ts'

/** Makes the ledger if there is none, and locks it for writing. In the session's transaction, of READ COMMITTED. */
export async function openLedger(session: Session): Promise<void> {
  if (await trustLedger(session, 'ROW EXCLUSIVE')) return
  // An apply of another manifest may be making it at this moment.
  await session.run(trusted("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('fdwsync:v1', 0))"))
  if (await trustLedger(session, 'ROW EXCLUSIVE')) return
  try {
    await session.run(join(createLedger, ';\n'))
  } catch (error) {
    if (!isDatabaseError(error) || error.sqlstate !== '42501') throw error
    const { database, user } = session
    throw new FdwsyncError({
      message: `the ledger can not be made in a schema "fdwsync": ${error.message}`,
      hint: `Grant it: GRANT CREATE ON DATABASE ${ident(database)} TO ${ident(user)}. Nothing was changed.`,
    })
  }
}

/** Notes an apply. Once it is committed it proves that what was done in the same transaction is too. */
export async function recordApply(session: Session, applyId: string, manifest: string): Promise<void> {
  await session.query(
    trusted(`INSERT INTO fdwsync.apply (id, manifest, applied_by, tool_version, started_at)
             VALUES ($1, $2, current_user, $3, pg_catalog.now())`),
    [applyId, manifest, toolVersion],
  )
}

export async function applyIsRecorded(session: Session, applyId: string): Promise<boolean> {
  if (!(await trustLedger(session, 'ACCESS SHARE'))) return false
  const rows = await session.query(trusted('SELECT 1 FROM fdwsync.apply WHERE id = $1'), [applyId])
  return rows.length > 0
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
): Promise<void> {
  const rows = objects.flatMap(({ wanted, made }) => {
    const key = keyOf(wanted.id)
    const object = live.get(key)
    if (!object) return []
    const { recorded } = kindOf(wanted.id)
    const declared = recorded ? recorded(wanted.written, object.spec, slowDigest) : wanted.written
    return [{ address: key, object_oid: object.oid, made, declared: declared ?? {}, digest: object.digest }]
  })
  if (rows.length === 0) return
  await session.query(
    trusted(`
      INSERT INTO fdwsync.object AS o (manifest, address, object_oid, made, declared, digest, server_major, apply_id, recorded_at)
      SELECT $1, r.address, r.object_oid, r.made, r.declared, r.digest, $2, $3, pg_catalog.now()
        FROM pg_catalog.jsonb_to_recordset($4) AS r(address text, object_oid oid, made boolean, declared jsonb, digest text)
      ON CONFLICT (manifest, address) DO UPDATE
         SET object_oid = excluded.object_oid, made = o.made OR excluded.made, declared = excluded.declared,
             digest = excluded.digest, server_major = excluded.server_major, apply_id = excluded.apply_id,
             recorded_at = excluded.recorded_at`),
    [manifest, Math.trunc(session.serverVersion / 10000), applyId, JSON.stringify(rows)],
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
