// Reads what `status` reports: what manifests own, its live state, and when its data was last loaded.

import type { DeclaredObject, LiveObject } from '../core/change.ts'
import type { RecordedFreshness } from '../core/freshness.ts'
import { isCopyId, type Key, keyOf, type ObjectId, relationKey } from '../core/object.ts'
import type { RefreshPolicy } from '../core/refresh-policy.ts'
import type { NotImported } from '../core/report.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { readDependencyDigests } from '../introspector/dependency-digests.ts'
import { createRunDigests } from '../introspector/digests.ts'
import { listObjects } from '../introspector/list-objects.ts'
import { type CatalogReading, readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { areDeclaredAlike } from '../kinds/recorded.ts'
import { kindOf } from '../kinds/registry.ts'
import { readFreshness } from './freshness.ts'
import { readNotImported } from './not-imported.ts'
import { type Owned, readFormsOfAll, readOwned } from './owned.ts'
import { readPolicies } from './policies.ts'
import type { LedgerEntry } from './read.ts'

/** Everything that `status` reports on. */
export interface StatusReading {
  readonly owned: readonly Owned[]
  /** The canonical forms that were needed, by manifest and key. */
  readonly canonicalForms: ReadonlyMap<string, ReadonlyMap<Key, unknown>>
  /** The live objects, without those that are proven to be in place, except copies. */
  readonly catalog: CatalogReading
  /** When data was last loaded, by key. */
  readonly freshness: ReadonlyMap<Key, RecordedFreshness>
  /** The copies that a job refreshes by their schedules, as {@link relationKey} has them. */
  readonly scheduled: ReadonlySet<string>
  /** The time zone of their schedules, if there are any. */
  readonly cronTimeZone: string | undefined
  /** The policies that are not the default one, by copy. */
  readonly policies: ReadonlyMap<Key, RefreshPolicy>
  /** What could not be imported when each manifest was last applied, by the name of the manifest. */
  readonly notImported: ReadonlyMap<string, readonly NotImported[]>
  /** The number of indexes of each relation, by its OID. */
  readonly indexes: ReadonlyMap<number, number>
  /** Objects that were not probed, but have the declaration that was applied, and whose SQL still means the same. */
  readonly declaredAsApplied: ReadonlySet<Key>
}

export interface StatusScope {
  isChosen(id: ObjectId): boolean
  /** Objects to read in addition to those owned. */
  readonly declared: readonly ObjectId[]
  /** The manifest whose objects are read. Default: all manifests */
  readonly manifest: string | undefined
  /** Whether to read unmanaged objects, and those of all manifests. */
  readonly all: boolean
  /** The manifest whose objects are proven to be in place. */
  readonly proven: string | undefined
  /** The manifest that was planned, and its objects that this role could not probe. */
  readonly unprobed: Unprobed | undefined
  /** Whether the canonical form is needed to find out if a live object is as it was applied. */
  readonly needsCanonicalForm: (entry: LedgerEntry, live: LiveObject) => boolean
}

export interface Unprobed {
  readonly manifest: string
  readonly searchPath: readonly string[]
  readonly objects: readonly DeclaredObject[]
}

/** Reads in one snapshot, without waiting for a running REFRESH. */
export function readStatus(session: Session, scope: StatusScope): Promise<StatusReading> {
  const { isChosen, declared, manifest, all, proven } = scope
  return inSnapshot(session, async () => {
    await session.run(readingPath)
    const { owned: every, exists } = await readOwned(session, proven)
    const only = all ? undefined : manifest
    const owned = (only === undefined ? every : ownedBy(only, every)).filter(({ id }) => isChosen(id))
    const ids = [...owned.map(({ id }) => id), ...declared, ...(all ? await listObjects(session) : [])]
    const chosen = new Map(ids.filter(isChosen).map((id) => [keyOf(id), id]))
    for (const { id, entry } of owned) if (!entry && !kindOf(id).data) chosen.delete(keyOf(id))
    const catalog = await readCatalog(session, chosen.values(), createRunDigests().salt)
    const managed = new Set(owned.map(({ id }) => keyOf(id)))
    const scheduled = new Set(every.flatMap(({ id }) => scheduledCopy(id)))
    const copies = [...catalog.live.values()].filter(({ id }) => kindOf(id).data).map(({ id }) => id)
    return {
      owned,
      canonicalForms: await readNeededForms(session, owned, catalog, scope),
      catalog,
      notImported: exists ? await readNotImported(session, only) : new Map(),
      freshness: exists
        ? await readFreshness(
            session,
            copies.map(keyOf).filter((key) => managed.has(key)),
          )
        : new Map(),
      scheduled,
      cronTimeZone: scheduled.size === 0 ? undefined : await readCronTimeZone(session),
      policies: exists ? await readPolicies(session, copies.filter(isCopyId)) : new Map(),
      indexes: await countIndexes(session, [...catalog.live.values()]),
      declaredAsApplied: scope.unprobed ? await findDeclaredAsApplied(session, owned, scope.unprobed) : new Set(),
    }
  })
}

/** What the manifest owns, with the entries of every manifest that owns it, too. */
function ownedBy(manifest: string, owned: readonly Owned[]): readonly Owned[] {
  const keys = new Set(owned.flatMap((each) => (each.manifest === manifest ? [keyOf(each.id)] : [])))
  return owned.filter(({ id }) => keys.has(keyOf(id)))
}

async function readNeededForms(
  session: Session,
  owned: readonly Owned[],
  { live }: CatalogReading,
  { needsCanonicalForm }: StatusScope,
): Promise<ReadonlyMap<string, ReadonlyMap<Key, unknown>>> {
  const keys = owned.flatMap(({ id, entry }) => {
    const object = live.get(keyOf(id))
    return entry?.hasCanonicalForm && object && needsCanonicalForm(entry, object) ? [keyOf(id)] : []
  })
  return readFormsOfAll(session, keys)
}

async function findDeclaredAsApplied(
  session: Session,
  owned: readonly Owned[],
  { manifest, searchPath, objects }: Unprobed,
): Promise<ReadonlySet<Key>> {
  const entries = new Map(
    owned.flatMap((each) => (each.manifest === manifest && each.entry ? [[keyOf(each.id), each.entry] as const] : [])),
  )
  const alike = objects.filter(({ id, spec }) => {
    const entry = entries.get(keyOf(id))
    return entry && areDeclaredAlike(id, entry.declared, spec)
  })
  const digests = await readDependencyDigests(session, searchPath, alike)
  return new Set([...digests].flatMap(([key, digest]) => (entries.get(key)?.dependencyDigest === digest ? [key] : [])))
}

async function countIndexes(session: Session, live: readonly LiveObject[]): Promise<ReadonlyMap<number, number>> {
  const oids = live.flatMap(({ catalog, oid }) => (catalog === 'pg_class' ? [oid] : []))
  if (oids.length === 0) return new Map()
  const rows = await session.query<{ oid: number; count: number }>(
    trusted('SELECT indrelid AS oid, count(*)::int AS count FROM pg_index WHERE indrelid = ANY ($1::oid[]) GROUP BY 1'),
    [oids],
  )
  return new Map(rows.map(({ oid, count }) => [oid, count]))
}

/** GMT is the default of pg_cron. Other roles cannot read its settings. */
const cronTimeZoneQuery = trusted(`
  SELECT coalesce(CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('cron.timezone', true) END, 'GMT') AS zone`)

async function readCronTimeZone(session: Session): Promise<string> {
  const [row] = await session.query<{ zone: string }>(cronTimeZoneQuery)
  return row?.zone ?? 'GMT'
}

function scheduledCopy(id: ObjectId): readonly string[] {
  return id.kind === 'scheduledJob' ? [relationKey(id.schema, id.name)] : []
}
