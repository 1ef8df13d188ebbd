// Finds the copies over relations that may be replaced although the manifest does not declare them, and probes how they can be
// recreated: unmanaged materialized views, and copies of other manifests.

import type { DeclaredObject, LiveObject, LiveState, WantedObject } from '../core/change.ts'
import type { Lost } from '../core/dependent.ts'
import { idOf, isCopyId, type Key, keyOf } from '../core/object.ts'
import { qualified, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { type CatalogReading, readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { sourceViewOf, sourceViews } from '../kinds/facets/copy/source-view.ts'
import { readLedgerOf } from '../ledger/read.ts'
import { findLedger } from '../ledger/trust.ts'
import { probe } from '../probe/probe.ts'
import type { ProbeInput } from '../probe/run.ts'
import { declaredAsIs } from './declared-as-is.ts'
import { ownershipColumns, type UnmanagedReader, whyNotRecreatable } from './ownership.ts'
import { copiesReading } from './view-reads.ts'

/** Copies that read a changing relation, but are unmanaged or owned by another manifest. */
export interface UnmanagedCopies {
  /** Those that can be recreated, as if a manifest declared them with their current definitions. */
  readonly declared: readonly DeclaredObject[]
  readonly live: LiveState
  /** What they will be once the relations that they read have changed. */
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /** Why some of them cannot be recreated. */
  readonly lost: ReadonlyMap<Key, Lost>
  readonly protectedByOthers: ReadonlySet<Key>
}

// The copies that read the given relations, directly or through other copies. A copy that reads them through a plain view is not
// affected while the plain view stays.
const copiesQuery = trusted(`
  WITH RECURSIVE ${sourceViews}, ${copiesReading}
  SELECT ${ownershipColumns}
    FROM (SELECT DISTINCT oid FROM reading) copy JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.oid <> ALL ($1::oid[]) AND c.oid <> ALL ($2::oid[]) ORDER BY c.oid`)

const none: UnmanagedCopies = {
  declared: [],
  live: new Map(),
  wanted: new Map(),
  lost: new Map(),
  protectedByOthers: new Set(),
}

/**
 * Reads these copies and probes them over the wanted relations, as if they were declared with their current definitions.
 * @param changing objects whose changes may require a replacement
 */
export async function probeUnmanagedCopies(
  session: Session,
  changing: readonly LiveObject[],
  input: ProbeInput,
): Promise<UnmanagedCopies> {
  const relations = changing.filter(({ catalog }) => catalog === 'pg_class')
  if (relations.length === 0) return none
  const { digests, reading } = input
  const found = await inSnapshot(session, async () => {
    await session.run(readingPath)
    const known = [...reading.live.values()].filter(({ catalog }) => catalog === 'pg_class')
    const oids = [relations, known].map((objects) => objects.map(({ oid }) => oid))
    const rows = await session.query<UnmanagedReader>(copiesQuery, oids)
    if (rows.length === 0) return undefined
    const ids = rows.map(({ id }) => id)
    const { protectedByOthers, otherOwners } = await readLedgerOf(
      session,
      await findLedger(session),
      '',
      ids.map(keyOf),
    )
    const { live } = await readCatalog(session, ids, digests.salt)
    const presented = Array.from(live, ([key, object]) => [key, readingConverted(object, reading)] as const)
    return { rows, protectedByOthers, otherOwners, live: new Map(presented) }
  })
  if (!found) return none
  const { rows, protectedByOthers, otherOwners, live } = found
  const lost = new Map<Key, Lost>(
    rows.flatMap((row) => {
      const key = keyOf(row.id)
      const reason = otherOwners.has(key) ? whyNotRecreatable(row, session.user) : lossOfUnmanaged(row, session.user)
      return reason === undefined ? [] : [[key, reason] as const]
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
    // A copy in a circle is declared once more, so that the circle is reported.
    declared: declared.filter(({ id }) => !lost.has(keyOf(id)) || inCircle.has(keyOf(id))),
    live: new Map([...probed.live].filter(isUnmanaged)),
    wanted: new Map([...probed.wanted].filter(isUnmanaged)),
    lost,
    protectedByOthers,
  }
}

/** A copy that reads what the manifest declares as a copy of the other kind: a table instead of a materialized view, or the reverse. */
function readingConverted(object: LiveObject, { declaredKeys }: CatalogReading): LiveObject {
  const needs = object.needs.map((need) => {
    const [id, declared] = [idOf(need), idOf(declaredKeys?.get(need) ?? need)]
    const isConverted = id && declared && isCopyId(id) && isCopyId(declared) && id.kind !== declared.kind
    // Under another name, its definition would not find what it reads.
    return isConverted && id.schema === declared.schema && id.name === declared.name ? keyOf(declared) : need
  })
  return { ...object, needs }
}

/** A table that no manifest manages any more may have other rows than those of its query. */
function lossOfUnmanaged(reader: UnmanagedReader, user: string): Lost | undefined {
  if (reader.id.kind !== 'table') return whyNotRecreatable(reader, user)
  const { schema, name } = sourceViewOf(reader.id)
  return {
    reason: 'no manifest manages it, so its rows may be others than those of its query',
    hint: `To keep it with its rows, drop its query: DROP VIEW ${qualified(schema, name)};`,
  }
}
