// Plans a manifest in full: the phases of a plan, in order. Each phase has a file of its own.

import { sameData } from '../core/data.ts'
import { FdwsyncError } from '../core/errors.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Plan, Warning } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import { newSuffix } from '../db/suffix.ts'
import { onlyDrift } from '../differ/drift.ts'
import { createRunDigests } from '../introspector/digests.ts'
import { unmetPreconditions } from '../introspector/preconditions.ts'
import { withRequirements } from '../introspector/requirements.ts'
import { declaredKinds, isInLedger } from '../kinds/registry.ts'
import type { ParsedManifest } from '../manifest/manifest.ts'
import { unresolvedObjects } from '../manifest/unresolved.ts'
import { TargetChangedError } from '../probe/run.ts'
import { checkSources, type SourceCheck } from '../sources/check-sources.ts'
import { resolveImports } from '../sources/imports/resolve-imports.ts'
import { tryChanges } from '../sources/reads/try-changes.ts'
import type { Reason } from '../sources/reasons.ts'
import { sourceRecords } from '../sources/source-records.ts'
import { assemblePlan } from './assemble.ts'
import { type ChangeSet, computeChangeSet } from './change-set.ts'
import { functionsByPath } from './checks/functions-by-path.ts'
import { copiesKeepingRows } from './checks/kept-rows.ts'
import { lackedForLoads } from './checks/load-privileges.ts'
import { checkPolicyQueries } from './checks/policy-queries.ts'
import { requireOneMoment } from './checks/refresh-groups.ts'
import { applicableSchedules } from './checks/schedules.ts'
import { unloadedReads } from './checks/unloaded-reads.ts'
import { unsupportedSchedules } from './checks/unsupported-schedules.ts'
import { waitingReaders } from './checks/waiting-readers.ts'
import { checkWatermarks } from './checks/watermarks.ts'
import type { PlanContext, PlanOptions } from './context.ts'
import { throwProblems } from './findings.ts'
import { digestsToSave } from './fingerprint.ts'
import { copiesLoadedBy } from './loaded-copies.ts'
import { addPlaces } from './places.ts'
import type { PlanInHand } from './plan-in-hand.ts'
import { isConclusive, readChangedPart } from './proof/changed-part.ts'
import { newCanonicalForms, newlyProven } from './proof/dependency-proofs.ts'
import { createProof, createProofOfCreation, namesOf } from './proof/proof.ts'
import { queriesUsingOldNames } from './renames/renamed-from.ts'
import type { Selection } from './selection.ts'
import { tablesToKeep } from './tables-to-keep.ts'
import { readTargetInSnapshot } from './target.ts'

const attempts = 4

/** Plans again if another apply has meanwhile committed what this plan was about to try out. */
export async function planInFull(
  session: Session,
  manifest: ParsedManifest,
  options: PlanOptions,
): Promise<PlanInHand> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await planOnce(session, manifest, options)
    } catch (error) {
      if (attempt === attempts || !(error instanceof TargetChangedError)) throw error
    }
  }
}

interface Extent {
  /** Tables that cannot follow their source. */
  readonly kept: ReadonlyMap<Key, Reason>
  /** Whether to read everything, since a plan of the changed part was not conclusive. */
  readonly readsAll: boolean
}

/**
 * Plans the changed part if there is one, and everything if that was not conclusive. Tables that cannot follow their source are
 * kept as they are.
 */
async function planOnce(
  session: Session,
  manifest: ParsedManifest,
  options: PlanOptions,
  extent: Extent = { kept: new Map(), readsAll: false },
): Promise<PlanInHand> {
  const { kept } = extent
  const context = await resolveAndRead(session, manifest, options, extent)
  const { part } = context.target
  const found = await findChanges(context).catch((error: unknown) => {
    // The error may be about what was left out.
    if (part && error instanceof FdwsyncError) return undefined
    throw error
  })
  if (!found || (part && !isConclusive(found.plan, part)))
    return planOnce(session, manifest, options, { kept, readsAll: true })
  const { plan, changeSet } = found
  const more = tablesToKeep(plan, context.resolved)
  if ([...more.keys()].some((key) => !kept.has(key)))
    return planOnce(session, manifest, options, { ...extent, kept: new Map([...kept, ...more]) })
  const inHand = putInHand(context, manifest, changeSet, options.withPlaces ? addPlaces(plan, context) : plan)
  return ofSelection(inHand, changeSet.comparison.selection)
}

/** Compares what was read, and checks the resulting changes. */
async function findChanges(context: PlanContext): Promise<{ readonly plan: Plan; readonly changeSet: ChangeSet }> {
  await requirePreconditions(context)
  const changeSet = await computeChangeSet(context)
  await requireOneMoment(context, changeSet)
  const unusable = checkWatermarks(context, changeSet)
  await checkPolicyQueries(context, changeSet)
  const sourceCheck = await checkSourcesIfAsked(context, changeSet)
  const faults = await trySourcesIfAsked(context, changeSet, sourceCheck)
  const unreadable = await lackedForLoads(context, changeSet)
  const unloaded = await unloadedReads(context, changeSet)
  const waits = await waitingReaders(context, changeSet)
  const keptRows = await copiesKeepingRows(context, changeSet)
  const byPath = await functionsByPath(context, changeSet)
  const found = [...faults, ...unreadable, ...unloaded, ...byPath, ...waits, ...keptRows, ...unusable]
  return { plan: await assemblePlan(context, changeSet, sourceCheck, found), changeSet }
}

/** Expands imports and mirrors, declares every object, and reads the ledger and the live objects in one snapshot. */
async function resolveAndRead(
  session: Session,
  manifest: ParsedManifest,
  options: PlanOptions,
  { kept, readsAll }: Extent,
): Promise<PlanContext> {
  const digests = createRunDigests()
  const resolved = await resolveImports(session, manifest, digests, options.sources, kept)
  const { name, search_path: searchPath = ['public'], trusted_roles: trustedRoles = [] } = resolved.expanded.manifest
  const all = declaredKinds.flatMap((kind) => kind.declare(resolved.expanded.manifest, digests))
  const { objects, warnings } = await applicableSchedules(session, all, resolved.expanded.manifest)
  const input = { manifest: name, declared: objects, searchPath, salt: digests.salt }
  const mayReadPart = !readsAll && kept.size === 0 && plansWhatIsDeclared(options)
  const target = await readTargetInSnapshot(
    session,
    input,
    async (found) => (mayReadPart ? readChangedPart(session, found, manifest, objects) : undefined),
    options.prove && options.populate ? namesOf(objects) : undefined,
  )
  const { part } = target
  const read = part ? objects.filter(({ id }) => part.keys.has(keyOf(id))) : objects
  const comparable = target.ledger.unreadable ? read.filter(({ id }) => !isInLedger(id)) : read
  const unresolved = unresolvedObjects(comparable, manifest)
  const declared = await withRequirements(session, comparable, target.catalog.live)
  const { suffix = newSuffix() } = options
  return {
    session,
    options,
    digests,
    suffix,
    resolved,
    searchPath,
    trustedRoles,
    objects,
    declared,
    unresolved,
    target,
    warnings,
  }
}

/** Whether this is an ordinary plan of the manifest, without options that concern every object or select some. */
function plansWhatIsDeclared({
  only = [],
  suffix,
  checkSource,
  takeOver,
  releasing,
  driftOnly,
  ignoresProof,
}: PlanOptions): boolean {
  const asksMore = [checkSource, takeOver, releasing, driftOnly, ignoresProof].some(Boolean)
  return only.length === 0 && suffix === undefined && !asksMore
}

/** Checks what takes no probe: the version of the server, its roles, and the names that queries use. */
async function requirePreconditions(context: PlanContext): Promise<void> {
  const { session, declared, unresolved, target, digests, searchPath } = context
  const known = declared.filter(({ id }) => !unresolved.has(keyOf(id)))
  const unmet = await unmetPreconditions(session, known, target.catalog.live, digests)
  const outdated = await queriesUsingOldNames(declared, target.renaming, searchPath)
  const unsupported = await unsupportedSchedules(session, known, target.catalog.live)
  throwProblems(context, [...unmet, ...outdated, ...unsupported])
}

async function checkSourcesIfAsked(
  { session, options, resolved, digests }: PlanContext,
  { comparison }: ChangeSet,
): Promise<SourceCheck | undefined> {
  const { checkSource, sources } = options
  if (!checkSource || !sources) return undefined
  return checkSources(session, { wanted: comparison.probed.wanted, resolved, digests, sources })
}

async function trySourcesIfAsked(
  { session, options, resolved, digests, unresolved }: PlanContext,
  { comparison, impact }: ChangeSet,
  sourceCheck: SourceCheck | undefined,
): Promise<readonly Warning[]> {
  const { trySources, sources } = options
  if (!trySources || !sources) return []
  const { changes, steps } = impact
  const { live, probed } = comparison
  const loaded = copiesLoadedBy(steps)
  const input = { changes, loaded, wanted: probed.wanted, live, resolved, unresolved, digests, sources }
  const faults = await tryChanges(session, input)
  const reported = new Set([
    ...(sourceCheck?.report.findings.flatMap(({ key, readsFail }) => (readsFail ? [key] : [])) ?? []),
    ...resolved.refusals.map(({ key }) => key),
  ])
  return faults.filter(({ key }) => key === undefined || !reported.has(key))
}

function specsWithReferences({ resolved, declared, digests }: PlanContext): PlanInHand['withReferences'] {
  const { withReferences } = resolved.expanded
  if (!withReferences) return new Map()
  const specs = new Map(declared.map(({ id, spec }) => [keyOf(id), spec]))
  const shown = declaredKinds.flatMap((kind) => kind.declare(withReferences, digests))
  return new Map(
    shown.flatMap(({ id, spec }) => {
      const key = keyOf(id)
      return !specs.has(key) || sameData(specs.get(key), spec) ? [] : [[key, spec] as const]
    }),
  )
}

/** Restricts what a plan of a selection records: what it leaves out must not count as done, nor the manifest as proven. */
function ofSelection(inHand: PlanInHand, selection: Selection | undefined): PlanInHand {
  if (!selection) return inHand
  const isKept = (key: Key) => !selection.leftOut.has(key)
  const only = <Value>(all: ReadonlyMap<Key, Value>) => new Map([...all].filter(([key]) => isKept(key)))
  return {
    ...inHand,
    sourceRecords: only(inHand.sourceRecords),
    rekeyed: new Map([...inHand.rekeyed].filter(([, after]) => isKept(after))),
    provenDigests: only(inHand.provenDigests),
    canonicalForms: only(inHand.canonicalForms),
    notImported: undefined,
    proof: undefined,
    proofOfCreation: undefined,
  }
}

function putInHand(context: PlanContext, manifest: ParsedManifest, changeSet: ChangeSet, plan: Plan): PlanInHand {
  const { options, digests, resolved, trustedRoles, objects, declared, target } = context
  const { comparison, impact, dependencyDigests } = changeSet
  const { wanted } = comparison.probed
  const renamed = [...target.renaming.rekeyed, ...impact.temporaryNames]
  return {
    plan: options.driftOnly ? onlyDrift(plan, target.ledger) : plan,
    isProven: false,
    declared,
    wanted,
    withReferences: specsWithReferences(context),
    references: manifest.references,
    salt: digests.salt,
    trustedRoles,
    code: changeSet.code,
    sourceRecords: sourceRecords(resolved, target.ledger),
    rekeyed: new Map(renamed.map(([key, id]) => [key, keyOf(id)])),
    provenDigests: newlyProven(dependencyDigests, wanted, impact.changes, target.ledger),
    canonicalForms: newCanonicalForms(comparison, impact.changes, target.ledger, plan.searchPath),
    notImported: resolved.notImported,
    proof: createProof(manifest, objects, plan, target.provenState, resolved.sourceState),
    proofOfCreation:
      options.prove && options.populate
        ? createProofOfCreation(manifest, objects, plan, resolved.lastingState)
        : undefined,
    digestsToSave:
      options.suffix === undefined
        ? undefined
        : digestsToSave(
            target,
            plan.changes.map(({ change }) => change.key),
            wanted,
          ),
    manifestDigest: resolved.expanded.digest,
    ownershipUnknown: target.ledger.unreadable,
    part: target.part,
  }
}
