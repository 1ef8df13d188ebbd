// The state of one object: from the plan of its manifest, or else from the ledger.

import type { LiveObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { RecordedFreshness } from '../core/freshness.ts'
import { ignoredOf, withIgnored } from '../core/ignored.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Plan, PlannedChange } from '../core/plan.ts'
import { secretText } from '../core/secret.ts'
import type { SourceReport } from '../core/source.ts'
import type { ObjectState } from '../core/status.ts'
import { provesHidden } from '../differ/diff.ts'
import { createRunDigests } from '../introspector/digests.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { Owned } from '../ledger/owned.ts'
import type { LedgerEntry } from '../ledger/read.ts'
import type { StatusReading } from '../ledger/status.ts'

export interface StateFinding {
  readonly state: ObjectState
  readonly reason?: string
}

type StateOf = (key: Key, owners: readonly Owned[]) => StateFinding | undefined

/** Finds the state of the objects that the plan's manifest owns or declares. It is undefined for all others. */
export function statesByPlan(plan: Plan, declared: ReadonlySet<Key>): StateOf {
  const changes = new Map(plan.changes.map((planned) => [planned.change.key, planned]))
  const undetermined = new Map(plan.undetermined.map((each) => [each.key, each]))
  const refusals = new Map(plan.refusals.map((each) => [each.key, each]))
  const former = new Map(plan.changes.flatMap(formerObject))
  return (key, owners) => {
    const isOwned = owners.some(({ manifest }) => manifest === plan.manifest)
    if (!isOwned && !declared.has(key)) return undefined
    // Another manifest owns it, and this one declares it too.
    if (!isOwned && owners.length > 0 && refusals.has(key)) return undefined
    const planned = changes.get(key)
    if (planned) return stateByChange(planned, isOwned)
    const reason = former.get(key)
    if (reason !== undefined) return { state: 'drifted', reason }
    const unknown = undetermined.get(key)
    if (unknown) return { state: 'unknown', reason: unknown.reason }
    const refusal = refusals.get(key)
    return refusal ? { state: 'drifted', reason: refusal.reason } : { state: 'in sync' }
  }
}

/** What the manifest renames, or turns into an object of another kind: the ledger still has it under its present name and kind. */
function formerObject({ change, title }: PlannedChange): readonly (readonly [Key, string])[] {
  const from = 'from' in change ? change.from : undefined
  if (from?.currentId) return [[keyOf(from.currentId), `the manifest changed: it becomes ${title}`]]
  return from?.isRenamedByManifest && from.elsewhere
    ? [[keyOf(from.elsewhere), `the manifest renames it: ${title}`]]
    : []
}

function stateByChange({ change, cause, causes = [], because }: PlannedChange, isOwned: boolean): StateFinding {
  switch (change.op) {
    case 'create':
      return { state: 'missing', reason: isOwned ? 'dropped outside fdwsync' : 'not created yet' }
    case 'adopt':
      return isOwned ? { state: 'in sync' } : { state: 'in sync', reason: 'not recorded yet' }
    case 'drop':
      return { state: 'drifted', reason: 'no longer declared' }
    case 'release':
      return { state: 'in sync', reason: `to be released: ${change.because}` }
    case 'alter':
    case 'replace': {
      if (change.from.currentId) return { state: 'missing', reason: `${titleOf(change.from.currentId)} becomes it` }
      const fields = change.fields.filter(({ effect }) => effect.how !== 'populate')
      if (fields.length === 0) return { state: 'not populated' }
      const causeTexts = {
        manifest: 'the manifest changed',
        source: 'the source changed',
        drift: 'altered outside fdwsync',
        dependency: `because ${because.join(', ')} changes`,
      }
      const texts = { ...causeTexts, both: causes.map((origin) => causeTexts[origin]).join(', and ') }
      const what = fields.map(({ field }) => field).join(', ')
      return { state: 'drifted', reason: cause === undefined ? what : `${texts[cause]}: ${what}` }
    }
  }
}

/** The state of an object as the ledger shows it, without the manifest. */
export function stateByLedger(
  key: Key,
  owners: readonly Owned[],
  { catalog, canonicalForms }: StatusReading,
): StateFinding {
  if (owners.length === 0) return { state: 'unmanaged' }
  const occupied = catalog.occupied.get(key)
  if (occupied !== undefined)
    return { state: 'drifted', reason: `${occupied === 'index' ? 'an' : 'a'} ${occupied} has its name` }
  const live = catalog.live.get(key)
  if (!live) return { state: 'missing' }
  const states = owners.flatMap(({ manifest, entry }) =>
    entry ? [compareWithEntry(entry, live, canonicalForms.get(manifest)?.get(key))] : [],
  )
  return states.find(({ state }) => state !== 'in sync') ?? states[0] ?? { state: 'unmanaged' }
}

/**
 * The state by the plan, or by the ledger if no plan is about the object. What this role could not compare with its declaration may still
 * not be as it was applied, which the ledger shows. That it is as it was applied is not enough, unless its declaration and what that
 * means are proven to be the same.
 */
export function stateOf(
  byPlan: StateFinding | undefined,
  byLedger: () => StateFinding,
  isDeclaredAsApplied: boolean,
): StateFinding {
  if (byPlan && byPlan.state !== 'unknown') return byPlan
  const found = byLedger()
  return byPlan && !isDeclaredAsApplied && found.state !== 'drifted' && found.state !== 'missing' ? byPlan : found
}

/** Whether a live object cannot be compared with its declaration alone. */
export function needsCanonicalForm(entry: LedgerEntry, live: LiveObject): boolean {
  return kindOf(entry.id).probe.how === 'read-back' && compareDefinition(entry, live, undefined).state === 'unknown'
}

/** @param canonical undefined if it is not needed, or not known */
function compareWithEntry(entry: LedgerEntry, live: LiveObject, canonical: unknown): StateFinding {
  const { secrets, data } = kindOf(entry.id)
  const hidden = secrets?.hidden?.(entry.id, live.spec)
  // A plan does the same, and warns.
  if (hidden) return { state: provesHidden(entry, live) ? 'in sync' : 'unknown', reason: hidden.reason }
  const definition = compareDefinition(entry, live, canonical)
  const isEmpty = data?.isPopulated(entry.declared) === true && !data.isPopulated(live.spec)
  return definition.state === 'in sync' && isEmpty ? { state: 'not populated' } : definition
}

const needsManifest = 'only a comparison with its manifest (-f) can show more'

function compareDefinition(entry: LedgerEntry, live: LiveObject, canonical: unknown): StateFinding {
  const ignored = ignoredOf(entry.declared)
  const hasDigests = entry.digest !== null && live.digest !== null
  const isSame = hasDigests && entry.digest === live.digest
  if (hasDigests && !isSame && ignored.length === 0) {
    if (entry.oid === live.oid) return { state: 'drifted', reason: 'its definition was altered outside fdwsync' }
    return { state: 'unknown', reason: `it was recreated, by a restore for example: ${needsManifest}` }
  }
  if (isSame && live.locked) return { state: 'in sync' }
  const kind = kindOf(entry.id)
  const declared = withIgnored(kind.settle(entry.declared, entry.declared, live.spec), live.spec, ignored)
  const { probe } = kind
  // The digest covers what PostgreSQL rewrites, but not, for example, comments.
  const shown = isSame ? live.spec : canonical
  const isKnown = shown !== undefined && probe.how === 'read-back'
  const wanted = isKnown ? probe.wanted(shown, declared, undefined, undefined) : declared
  const all = kind.compare(entry.id, live.spec, wanted, { declared, last: undefined, digests: createRunDigests() })
  const ofDefinition = all.filter(({ effect }) => effect.how !== 'populate')
  // The ledger has no secrets to compare with.
  const known = ofDefinition.filter(({ from, to }) => from !== secretText || to !== secretText)
  const fields = known.map(({ field }) => field)
  if (fields.length === 0)
    return known.length < ofDefinition.length ? uncomparedSecrets(entry, live) : { state: 'in sync' }
  // The ledger has the SQL as it was declared, and the server may only have rewritten it.
  if (probe.how === 'read-back' && !isKnown)
    return { state: 'unknown', reason: `${fields.join(', ')}: ${needsManifest}` }
  return { state: 'drifted', reason: `altered outside fdwsync: ${fields.join(', ')}` }
}

/** As for a role that cannot even see them: in sync as long as it is the object that was applied. */
function uncomparedSecrets(entry: LedgerEntry, live: LiveObject): StateFinding {
  if (!provesHidden(entry, live)) return { state: 'unknown', reason: needsManifest }
  return { state: 'in sync', reason: 'except for secrets, which only a comparison with its manifest (-f) includes' }
}

/** Adds what a check of the sources found. An object that can no longer be read has drifted; other differences may be intended. */
export function createSourceOverlay(source: SourceReport | undefined): (found: StateFinding, key: Key) => StateFinding {
  if (!source) return (found) => found
  const reachable = new Set(
    source.servers.flatMap(({ name, reachable }) => (reachable ? [keyOf({ kind: 'server', name })] : [])),
  )
  const byKey = groupBy(source.findings, ({ key }) => key)
  return (found, key) => {
    if (found.state !== 'in sync') return found
    if (reachable.has(key)) return { ...found, reason: found.reason ?? 'source reachable' }
    const findings = byKey.get(key)
    if (!findings) return found
    const state = findings.some(({ readsFail }) => readsFail) ? 'drifted' : found.state
    return { state, reason: findings.map(({ message }) => message).join('; ') }
  }
}

export interface NotImportedObject {
  readonly id: ObjectId
  readonly reason: string
  readonly manifests: readonly string[]
}

/** An object that could not be imported may be missing, or differ from the source. */
export function withNotImported(found: StateFinding, object: NotImportedObject | undefined): StateFinding {
  const isKnown = found.state !== 'in sync' && found.state !== 'unmanaged'
  return object && !isKnown ? { state: 'unknown', reason: object.reason } : found
}

/** A table that was loaded and has lost its rows. To a plan, which is about definitions, it is in sync. */
export function withEmptied(found: StateFinding, freshness: RecordedFreshness | undefined): StateFinding {
  return freshness?.isEmptied && found.state === 'in sync'
    ? { state: 'not populated', reason: 'it is unlogged, and a crash has emptied it; fdwsync refresh loads it' }
    : found
}
