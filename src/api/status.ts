// Lists the objects of a database that manifests own, and the state of each.

import { nextRunIn, parseCron } from '../core/cron-schedule.ts'
import { groupBy } from '../core/data.ts'
import { exitCode, FdwsyncError } from '../core/errors.ts'
import { isStale, type RecordedFreshness } from '../core/freshness.ts'
import { namePattern } from '../core/name-pattern.ts'
import { idOf, isCopyId, type Key, type KindName, keyOf, type ObjectId, relationKey } from '../core/object.ts'
import { defaultPolicy, type RefreshPolicy } from '../core/refresh-policy.ts'
import type { CopyFreshness, ObjectStatus, StatusReport } from '../core/status.ts'
import type { Verification } from '../core/verification.ts'
import type { Session } from '../db/session.ts'
import { declaredKinds, kindOf } from '../kinds/registry.ts'
import type { Owned } from '../ledger/owned.ts'
import { readStatus, type StatusReading, type Unprobed } from '../ledger/status.ts'
import { maxConnectionsOf } from '../loader/server-limits.ts'
import { type VerifyOptions, verifyCopies } from '../loader/verify.ts'
import type { ParsedManifest } from '../manifest/manifest.ts'
import type { PlanOptions } from '../planner/context.ts'
import { createPlan } from '../planner/create-plan.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import type { SourceAccess } from '../sources/imports/ask-sources.ts'
import {
  createSourceOverlay,
  type NotImportedObject,
  needsCanonicalForm,
  stateByLedger,
  stateOf,
  statesByPlan,
  withEmptied,
  withNotImported,
} from './status-findings.ts'

export interface StatusOptions {
  /** As for psql's `\d`: `shop.*`, `*orders*`. Default: all objects. */
  readonly pattern?: string | undefined
  /** An empty list means all kinds. */
  readonly kinds: readonly KindName[]
  /** Whether to list unmanaged objects, and those of other manifests, too. */
  readonly all: boolean
  /** The manifest whose objects are listed, and compared with their declarations. Others are compared with the ledger. */
  readonly manifest?: ParsedManifest | undefined
  /** The plan of a manifest that is in place, instead of the manifest. */
  readonly inPlace?: PlanInHand | undefined
  /** How to ask the sources of the manifest. Without it no source is contacted. */
  readonly sources?: SourceAccess | undefined
  /** How to compare copies with their sources. Without it no copy is compared. */
  readonly verifying?: Verifying | undefined
}

/** Changes nothing, and does not wait for a running REFRESH. */
export async function status(session: Session, options: StatusOptions): Promise<StatusReport> {
  const matches = options.pattern === undefined ? () => true : namePattern(options.pattern)
  const isChosen = (id: ObjectId) => matches(id) && (options.kinds.length === 0 || options.kinds.includes(id.kind))
  const inHand =
    options.inPlace ?? (options.manifest && (await createPlan(session, options.manifest, planOptions(options))))
  const declared = (inHand?.declared ?? []).map(({ id }) => id).filter(isChosen)
  // A comparison with sources needs the search path of each copy, which the ledger has.
  const proven = inHand?.isProven && !options.verifying ? inHand.plan.manifest : undefined
  const unprobed = inHand && unprobedOf(inHand)
  const reading = await readStatus(session, {
    isChosen,
    declared,
    manifest: inHand?.plan.manifest,
    all: options.all,
    proven,
    unprobed,
    needsCanonicalForm,
  })
  const notImported = notImportedObjects(reading, inHand, isChosen)
  const owners = groupBy(reading.owned, ({ id }) => keyOf(id))
  const ids = new Map([
    ...declared.map((id) => [keyOf(id), id] as const),
    ...reading.owned.map(({ id }) => [keyOf(id), id] as const),
    ...Array.from(reading.catalog.live, ([key, { id }]) => [key, id] as const),
    ...Array.from(notImported, ([key, { id }]) => [key, id] as const),
  ])
  const stateByPlan = inHand && statesByPlan(inHand.plan, new Set(declared.map(keyOf)))
  const source = inHand?.plan.source
  const withSource = createSourceOverlay(source)
  const reachability = new Map(source?.servers.map(({ name, reachable }) => [name, reachable]))
  const objects = Array.from(ids, ([key, id]): ObjectStatus => {
    const entries = owners.get(key) ?? []
    const found = stateOf(
      stateByPlan?.(key, entries),
      () => stateByLedger(key, entries, reading),
      reading.declaredAsApplied.has(key),
    )
    const held = withEmptied(found, reading.freshness.get(key))
    const { state, reason } = withSource(withNotImported(held, notImported.get(key)), key)
    const sourceReachable = id.kind === 'server' ? reachability.get(id.name) : undefined
    const described = describe(id, reading, entries)
    const manifests = notImported.get(key)?.manifests ?? described.manifests
    return { ...described, manifests, state, reason, sourceReachable, verification: undefined }
  })
  if (objects.length === 0 && options.pattern !== undefined) throw nothingMatches(options.pattern)
  const { verifying, manifest } = options
  const verified = verifying ? await verifyListed(session, objects, reading, { verifying, manifest }) : new Map()
  return {
    database: { name: session.database, serverVersion: session.serverVersionText, user: session.user },
    manifest: inHand?.plan.manifest,
    objects: inOrder(objects.map((object) => ({ ...object, verification: verified.get(object.key) }))),
  }
}

/** Undefined if there are none. */
function unprobedOf({ plan, declared }: PlanInHand): Unprobed | undefined {
  const keys = new Set(plan.undetermined.flatMap(({ code, key }) => (code === 'object/not-probed' ? [key] : [])))
  if (keys.size === 0) return undefined
  const { manifest, searchPath } = plan
  return { manifest, searchPath, objects: declared.filter(({ id }) => keys.has(keyOf(id))) }
}

/** How {@link status} compares copies with their sources. */
export type Verifying = Pick<VerifyOptions, 'connect' | 'signal' | 'sourceTimeoutMilliseconds' | 'hidden'>

function verifyListed(
  session: Session,
  objects: readonly ObjectStatus[],
  { policies, owned }: StatusReading,
  { verifying, manifest }: Pick<StatusOptions, 'manifest'> & { readonly verifying: Verifying },
): Promise<ReadonlyMap<Key, Verification>> {
  const ids = objects.flatMap(({ id, populated }) => (isCopyId(id) && populated ? [id] : []))
  const paths = new Map(owned.map(({ id, entry }) => [keyOf(id), entry?.searchPath ?? undefined]))
  const declared = manifest?.manifest.search_path ?? ['public']
  const maxConnections = manifest ? maxConnectionsOf(manifest.manifest) : new Map()
  return verifyCopies(session, ids, {
    ...verifying,
    policies,
    maxConnections,
    searchPathOf: (key) => paths.get(key) ?? declared,
  })
}

function nothingMatches(pattern: string): FdwsyncError {
  const message = `no object matches "${pattern}"`
  const hint = 'Without a pattern, all objects of the manifest are listed; with --all, also others, and unmanaged ones.'
  return new FdwsyncError({ code: 'usage/unknown-name', message, hint }, exitCode.usage)
}

/** What could not be imported: now, if the sources of the manifest were asked; otherwise when it was last applied. */
function notImportedObjects(
  { notImported }: StatusReading,
  inHand: PlanInHand | undefined,
  isChosen: (id: ObjectId) => boolean,
): ReadonlyMap<Key, NotImportedObject> {
  const now = inHand?.notImported
  const all = new Map([...notImported, ...(inHand && now ? [[inHand.plan.manifest, now] as const] : [])])
  const objects = new Map<Key, NotImportedObject>()
  for (const [manifest, missing] of all) {
    for (const { key, reason } of missing) {
      const id = idOf(key)
      if (id && isChosen(id)) objects.set(key, { id, reason, manifests: [manifest] })
    }
  }
  return objects
}

function planOptions({ sources }: StatusOptions): PlanOptions {
  return { populate: true, sources, checkSource: sources !== undefined }
}

function describe(
  id: ObjectId,
  { catalog, freshness, policies, scheduled, cronTimeZone, indexes }: StatusReading,
  entries: readonly Owned[],
): Omit<ObjectStatus, 'state' | 'reason' | 'sourceReachable' | 'verification'> {
  const key: Key = keyOf(id)
  const { data, child, display } = kindOf(id)
  const live = catalog.live.get(key)
  const isEmptied = freshness.get(key)?.isEmptied ?? false
  const holdsData = live && data ? data.isPopulated(live.spec) && !isEmptied : undefined
  return {
    key,
    id,
    manifests: entries.map(({ manifest }) => manifest).sort(),
    populated: holdsData,
    freshness:
      live && data
        ? freshnessOf(
            policies.get(key),
            freshness.get(key),
            'schema' in id && scheduled.has(relationKey(id.schema, id.name)) ? cronTimeZone : undefined,
          )
        : undefined,
    indexes: live && data ? (indexes.get(live.oid) ?? 0) : undefined,
    isChild: child !== undefined || display?.isShownWithOwner === true,
  }
}

/** @param cronTimeZone that of the schedule; undefined if no job refreshes the copy */
function freshnessOf(
  policy: RefreshPolicy = defaultPolicy,
  recorded: RecordedFreshness | undefined,
  cronTimeZone: string | undefined,
): CopyFreshness {
  const { maxAgeMilliseconds, schedule } = policy
  const nextRun = cronTimeZone === undefined ? undefined : nextRunOf(schedule, cronTimeZone)
  return { recorded, maxAgeMilliseconds, isStale: isStale(policy, recorded), nextRun }
}

function nextRunOf(schedule: string | undefined, timeZone: string): string | undefined {
  const parsed = schedule === undefined ? undefined : parseCron(schedule)
  return parsed && !('message' in parsed) ? nextRunIn(timeZone, parsed, new Date())?.toISOString() : undefined
}

/** By kind, in the order of creation, and by name within a kind. */
function inOrder(objects: readonly ObjectStatus[]): readonly ObjectStatus[] {
  const rank = new Map(declaredKinds.map(({ kind }, at) => [kind, at]))
  const rankOf = ({ id }: ObjectStatus) => rank.get(id.kind) ?? 0
  return [...objects].sort((left, right) => rankOf(left) - rankOf(right) || (left.key < right.key ? -1 : 1))
}
