import type { LiveObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { namePattern } from '../core/name-pattern.ts'
import { type Key, type KindName, keyOf, type ObjectId } from '../core/object.ts'
import type { Plan, PlannedChange } from '../core/plan.ts'
import type { SourceReport } from '../core/source.ts'
import type { ObjectState, ObjectStatus, StatusReport } from '../core/status.ts'
import type { Session } from '../db/session.ts'
import { createRunDigests } from '../introspector/digests.ts'
import { declaredKinds, kindOf } from '../kinds/registry.ts'
import type { LedgerEntry, OwnedEntry } from '../ledger/read.ts'
import { readStatus, type StatusReading } from '../ledger/status.ts'
import type { ParsedManifest } from '../manifest/manifest.ts'
import type { PlanOptions } from '../planner/context.ts'
import { createPlan } from '../planner/plan.ts'
import type { SourceAccess } from '../sources/ask-sources.ts'

export interface StatusOptions {
  /** As psql's `\d` takes it: `shop.*`, `*orders*`. Undefined: everything. */
  readonly pattern?: string | undefined
  /** Empty: all kinds. */
  readonly kinds: readonly KindName[]
  /** Whether to list what nobody owns too. */
  readonly all: boolean
  /** Its objects are compared with what it declares; those of other manifests with the ledger. */
  readonly manifest?: ParsedManifest | undefined
  /** How the sources of the manifest are asked what they have. Without it none is. */
  readonly sources?: SourceAccess | undefined
}

interface Finding {
  readonly state: ObjectState
  readonly reason?: string
}

/** What the manifests of a database own, and how it is. Changes nothing, and waits for no REFRESH. */
export async function status(session: Session, options: StatusOptions): Promise<StatusReport> {
  const named = options.pattern === undefined ? () => true : namePattern(options.pattern)
  const isChosen = (id: ObjectId) => named(id) && (options.kinds.length === 0 || options.kinds.includes(id.kind))
  const inHand = options.manifest && (await createPlan(session, options.manifest, planOptions(options)))
  const declared = (inHand?.declared ?? []).map(({ id }) => id).filter(isChosen)
  const reading = await readStatus(session, { isChosen, declared, all: options.all })
  const owners = groupBy(reading.owned, ({ entry }) => keyOf(entry.id))
  const ids = new Map([
    ...declared.map((id) => [keyOf(id), id] as const),
    ...reading.owned.map(({ entry: { id } }) => [keyOf(id), id] as const),
    ...Array.from(reading.catalog.live, ([key, { id }]) => [key, id] as const),
  ])
  const byPlan = inHand && findingsOf(inHand.plan, new Set(declared.map(keyOf)))
  const objects = Array.from(ids, ([key, id]): ObjectStatus => {
    const entries = owners.get(key) ?? []
    const found = byPlan?.(key, entries) ?? byLedger(key, entries, reading)
    const finding = withSource(found, key, inHand?.plan.source)
    const sourceReachable = reachabilityOf(id, inHand?.plan.source)
    return { ...described(id, reading, entries), ...finding, reason: finding.reason, sourceReachable }
  })
  return {
    database: { name: session.database, serverVersion: session.serverVersionText, user: session.user },
    manifest: inHand?.plan.manifest,
    objects: inOrder(objects),
  }
}

function planOptions({ sources }: StatusOptions): PlanOptions {
  return { populate: true, sources, checkSource: sources !== undefined }
}

function reachabilityOf(id: ObjectId, source: SourceReport | undefined): boolean | undefined {
  return id.kind === 'server' ? source?.servers.find(({ name }) => name === id.name)?.reachable : undefined
}

/** What can't be read any more is not as it should be; any other difference may be meant. */
function withSource(found: Finding, key: Key, source: SourceReport | undefined): Finding {
  if (!source || found.state !== 'in sync') return found
  if (source.servers.some(({ name, reachable }) => reachable && keyOf({ kind: 'server', name }) === key)) {
    return { ...found, reason: found.reason ?? 'source reachable' }
  }
  const findings = source.findings.filter((each) => each.key === key)
  if (findings.length === 0) return found
  const state = findings.some(({ readsFail }) => readsFail) ? 'drifted' : found.state
  return { state, reason: findings.map(({ message }) => message).join('; ') }
}

function described(
  id: ObjectId,
  { catalog, refreshed, indexes }: StatusReading,
  entries: readonly OwnedEntry[],
): Omit<ObjectStatus, 'state' | 'reason' | 'sourceReachable'> {
  const key = keyOf(id)
  const { data, child } = kindOf(id)
  const live = catalog.live.get(key)
  const holdsData = live && data ? data.isPopulated(live.spec) : undefined
  return {
    key,
    id,
    manifests: entries.map(({ manifest }) => manifest),
    populated: holdsData,
    refreshed: holdsData ? refreshed.get(key) : undefined,
    indexes: live && data ? (indexes.get(live.oid) ?? 0) : undefined,
    isChild: child !== undefined,
  }
}

/** Kinds in the order in which they are made, within a kind by name. */
function inOrder(objects: readonly ObjectStatus[]): readonly ObjectStatus[] {
  const rank = new Map(declaredKinds.map(({ kind }, at) => [kind, at]))
  const rankOf = ({ id }: ObjectStatus) => rank.get(id.kind) ?? 0
  return [...objects].sort((left, right) => rankOf(left) - rankOf(right) || (left.key < right.key ? -1 : 1))
}

/** What a plan says of the objects of its manifest; undefined for those of others. */
function findingsOf(
  plan: Plan,
  declared: ReadonlySet<Key>,
): (key: Key, owners: readonly OwnedEntry[]) => Finding | undefined {
  const changes = new Map(plan.changes.map((planned) => [planned.change.key, planned]))
  const undetermined = new Map(plan.undetermined.map((each) => [each.key, each]))
  const refusals = new Map(plan.refusals.map((each) => [each.key, each]))
  const renamed = new Map(plan.changes.flatMap(renamedByManifest))
  return (key, owners) => {
    const isOurs = owners.some(({ manifest }) => manifest === plan.manifest)
    if (!isOurs && !declared.has(key)) return undefined
    // Another manifest's, which this one would like to have.
    if (!isOurs && owners.length > 0 && refusals.has(key)) return undefined
    const planned = changes.get(key)
    if (planned) return findingOf(planned, isOurs)
    const title = renamed.get(key)
    if (title !== undefined) return { state: 'drifted', reason: `the manifest renames it: ${title}` }
    const unknown = undetermined.get(key)
    if (unknown) return { state: 'unknown', reason: unknown.reason }
    const refusal = refusals.get(key)
    return refusal ? { state: 'drifted', reason: refusal.reason } : { state: 'in sync' }
  }
}

/** Under the name of today too, since that is what the ledger has. */
function renamedByManifest({ change, title }: PlannedChange): readonly (readonly [Key, string])[] {
  const from = 'from' in change ? change.from : undefined
  return from?.isRenamedByManifest && from.elsewhere ? [[keyOf(from.elsewhere), title]] : []
}

function findingOf({ change, cause, causes = [], because }: PlannedChange, isOurs: boolean): Finding {
  switch (change.op) {
    case 'create':
      return { state: 'missing', reason: isOurs ? 'dropped outside fdwsync' : 'not made yet' }
    case 'adopt':
      return isOurs ? { state: 'in sync' } : { state: 'in sync', reason: 'not recorded yet' }
    case 'drop':
      return { state: 'drifted', reason: 'no longer declared' }
    case 'release':
      return { state: 'in sync', reason: `to be given up: ${change.because}` }
    case 'alter':
    case 'replace': {
      const fields = change.fields.filter(({ effect }) => effect.how !== 'populate')
      if (fields.length === 0) return { state: 'not populated' }
      const said = {
        manifest: 'the manifest changed',
        source: 'the source changed',
        drift: 'altered outside fdwsync',
        dependency: `because ${because.join(', ')} changes`,
      }
      const why = { ...said, both: causes.map((origin) => said[origin]).join(', and ') }
      const what = fields.map(({ field }) => field).join(', ')
      return { state: 'drifted', reason: cause === undefined ? what : `${why[cause]}: ${what}` }
    }
  }
}

/** What can be told without the manifest: by the ledger. */
function byLedger(key: Key, entries: readonly OwnedEntry[], { catalog }: StatusReading): Finding {
  if (entries.length === 0) return { state: 'unmanaged' }
  const occupied = catalog.occupied.get(key)
  if (occupied !== undefined)
    return { state: 'drifted', reason: `${occupied === 'index' ? 'an' : 'a'} ${occupied} has its name` }
  const live = catalog.live.get(key)
  if (!live) return { state: 'missing' }
  const findings = entries.map(({ entry }) => compared(entry, live))
  return findings.find(({ state }) => state !== 'in sync') ?? findings[0] ?? { state: 'unmanaged' }
}

function compared(entry: LedgerEntry, live: LiveObject): Finding {
  const { secrets, data } = kindOf(entry.id)
  const isHidden = secrets?.hidden(entry.id, live.spec)
  if (isHidden) return { state: 'unknown', reason: isHidden.reason }
  const definition = definitionFinding(entry, live)
  const isEmpty = data?.isPopulated(entry.declared) === true && !data.isPopulated(live.spec)
  return definition.state === 'in sync' && isEmpty ? { state: 'not populated' } : definition
}

function definitionFinding(entry: LedgerEntry, live: LiveObject): Finding {
  const onlyItsManifest = 'only a comparison with its manifest (-f) can tell'
  if (entry.digest !== null && live.digest !== null) {
    if (entry.digest === live.digest) return { state: 'in sync' }
    if (entry.oid === live.oid) return { state: 'drifted', reason: 'its definition was altered outside fdwsync' }
    return { state: 'unknown', reason: `it was made anew, by a restore for instance: ${onlyItsManifest}` }
  }
  const kind = kindOf(entry.id)
  // The ledger has no secrets to compare with.
  if (kind.secrets) return { state: 'unknown', reason: onlyItsManifest }
  const declared = kind.settle(entry.declared, entry.declared, live.spec)
  const context = { declared, last: undefined, digests: createRunDigests() }
  const fields = kind.compare(entry.id, live.spec, declared, context).map(({ field }) => field)
  if (fields.length === 0) return { state: 'in sync' }
  // Where the server writes SQL in its own way a difference need not be one.
  if (kind.probe.how === 'read-back') return { state: 'unknown', reason: `${fields.join(', ')}: ${onlyItsManifest}` }
  return { state: 'drifted', reason: `altered outside fdwsync: ${fields.join(', ')}` }
}
