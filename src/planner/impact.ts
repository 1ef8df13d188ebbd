// The impact of changes: what depends on the changed objects, what has to be replaced or refused because of that, and the resulting
// steps.

import type { Change, LiveObject, LiveState, Replace } from '../core/change.ts'
import { type Dependent, type Lost, lostToManifest, type TriedView } from '../core/dependent.ts'
import { lockedFinding } from '../core/finding.ts'
import { type Key, keyOf, type ObjectId, relationKey } from '../core/object.ts'
import type { Refusal, Replacement, Step } from '../core/plan.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { readDependents } from '../dependents/dependents.ts'
import { type ReadsThroughViews, readByPlainViews } from '../dependents/read-through-views.ts'
import { affectedObjects, refuseBlocked } from '../differ/blockers.ts'
import { refuseCircles } from '../differ/circles.ts'
import { addDropsOfKept, dropDataLast, keepWhatIsRead, readsData } from '../differ/data-drops.ts'
import { type OutdatedView, replaceOutdated } from '../differ/outdated-views.ts'
import { refuseProtected } from '../differ/protection.ts'
import { renameOldAside } from '../differ/rename-aside.ts'
import { type ReplacementGroup, readsMembers, replacementGroups, usesRowTypes } from '../differ/replacement-groups.ts'
import { addReplacements } from '../differ/replacements.ts'
import { createSteps } from '../differ/steps/steps.ts'
import { orderLoadsThroughViews, type StaleRead } from '../differ/steps/through-views.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { findSourceViewsOf } from '../kinds/facets/copy/source-view.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { readOwners } from '../ledger/owned-dependents.ts'
import type { RelationName } from '../parser/relations-read.ts'
import { requalify } from '../parser/requalify.ts'
import type { ProbeInput } from '../probe/run.ts'
import type { Comparison } from './comparison.ts'
import { withEmptiedTables } from './emptied-tables.ts'
import { readOutdated } from './outdated-views.ts'

export interface Impact {
  readonly changes: readonly Change[]
  readonly refusals: readonly Refusal[]
  /** The temporary names of old objects until they are dropped, by their present keys. */
  readonly temporaryNames: ReadonlyMap<Key, ObjectId>
  readonly steps: readonly Step[]
  readonly throughViews: ReadsThroughViews
  readonly staleReads: readonly StaleRead[]
  /** The outdated views, including those that are replaced. */
  readonly outdated: readonly OutdatedView[]
}

/** Adds everything that has to change along with the compared changes, refuses what cannot be done, and orders the steps. */
export function analyzeImpact(
  session: Session,
  comparison: Comparison,
  input: ProbeInput,
  { populate, suffix }: { readonly populate: boolean; readonly suffix: string },
): Promise<Impact> {
  return inReadOnlyTransaction(session, async () => {
    await session.run(findSourceViewsOf(input.reading.renamedTables ?? []))
    const { probed, unmanagedCopies, live, wanted, tried } = comparison
    const completed = await completeChanges(session, comparison, { ...input, suffix }, populate)
    const { refusals, temporaryNames, dependents, throughViews, outdated } = completed
    const changes = await withEmptiedTables(session, completed.changes)
    const groups = replacementGroups(changes, tried, suffix)
    const created = createSteps({
      changes,
      dependents,
      populate,
      wanted: probed.wanted,
      live: new Set(probed.live.keys()),
      groups: new Map(groups.flatMap((group) => group.members.map(({ key }) => [key, group]))),
      temporaryNames,
      suffix,
      movedQueries: await requalifyQueries(groups),
    })
    const steps = await requalifyRowTypes(created, groups)
    const replaced = groups.flatMap(({ members }) => members)
    const protectedByOthers = new Set([...input.ledger.protectedByOthers, ...unmanagedCopies.protectedByOthers])
    return {
      changes,
      refusals: [
        ...refusals,
        ...replaced.filter(({ from }) => from.locked).map(refuseLocked),
        ...refuseCircles({ changes, wanted, throughViews }),
        ...refuseProtected({ live, wanted, changes, ledger: { ...input.ledger, protectedByOthers } }),
      ],
      temporaryNames,
      throughViews,
      outdated,
      ...orderLoadsThroughViews(steps, { changes, throughViews, live }),
    }
  })
}

interface ImpactInput extends ProbeInput {
  /** The random part of all temporary names. */
  readonly suffix: string
}

/** Completes the changes. If the plan both drops data and loads data, the drop comes last, which may require more changes. */
async function completeChanges(session: Session, comparison: Comparison, input: ImpactInput, populate: boolean) {
  const { changes, probed } = comparison
  const completed = await addChanges(session, comparison, input, changes)
  const dataDroppedLast = dropDataLast(changes)
  const isLost = dataDroppedLast.some((change, at) => change !== changes[at])
  if (!isLost || !readsData(completed.changes, new Set(probed.live.keys()), populate)) return completed
  return addChanges(session, comparison, input, dataDroppedLast)
}

/** Adds changes in steps. Each addition can have dependents of its own, which are read before the next step. */
async function addChanges(session: Session, comparison: Comparison, input: ImpactInput, before: readonly Change[]) {
  const { probed, tried, unmanagedCopies, live, wanted, unmanaged } = comparison
  const notProbed = probed.findings.map((finding) => [finding.key, finding] as const)
  const readBefore = { catalog: input.reading, tried, lost: new Map([...unmanagedCopies.lost, ...notProbed]) }
  const dependentsOf = (changes: readonly Change[], temporaryNames: ReadonlyMap<Key, ObjectId>) =>
    readAffectedDependents(session, changes, { ...readBefore, temporaryNames })
  const { ledger, suffix } = input
  const found = await dependentsOf(before, new Map())
  const aside = renameOldAside({ changes: before, dependents: found, ledger, wanted, suffix })
  const { changes: compared, temporaryNames } = aside
  const renamed = temporaryNames.size === 0 ? found : await dependentsOf(compared, temporaryNames)
  const throughViews = await readByPlainViews(session, relationsToReadThrough(compared, live))
  const given = { live, wanted, unmanaged, throughViews, dependents: renamed }
  const replaced = addReplacements({ ...given, changes: compared })
  const outdated = await readOutdated(session, replaced, input.reading)
  const withOutdated = replaceOutdated(outdated, { live, wanted, unmanaged, ledger }, replaced)
  const all = outdated.length === 0 ? replaced : addReplacements({ ...given, changes: withOutdated })
  const known = new Set(affectedObjects(compared).map(({ oid }) => oid))
  const areKnown = affectedObjects(all).every(({ oid }) => known.has(oid))
  const dependents = areKnown ? renamed : await dependentsOf(all, temporaryNames)
  const { changes, refusals } = refuseBlocked(
    keepWhatIsRead(all, { dependents, ledger, suffix }),
    await withOtherOwners(session, dependents, { ledger, wanted: probed.wanted }),
    new Set(probed.wanted.keys()),
  )
  return {
    changes: addDropsOfKept(changes, temporaryNames),
    refusals,
    temporaryNames,
    dependents,
    throughViews,
    outdated,
  }
}

/** The dependents, with the reason why those that another manifest declares keep something from being changed. */
async function withOtherOwners(
  session: Session,
  dependents: readonly Dependent[],
  { ledger, wanted }: Pick<ImpactInput, 'ledger'> & Pick<Comparison, 'wanted'>,
): Promise<readonly Dependent[]> {
  if (!ledger.exists) return dependents
  const others = dependents.flatMap(({ key }) =>
    key === undefined || wanted.has(key) || ledger.entries.has(key) ? [] : [key],
  )
  const owners = await readOwners(session, [...new Set(others)])
  return dependents.map((dependent) => {
    const owner = dependent.key === undefined ? undefined : owners.get(dependent.key)
    return owner === undefined ? dependent : { ...dependent, lost: lostToManifest(owner) }
  })
}

/** All live relations, if something may be replaced. No view reads a new relation yet. */
function relationsToReadThrough(changes: readonly Change[], live: LiveState): readonly LiveObject[] {
  if (affectedObjects(changes).length > 0) return [...live.values()]
  return changes.flatMap((change) => (change.op === 'alter' ? [change.from] : []))
}

/** The definition of a locked object is unknown: it was not read, because that would have waited for the lock. */
function refuseLocked({ key, to }: Replace): Refusal {
  const { code, reason, hint } = lockedFinding(key)
  return { code, key, title: titleOf(to.id), reason, hint }
}

/** The queries of replacements that read each other, with the scratch schemas in which those are built. */
async function requalifyQueries(groups: readonly ReplacementGroup[]): Promise<ReadonlyMap<Key, string>> {
  const queries = new Map<Key, string>()
  for (const group of groups) {
    for (const { key, from, to } of readsMembers(group)) {
      if (from.locked) continue
      queries.set(key, await requalify(kindOf(to.id).query?.text(to.spec) ?? '', scratchSchemaIn(group)))
    }
  }
  return queries
}

/** Lets replacements with columns of row types from their own group use the row types that are built with them. */
async function requalifyRowTypes(
  steps: readonly Step[],
  groups: readonly ReplacementGroup[],
): Promise<readonly Step[]> {
  const users = new Map(groups.flatMap((group) => usesRowTypes(group).map(({ key }) => [key, group] as const)))
  if (users.size === 0) return steps
  const inScratch = async (member: Replacement): Promise<Replacement> => {
    const group = users.get(member.key)
    if (!group) return member
    // Statements with secrets are templates, and only set options.
    const statements = member.statements.map(async (each) =>
      each.secrets.length > 0 ? each : { ...each, sql: trusted(await requalify(each.sql, scratchSchemaIn(group))) },
    )
    return { ...member, statements: await Promise.all(statements) }
  }
  return Promise.all(
    steps.map(async (step) =>
      step.action === 'replace' ? { ...step, members: await Promise.all(step.members.map(inScratch)) } : step,
    ),
  )
}

/** Finds the scratch schema with the successor of a relation. */
function scratchSchemaIn({ members, scratch }: ReplacementGroup): (name: RelationName) => string | undefined {
  const schemas = new Map(
    members.flatMap(({ to: { id } }) =>
      'schema' in id ? [[relationKey(id.schema, id.name), scratch.get(id.schema)] as const] : [],
    ),
  )
  return ({ schema, name }) => schemas.get(relationKey(schema ?? '', name))
}

/** What is known about dependents before they are read. */
interface KnownOfDependents {
  readonly catalog: CatalogReading
  readonly tried: readonly TriedView[]
  readonly lost: ReadonlyMap<Key, Lost>
  readonly temporaryNames: ReadonlyMap<Key, ObjectId>
}

/** Reads what depends on the affected objects. Keys and columns are given the names that they have once the plan has renamed them. */
async function readAffectedDependents(
  session: Session,
  changes: readonly Change[],
  { catalog: { declaredKeys }, tried, lost, temporaryNames }: KnownOfDependents,
): Promise<readonly Dependent[]> {
  const objects = affectedObjects(changes)
  if (objects.length === 0) return []
  const dependents = await readDependents(session, objects)
  const renamed = (key: Key | undefined) => {
    if (key === undefined) return undefined
    const declared = declaredKeys?.get(key) ?? key
    const old = temporaryNames.get(declared)
    return old ? keyOf(old) : declared
  }
  const columns = new Map(objects.map(({ id, renamedColumns }) => [keyOf(id), renamedColumns]))
  const changeOf = new Map(changes.map((change) => [change.key, change]))
  const outcomes = new Map(tried.map(({ live, outcome }) => [live.oid, outcome]))
  const affected = dependents.filter((dependent) => isAffected(dependent, changeOf) && !isRenewed(dependent, changeOf))
  return affected.map(
    (dependent): Dependent => ({
      ...dependent,
      view: dependent.view && { ...dependent.view, outcome: outcomes.get(dependent.view.oid) },
      lost: (dependent.key && lost.get(dependent.key)) ?? dependent.lost,
      key: renamed(dependent.key),
      parent: renamed(dependent.parent),
      column: columns.get(dependent.on)?.get(dependent.column ?? '') ?? dependent.column,
    }),
  )
}

/** The query of a copy that uses a column, if the plan drops it before the column is altered. */
function isRenewed({ on, key, column, storesValues }: Dependent, changeOf: ReadonlyMap<Key, Change>): boolean {
  const change = key === undefined || key === on ? undefined : changeOf.get(key)
  const renews = change?.op === 'alter' && change.fields.some(({ renewsQuery }) => renewsQuery)
  return renews && column !== null && !storesValues && changeOf.get(on)?.op === 'alter'
}

/** An alteration of the parent affects what uses an inherited column, if the child still has that parent then. */
function isAffected({ on, through }: Dependent, changeOf: ReadonlyMap<Key, Change>): boolean {
  if (through === undefined) return true
  const child = changeOf.get(through)
  const leaves = child?.op === 'drop' || (child !== undefined && 'to' in child && !child.to.needs.includes(on))
  return changeOf.get(on)?.op === 'alter' && !leaves
}
