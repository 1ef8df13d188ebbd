// The set of all changes: what differs, and everything that has to change along with it.

import type { Key } from '../core/object.ts'
import type { Hazard, Refusal } from '../core/plan.ts'
import { refusalOf } from '../differ/steps/through-views.ts'
import type { DependencyDigests } from '../introspector/dependency-digests.ts'
import type { CodeOfObjects } from '../introspector/referenced-code.ts'
import type { ProbeInput } from '../probe/run.ts'
import { type AttachmentFindings, examineAttachments } from './attachments.ts'
import { refuseTakenNames } from './checks/names-of-keys.ts'
import { refuseNotCreatable } from './checks/not-creatable.ts'
import { refuseNotNull } from './checks/not-null.ts'
import { refuseOverlappingPartitions } from './checks/partition-bounds.ts'
import { refuseWithoutPrivilege } from './checks/privileges.ts'
import { readCode } from './checks/untrusted-code.ts'
import { refuseViolatedConstraints } from './checks/violating-rows.ts'
import { type Comparison, compareWithUnmanagedViews } from './comparison.ts'
import type { PlanContext } from './context.ts'
import { examineDrops } from './dropped-relations.ts'
import { analyzeImpact, type Impact } from './impact.ts'
import { examineInheriting } from './inheriting-tables.ts'
import { toReplaceAfterAll } from './not-in-place.ts'
import { readDigestsOfUnchanged } from './proof/dependency-proofs.ts'
import { replacedAlong } from './selection.ts'

export interface ChangeSet {
  readonly comparison: Comparison
  readonly impact: Impact
  readonly attachments: AttachmentFindings
  /** Hazards of drops, by key. */
  readonly drops: ReadonlyMap<Key, readonly Hazard[]>
  /** Hazards of altering what unmanaged tables inherit from, by key. */
  readonly inheriting: ReadonlyMap<Key, readonly Hazard[]>
  /** The digests of the objects that are as they were when they were last proven. */
  readonly dependencyDigests: DependencyDigests
  readonly code: CodeOfObjects
  /** What PostgreSQL would refuse, although the probe succeeds. */
  readonly impossible: readonly Refusal[]
}

/**
 * Probes and compares what is declared, and analyzes the impact. An unmanaged plain view that stays reads the new data only after
 * the swap, so what reads both that view and what is replaced would mix old and new data. Such views are recreated with the rest,
 * which can affect others in turn, so this repeats until none is found. The plan is refused if a view cannot be recreated. It also
 * repeats if a selection replaces objects that are not selected, and if a copy cannot be altered in place.
 */
export async function computeChangeSet(context: PlanContext): Promise<ChangeSet> {
  // Digests are read before the probe, so that the next plan notices a change that happens in between.
  const dependencyDigests = await readDigestsOfUnchanged(context)
  const { session, declared, unresolved, searchPath, trustedRoles, target, digests, options, suffix } = context
  const { catalog: reading, ledger } = target
  const { mayEvaluate = 'nothing', populate } = options
  const probeInput = {
    declared,
    unresolved,
    searchPath,
    trustedRoles,
    reading,
    ledger,
    digests,
    dependencyDigests,
    mayEvaluate,
  }
  const forcedViews = new Map<Key, readonly Key[]>()
  const along = new Set<Key>()
  const replaced = new Map<Key, readonly Key[]>()
  for (;;) {
    const comparison = await compareWithUnmanagedViews(context, probeInput, forcedViews, along, replaced)
    const impact = await analyzeImpact(session, comparison, probeInput, { populate, suffix })
    const views = impact.staleReads.flatMap((read) => read.views).filter((view) => !forcedViews.has(view))
    const more = replacedAlong(comparison.selection, impact.changes)
    const copies = toReplaceAfterAll(comparison, impact)
    if (views.length + more.length + copies.size === 0)
      return {
        comparison,
        impact: refuseStaleReads(impact),
        dependencyDigests,
        ...(await examine(context, probeInput, comparison, impact)),
      }
    for (const view of views) forcedViews.set(view, impact.throughViews.get(view) ?? [])
    for (const key of more) along.add(key)
    for (const [key, readers] of copies) replaced.set(key, readers)
  }
}

/** Examines the final changes: whose code they run, what they lose, and what PostgreSQL would refuse. */
async function examine(
  context: PlanContext,
  probeInput: ProbeInput,
  comparison: Comparison,
  { changes }: Impact,
): Promise<Omit<ChangeSet, 'comparison' | 'impact' | 'dependencyDigests'>> {
  const { session } = context
  const code = await readCode(context, probeInput, comparison.probed)
  const attachments = await examineAttachments(context, comparison, changes)
  const drops = await examineDrops(context, comparison, changes)
  const inheriting = await examineInheriting(session, changes, comparison.live)
  const impossible = [
    ...refuseNotCreatable(comparison.probed, changes),
    ...inheriting.refusals,
    ...(await refuseWithoutPrivilege(session, comparison, changes)),
    ...(await refuseOverlappingPartitions(session, changes)),
    ...(await refuseViolatedConstraints(session, changes)),
    ...(await refuseNotNull(session, changes)),
    ...(await refuseTakenNames(session, changes, comparison.live)),
  ]
  return { attachments, drops, inheriting: inheriting.hazards, code, impossible }
}

/** Data that readers use today is not replaced by a mixture. A first load may be one, with a warning. */
function refuseStaleReads(impact: Impact): Impact {
  const replaced = new Set(impact.changes.flatMap(({ key, op }) => (op === 'replace' ? [key] : [])))
  const refused = impact.staleReads.filter(({ key }) => replaced.has(key))
  return {
    ...impact,
    staleReads: impact.staleReads.filter(({ key }) => !replaced.has(key)),
    refusals: [...impact.refusals, ...refused.map(refusalOf)],
  }
}
