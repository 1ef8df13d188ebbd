import type { Change, LiveObject, LiveState, Replace } from '../core/change.ts'
import type { Dependent, Lost, TriedView } from '../core/dependent.ts'
import { lockedFinding } from '../core/finding.ts'
import { type Key, keyOf, type ObjectId, relationKey } from '../core/object.ts'
import type { Predecessor, Refusal, Step } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import { readDependents } from '../dependents/dependents.ts'
import { readPredecessors } from '../dependents/predecessors.ts'
import { type ReadsThroughViews, readByPlainViews } from '../dependents/read-through-views.ts'
import type { UnmanagedMaterializedViews } from '../dependents/unmanaged-materialized-views.ts'
import { affectedObjects, refuseBlocked } from '../differ/blockers.ts'
import { refuseProtected } from '../differ/protection.ts'
import { renameOldAside } from '../differ/rename-aside.ts'
import { type ReplacementGroup, readsMembers, replacementGroups } from '../differ/replacement-groups.ts'
import { addReplacements } from '../differ/replacements.ts'
import { createSteps } from '../differ/steps/steps.ts'
import { orderLoadsThroughViews, type StaleRead } from '../differ/steps/through-views.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import { requalify } from '../parser/requalify.ts'
import type { ProbeInput } from '../probe/run.ts'
import type { WithUnmanagedViews } from './unmanaged-views.ts'

/** All that changes, and what a plan's steps are made from. */
export interface Impact {
  readonly changes: readonly Change[]
  readonly refusals: readonly Refusal[]
  readonly dependents: readonly Dependent[]
  /** What old ones are called until they go, by the keys that they have today. */
  readonly aside: ReadonlyMap<Key, ObjectId>
  readonly steps: readonly Step[]
  readonly throughViews: ReadsThroughViews
  readonly staleReads: readonly StaleRead[]
  /** By OID. */
  readonly predecessors: ReadonlyMap<number, Predecessor>
}

/** Finds what changes with what differs: what lives on it, what reads it, be it declared or people's, and what is in the way. */
export function analyzeImpact(
  session: Session,
  among: WithUnmanagedViews,
  input: ProbeInput,
  populate: boolean,
): Promise<Impact> {
  return inReadOnlyTransaction(session, () => impactOf(session, among, input, populate))
}

async function impactOf(
  session: Session,
  among: WithUnmanagedViews,
  input: ProbeInput,
  populate: boolean,
): Promise<Impact> {
  const { probed, materialized, live, wanted } = among
  const { changes, refusals, aside, dependents, throughViews, groups } = await allChanges(session, among, input)
  const byMember = new Map(groups.flatMap((group) => group.members.map(({ key }) => [key, group])))
  const standing = { wanted: probed.wanted, live: new Set(probed.live.keys()) }
  const moved = { groups: byMember, movedQueries: await movedQueries(groups) }
  const inOrder = createSteps({ changes, dependents, populate, ...standing, ...moved })
  const members = groups.flatMap((group) => group.members)
  const isLocked = members.filter(({ from }) => from.locked)
  const ours = Array.from(probed.wanted.values(), ({ id }) => id)
  const oids = members.map(({ from }) => from.oid)
  return {
    changes,
    refusals: [
      ...refusals,
      ...isLocked.map(whileLocked),
      ...refuseProtected({ live, wanted, changes, ledger: withProtected(input.ledger, materialized) }),
    ],
    aside,
    dependents,
    throughViews,
    ...orderLoadsThroughViews(inOrder, { changes, throughViews, live }),
    predecessors: await readPredecessors(session, oids, ours),
  }
}

/** With what serves on and what is built beside, and what is in the way of all that. */
async function allChanges(session: Session, among: WithUnmanagedViews, input: ProbeInput) {
  const { probed, direct, tried, materialized, live, wanted, others } = among
  const untried = probed.findings.map((finding) => [finding.key, finding] as const)
  const known = { catalog: input.reading, tried, lost: new Map([...materialized.lost, ...untried]) }
  const before = await dependentsOf(session, direct, { ...known, aside: new Map() })
  const { changes: differing, aside } = renameOldAside(direct, before, input.ledger)
  const used = aside.size === 0 ? before : await dependentsOf(session, differing, { ...known, aside })
  const throughViews = await readByPlainViews(session, readThroughViews(differing, live))
  const all = addReplacements({ live, wanted, unmanaged: others, throughViews, changes: differing, dependents: used })
  const dependents = all.length === differing.length ? used : await dependentsOf(session, all, { ...known, aside })
  const { changes, refusals } = refuseBlocked(all, dependents)
  return { changes, refusals, aside, dependents, throughViews, groups: replacementGroups(changes, tried) }
}

/** What others may have to follow, or to wait for. What is new is read by no view yet. */
function readThroughViews(changes: readonly Change[], live: LiveState): readonly LiveObject[] {
  if (affectedObjects(changes).length > 0) return [...live.values()]
  return changes.flatMap((change) => (change.op === 'alter' ? [change.from] : []))
}

/** Its definition was left unread, so that nobody had to wait. */
function whileLocked({ key, to }: Replace): Refusal {
  const { code, reason, hint } = lockedFinding(key)
  return { code, key, title: titleOf(to.id), reason, hint }
}

/** The queries of replacements that read each other, led to the scratch schemas in which those stand meanwhile. */
async function movedQueries(groups: readonly ReplacementGroup[]): Promise<ReadonlyMap<Key, string>> {
  const moved = new Map<Key, string>()
  for (const group of groups) {
    const names = new Map(
      group.members.flatMap(({ to: { id } }) =>
        'schema' in id ? [[relationKey(id.schema, id.name), group.scratch.get(id.schema)] as const] : [],
      ),
    )
    for (const { key, from, to } of readsMembers(group)) {
      if (from.locked) continue
      const query = kindOf(to.id).query?.text(to.spec) ?? ''
      const text = await requalify(query, ({ schema, name }) => names.get(relationKey(schema ?? '', name)))
      moved.set(key, text)
    }
  }
  return moved
}

function withProtected(ledger: Ledger, { protectedByOthers }: UnmanagedMaterializedViews): Ledger {
  return { ...ledger, protectedByOthers: new Set([...ledger.protectedByOthers, ...protectedByOthers]) }
}

/** What was found out of those that depend on something. */
interface Known {
  readonly catalog: CatalogReading
  readonly tried: readonly TriedView[]
  readonly lost: ReadonlyMap<Key, Lost>
  readonly aside: ReadonlyMap<Key, ObjectId>
}

async function dependentsOf(
  session: Session,
  changes: readonly Change[],
  { catalog: { declaredKeys }, tried, lost, aside }: Known,
): Promise<readonly Dependent[]> {
  const objects = affectedObjects(changes)
  if (objects.length === 0) return []
  const dependents = await readDependents(session, objects)
  const named = (key: Key | undefined) => {
    if (key === undefined) return undefined
    const declared = declaredKeys?.get(key) ?? key
    const old = aside.get(declared)
    return old ? keyOf(old) : declared
  }
  const columns = new Map(objects.map(({ id, renamedColumns }) => [keyOf(id), renamedColumns]))
  const outcomes = new Map(tried.map(({ live, outcome }) => [live.oid, outcome]))
  return dependents.map((each) => ({
    ...each,
    view: each.view && { ...each.view, outcome: outcomes.get(each.view.oid) },
    lost: each.key && lost.get(each.key),
    key: named(each.key),
    whole: named(each.parent),
    column: columns.get(each.on)?.get(each.column ?? '') ?? each.column,
  }))
}
