// Finds the unmanaged materialized views over relations that may be replaced, and probes how they can be recreated.

import type { DeclaredObject, LiveObject, LiveState, WantedObject } from '../core/change.ts'
import type { Lost } from '../core/dependent.ts'
import { type Key, keyOf } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { readLedgerOf } from '../ledger/read.ts'
import { findLedger } from '../ledger/trust.ts'
import { probe } from '../probe/probe.ts'
import type { ProbeInput } from '../probe/run.ts'
import { declaredAsIs } from './declared-as-is.ts'
import { ownershipColumns, type UnmanagedView, whyNotRecreatable } from './ownership.ts'
import { readingThrough } from './view-reads.ts'

/** Materialized views that read a changing relation, but are unmanaged or owned by another manifest. */
export interface UnmanagedMaterializedViews {
  /** The views that can be recreated, as if a manifest declared them with their current definitions. */
  readonly declared: readonly DeclaredObject[]
  readonly live: LiveState
  /** What they will be once the relations that they read have changed. */
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /** Why some of them cannot be recreated. */
  readonly lost: ReadonlyMap<Key, Lost>
  readonly protectedByOthers: ReadonlySet<Key>
}

// The views that read the given relations, directly or through other materialized views. A view that reads them through a
// plain view is not affected while the plain view stays.
const viewsQuery = trusted(`
  WITH RECURSIVE ${readingThrough('m')}
  SELECT ${ownershipColumns}
    FROM (SELECT DISTINCT oid FROM reading) view JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'm' AND c.oid <> ALL ($2::oid[]) ORDER BY c.oid`)

const none: UnmanagedMaterializedViews = {
  declared: [],
  live: new Map(),
  wanted: new Map(),
  lost: new Map(),
  protectedByOthers: new Set(),
}

/**
 * Reads these views and probes them over the wanted relations, as if they were declared with their current definitions.
 * @param changing objects whose changes may require a replacement
 */
export async function probeUnmanagedMaterializedViews(
  session: Session,
  changing: readonly LiveObject[],
  input: ProbeInput,
): Promise<UnmanagedMaterializedViews> {
  const relations = changing.filter(({ catalog }) => catalog === 'pg_class')
  if (relations.length === 0) return none
  const { digests, reading } = input
  const found = await inSnapshot(session, async () => {
    await session.run(readingPath)
    const known = [...reading.live.values()].filter(({ catalog }) => catalog === 'pg_class')
    const oids = [relations, known].map((objects) => objects.map(({ oid }) => oid))
    const rows = await session.query<UnmanagedView>(viewsQuery, oids)
    if (rows.length === 0) return undefined
    const ids = rows.map(({ id }) => id)
    const { protectedByOthers } = await readLedgerOf(session, await findLedger(session), '', ids.map(keyOf))
    return { rows, protectedByOthers, live: (await readCatalog(session, ids, digests.salt)).live }
  })
  if (!found) return none
  const { rows, protectedByOthers, live } = found
  const lost = new Map<Key, Lost>(
    rows.flatMap((row) => {
      const reason = whyNotRecreatable(row, session.user)
      return reason === undefined ? [] : [[keyOf(row.id), reason] as const]
    }),
  )
  const declared = [...live].flatMap(([key, object]) => (lost.has(key) ? [] : [declaredAsIs(object, digests)]))
  const probed = await probe(session, {
    ...input,
    withUnmanaged: declared.length > 0,
    declared: [...input.declared, ...declared],
    reading: { ...reading, live: new Map([...reading.live, ...live]) },
  })
  for (const finding of probed.findings) if (live.has(finding.key)) lost.set(finding.key, finding)
  const inCircle = new Set(
    probed.findings.flatMap(({ key, code }) => (code === 'manifest/circular-reference' ? [key] : [])),
  )
  const isUnmanaged = ([key]: readonly [Key, unknown]) => live.has(key)
  return {
    // A view in a circle is declared once more, so that the circle is reported.
    declared: declared.filter(({ id }) => !lost.has(keyOf(id)) || inCircle.has(keyOf(id))),
    live: new Map([...probed.live].filter(isUnmanaged)),
    wanted: new Map([...probed.wanted].filter(isUnmanaged)),
    lost,
    protectedByOthers,
  }
}
