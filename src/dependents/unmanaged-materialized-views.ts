import type { DeclaredObject, LiveObject, LiveState, WantedObject } from '../core/change.ts'
import type { Lost } from '../core/dependent.ts'
import { type Key, keyOf } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { RunDigests } from '../introspector/digests.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { noVariables } from '../kinds/facets/stanza.ts'
import { declaredKindOf } from '../kinds/registry.ts'
import { readLedgerOf } from '../ledger/read.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { normalizeExported } from '../manifest/yaml/from-export.ts'
import { probe } from '../probe/probe.ts'
import type { ProbeInput } from '../probe/run.ts'
import { ownershipColumns, type UnmanagedView, whyNotRecreatable } from './ownership.ts'
import { readingThrough } from './view-reads.ts'

/** Materialized views that the manifest does not declare, though they read what changes: people's, or another manifest's. */
export interface UnmanagedMaterializedViews {
  readonly live: LiveState
  /** What they are once what they read has changed. */
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /** Why others of them can not be made anew. */
  readonly lost: ReadonlyMap<Key, Lost>
  readonly protectedByOthers: ReadonlySet<Key>
}

// Those that read the given relations, be it through others of them. What reads through a plain view that stays goes on
// reading that.
const viewsQuery = trusted(`
  WITH RECURSIVE ${readingThrough('m')}
  SELECT ${ownershipColumns}
    FROM (SELECT DISTINCT oid FROM reading) view JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'm' AND c.oid <> ALL ($2::oid[]) ORDER BY c.oid`)

const none: UnmanagedMaterializedViews = {
  live: new Map(),
  wanted: new Map(),
  lost: new Map(),
  protectedByOthers: new Set(),
}

/**
 * Reads them, and tries out what PostgreSQL makes of them over what is wanted, as if they were declared just as they are.
 * @param changing what changes in a way that may take a replacement
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
    const { protectedByOthers } = await readLedgerOf(session, '', ids.map(keyOf))
    return { rows, protectedByOthers, live: (await readCatalog(session, ids, digests.salt)).live }
  })
  if (!found) return none
  const { rows, protectedByOthers, live } = found
  const lost = new Map<Key, Lost>(
    rows.flatMap((row) => {
      const reason = whyNotRecreatable(row, session.user)
      return reason === undefined ? [] : [[keyOf(row.id), { reason }] as const]
    }),
  )
  const others = [...live].flatMap(([key, object]) => (lost.has(key) ? [] : [asDeclared(object, digests)]))
  const probed = await probe(session, {
    ...input,
    declared: [...input.declared, ...others],
    reading: { ...reading, live: new Map([...reading.live, ...live]) },
  })
  for (const finding of probed.findings) if (live.has(finding.key)) lost.set(finding.key, finding)
  const isTheirs = ([key]: readonly [Key, unknown]) => live.has(key)
  return {
    live: new Map([...probed.live].filter(isTheirs)),
    wanted: new Map([...probed.wanted].filter(isTheirs)),
    lost,
    protectedByOthers,
  }
}

/** What an export would say of it: planned against the same database, that changes nothing. */
function asDeclared({ id, spec }: LiveObject, digests: RunDigests): DeclaredObject {
  const kind = declaredKindOf(id)
  const { path, value } = kind.write(id, spec, noVariables)
  const manifest = path.reduceRight(
    (part: unknown, name) => ({ [name]: part }),
    normalizeExported(value, path),
  ) as Manifest // what `write` writes
  const [declared] = kind.declare({ ...manifest, version: 1, name: '' }, digests)
  if (!declared) throw new Error(`what ${keyOf(id)} is written as declares nothing`)
  return declared
}
