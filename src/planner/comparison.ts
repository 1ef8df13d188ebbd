// Compares what is declared with what exists, together with the unmanaged views that have to change too.

import type { Change, DeclaredObject, LiveObject, LiveState, WantedObject } from '../core/change.ts'
import type { TriedView } from '../core/dependent.ts'
import { type Key, keyOf } from '../core/object.ts'
import { readDependents } from '../dependents/dependents.ts'
import type { ReadsThroughViews } from '../dependents/read-through-views.ts'
import { tryRecreatingViews } from '../dependents/recreate-views.ts'
import { storedInside } from '../dependents/stored-inside.ts'
import { probeUnmanagedCopies, type UnmanagedCopies } from '../dependents/unmanaged-copies.ts'
import { canBeRenamedAside, replaceBlocked } from '../differ/blocked-fields.ts'
import { affectedObjects } from '../differ/blockers.ts'
import { type Diff, diff } from '../differ/diff.ts'
import { addForcedReplacements } from '../differ/forced-replacements.ts'
import { keepIgnored, refuseLost } from '../differ/keep-ignored.ts'
import { alteredRows } from '../differ/outdated-views.ts'
import { probeMismatches } from '../introspector/preconditions.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { kindOf } from '../kinds/registry.ts'
import { possibleKeys, relationsRead } from '../parser/relations-read.ts'
import { probe } from '../probe/probe.ts'
import type { ProbeInput, ProbeResult } from '../probe/run.ts'
import { alterInPlace, type ReplacedNevertheless } from './alter-in-place.ts'
import type { PlanContext } from './context.ts'
import { requireUsableOptions, throwProblems } from './findings.ts'
import { followImports } from './not-imported.ts'
import { readOutdated } from './outdated-views.ts'
import { type Selection, select, within } from './selection.ts'

export interface Comparison {
  /** The part that is planned; undefined if everything is. */
  readonly selection: Selection | undefined
  /** Declared objects only. */
  readonly probed: ProbeResult
  readonly diff: Diff
  /** The changes of the diff, and those of the views that have to be recreated with them. */
  readonly changes: readonly Change[]
  /** The keys of copies whose columns are altered in place. */
  readonly inPlace: ReadonlySet<Key>
  /** The live objects, with the unmanaged views that can be recreated. */
  readonly live: LiveState
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /** The keys of those views. */
  readonly unmanaged: ReadonlySet<Key>
  readonly tried: readonly TriedView[]
  readonly unmanagedCopies: UnmanagedCopies
}

/**
 * Probes and compares what is declared, and finds the unmanaged views and copies that must be recreated along with it. A copy
 * over a plain view whose columns change changes as well, declared or not, and so does whatever reads it. So the probe is repeated
 * with such plain views, as if they were declared with their current definitions, until no more are found; likewise with unmanaged
 * copies that a declared one reads.
 * @param forcedViews unmanaged plain views to recreate even if their columns stay the same, with what they read
 * @param along objects outside of a selection (`--only`) that it replaces along the way
 * @param replaced copies that are replaced although their columns could be altered in place
 * @throws FdwsyncError if the server rejects what is declared
 */
export async function compareWithUnmanagedViews(
  context: PlanContext,
  input: ProbeInput,
  forcedViews: ReadsThroughViews,
  along: ReadonlySet<Key>,
  replaced: ReplacedNevertheless,
): Promise<Comparison> {
  const { session, digests } = context
  const { searchPath, mayEvaluate, trustedRoles } = input
  const views = new Map<Key, LiveObject>()
  const copies = new Map<Key, UnmanagedCopy>()
  for (;;) {
    const withViews = addPlainViews(input, views)
    const found = ofDeclared(await probe(session, addCopies(withViews, copies)), input)
    const probed = { ...found, findings: followImports(context, found.findings) }
    requireValid(context, probed)
    const { selection, diff, changes, inPlace } = await selectChanges(context, probed, along, replaced)
    const outdated = await outdatedViews(context, changes)
    const changing = [...affectedObjects(changes), ...outdated, ...views.values()]
    const unmanagedCopies = await probeUnmanagedCopies(session, changing, withViews)
    const live = new Map([...probed.live, ...unmanagedCopies.live])
    const wanted = new Map([...probed.wanted, ...unmanagedCopies.wanted])
    const trial = { live, wanted, changes, searchPath, forcedViews, salt: digests.salt, mayEvaluate, trustedRoles }
    const tried = await tryRecreatingViews(session, trial)
    const recreated = recreatedViews(tried)
    const read = await readByCopies(input, recreated, unmanagedCopies)
    const newViews = read.views.filter(({ key }) => !views.has(key))
    const newCopies = read.copies.filter(({ key }) => !copies.has(key))
    for (const view of newViews) views.set(view.key, view.live)
    for (const copy of newCopies) copies.set(copy.key, copy)
    if (newViews.length + newCopies.length > 0) continue
    for (const view of recreated) {
      live.set(view.key, view.live)
      wanted.set(view.key, view.to)
    }
    const unmanaged = new Set([...unmanagedCopies.live.keys(), ...recreated.map(({ key }) => key)])
    return { probed, selection, diff, changes, inPlace, live, wanted, unmanaged, tried, unmanagedCopies }
  }
}

/** The differences of the selected objects, and what is replaced because of them. */
async function selectChanges(
  context: PlanContext,
  probed: ProbeResult,
  along: ReadonlySet<Key>,
  replaced: ReplacedNevertheless,
): Promise<Pick<Comparison, 'selection' | 'diff' | 'changes' | 'inPlace'>> {
  const declared = compareDeclared(context, probed)
  const { changes: altered, inPlace } = await alterInPlace(context.session, declared.changes, replaced)
  const compared = { ...declared, changes: altered }
  const { only = [] } = context.options
  const selection = only.length === 0 ? undefined : select(only, along, { ...probed, changes: compared.changes })
  const found = selection ? within(compared, selection) : compared
  requireUsableOptions(context, found.changes)
  const changes = addForcedReplacements(await replaceUsed(context, found.changes), probed.wanted, probed.live)
  return { selection, diff: { ...found, refusals: [...found.refusals, ...refuseLost(changes)] }, changes, inPlace }
}

function requireValid(context: PlanContext, { findings, wanted }: ProbeResult): void {
  const { refusals, undetermined } = context.resolved
  throwProblems(context, [...findings, ...probeMismatches(wanted)], [...refusals, ...undetermined])
}

function compareDeclared({ declared, target, digests, options }: PlanContext, { wanted, live }: ProbeResult): Diff {
  const keys = new Set(declared.map(({ id }) => keyOf(id)))
  const { catalog, ledger } = target
  const { takeOver = false, releasing } = options
  return diff({ wanted, declared: keys, reading: { ...catalog, live }, ledger, digests, takeOver, releasing })
}

/** Reads the uses of types, which may force a type to be replaced instead of altered. */
async function replaceUsed({ session }: PlanContext, changes: readonly Change[]): Promise<readonly Change[]> {
  const altered = changes.filter(canBeRenamedAside).flatMap((change) => ('from' in change ? [change.from] : []))
  if (altered.length === 0) return changes
  const scanned = changes.flatMap((change) =>
    change.op === 'alter' && change.fields.some(({ scansValues }) => scansValues) ? [change.from] : [],
  )
  return inReadOnlyTransaction(session, async () => {
    const dependents = await readDependents(session, altered)
    const inside = await storedInside(session, scanned)
    const keys = scanned.flatMap(({ id, oid }) => (inside.has(oid) ? [keyOf(id)] : []))
    return replaceBlocked(changes, dependents, new Set(keys))
  })
}

/** Views that an alteration outdates may be replaced, and with them whatever reads them. */
async function outdatedViews(
  { session, target: { catalog } }: PlanContext,
  changes: readonly Change[],
): Promise<readonly LiveObject[]> {
  if (alteredRows(changes).length === 0) return []
  const outdated = await inReadOnlyTransaction(session, () => readOutdated(session, changes, catalog))
  return outdated.flatMap(({ key }) => catalog.live.get(key) ?? [])
}

interface RecreatedView extends Pick<TriedView, 'key' | 'live' | 'on' | 'isReadByData'> {
  readonly to: WantedObject
}

function recreatedViews(tried: readonly TriedView[]): readonly RecreatedView[] {
  return tried.flatMap(({ outcome, ...view }) => (outcome.becomes === 'recreated' ? [{ ...view, to: outcome.to }] : []))
}

/** What is recreated although the manifest does not declare it, and a copy reads, directly or through others of them. */
async function readByCopies(
  input: ProbeInput,
  recreated: readonly RecreatedView[],
  unmanagedCopies: UnmanagedCopies,
): Promise<{ readonly views: readonly RecreatedView[]; readonly copies: readonly UnmanagedCopy[] }> {
  const isAnyAbove = recreated.length > 0 || unmanagedCopies.declared.length > 0
  const named = isAnyAbove ? await namedInQueries(input) : new Set<Key>()
  const views = viewsBelow(recreated, named)
  return { views, copies: copiesBelow([...named, ...views.flatMap(({ on }) => [...on])], unmanagedCopies) }
}

/** Which of the views a copy reads, or will read, directly or through others of them. */
function viewsBelow(views: readonly RecreatedView[], named: ReadonlySet<Key>): readonly RecreatedView[] {
  const byKey = new Map(views.map((view) => [view.key, view]))
  const read = new Set(views.filter(({ key, isReadByData }) => isReadByData || named.has(key)))
  for (const { on } of read) {
    for (const key of on) {
      const below = byKey.get(key)
      if (below) read.add(below)
    }
  }
  return [...read]
}

/** The relations that the declared queries may read. */
async function namedInQueries({ declared, searchPath }: ProbeInput): Promise<ReadonlySet<Key>> {
  const named = new Set<Key>()
  for (const { id, spec } of declared) {
    const query = kindOf(id).query?.text(spec)
    if (query === undefined) continue
    for (const name of await relationsRead(query)) for (const key of possibleKeys(name, searchPath)) named.add(key)
  }
  return named
}

/** An unmanaged copy that is recreated, and that a declared one reads. */
interface UnmanagedCopy {
  readonly key: Key
  readonly declared: DeclaredObject
  readonly live: LiveObject
}

/** The copies that are read, directly or through others of them. */
function copiesBelow(read: readonly Key[], { declared, live, wanted }: UnmanagedCopies): readonly UnmanagedCopy[] {
  const below = new Set(read)
  for (const key of below) for (const need of wanted.get(key)?.needs ?? []) below.add(need)
  return declared.flatMap((object) => {
    const key = keyOf(object.id)
    const copy = live.get(key)
    return copy && below.has(key) ? [{ key, declared: object, live: copy }] : []
  })
}

function addCopies(input: ProbeInput, copies: ReadonlyMap<Key, UnmanagedCopy>): ProbeInput {
  if (copies.size === 0) return input
  const { declared, reading } = input
  const live = Array.from(copies, ([key, copy]) => [key, copy.live] as const)
  return {
    ...input,
    withUnmanaged: true,
    declared: [...declared, ...Array.from(copies.values(), (copy) => copy.declared)],
    reading: { ...reading, live: new Map([...reading.live, ...live]) },
  }
}

/** Declares the views with their current definitions. */
function addPlainViews(input: ProbeInput, views: LiveState): ProbeInput {
  const { declared, reading } = input
  const asDeclared = Array.from(views.values(), ({ id, spec, needs }) => ({ id, spec, needs, path: [] }))
  return {
    ...input,
    withUnmanaged: views.size > 0,
    declared: [...declared, ...asDeclared],
    reading: { ...reading, live: new Map([...reading.live, ...views]) },
  }
}

function ofDeclared(
  { wanted, live, findings, code, notices, warnings, notCreatable }: ProbeResult,
  { declared, reading }: ProbeInput,
): ProbeResult {
  const keys = new Set(declared.map(({ id }) => keyOf(id)))
  return {
    wanted: keepIgnored(new Map([...wanted].filter(([key]) => keys.has(key))), reading.live),
    live: new Map([...live].filter(([key]) => reading.live.has(key))),
    findings: findings.filter(({ key }) => keys.has(key)),
    code: new Map([...code].filter(([key]) => keys.has(key))),
    notices,
    warnings,
    notCreatable,
  }
}
