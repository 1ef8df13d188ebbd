// Puts the results of all phases together into a plan.

import type { Change } from '../core/change.ts'
import { uniqueBy } from '../core/data.ts'
import { warningsOfNotices } from '../core/notice.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Plan, Refusal, Undetermined, Warning } from '../core/plan.ts'
import { redactTexts } from '../core/redaction.ts'
import { refuseTakenNames } from '../differ/diff.ts'
import { outdatedWarnings } from '../differ/outdated-views.ts'
import { plannedChanges } from '../differ/planned-changes.ts'
import { locksNeeded } from '../differ/steps/locks.ts'
import { warningOf } from '../differ/steps/through-views.ts'
import { lockRefusals } from '../introspector/lock-capacity.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { readCanonicalForms } from '../ledger/read.ts'
import { hiddenIn } from '../manifest/manifest.ts'
import type { SourceCheck } from '../sources/check-sources.ts'
import { importedRelations } from '../sources/imports/imported-relations.ts'
import { sourceChanges } from '../sources/source-changes.ts'
import type { ChangeSet } from './change-set.ts'
import { exposedSecrets } from './checks/exposed-secrets.ts'
import { codeHazards, codeWarnings } from './checks/untrusted-code.ts'
import type { PlanContext } from './context.ts'
import { refuseUncreatable, undeterminedFindings, unknownOwnership } from './findings.ts'
import { fingerprintOf } from './fingerprint.ts'
import { withReportedMarked } from './proof/reported-warnings.ts'
import { selectionWarnings } from './selection.ts'

export async function assemblePlan(
  context: PlanContext,
  changeSet: ChangeSet,
  sourceCheck: SourceCheck | undefined,
  found: readonly Warning[],
): Promise<Plan> {
  const { session, resolved, searchPath, target, digests } = context
  const { comparison, impact, attachments, drops, inheriting, code } = changeSet
  const { changes, steps, throughViews } = impact
  const { ledger } = target
  const titles = new Map(context.declared.map(({ id }) => [keyOf(id), titleOf(id)]))
  const hidden = hiddenIn(resolved.expanded)
  const shown = <Finding extends Refusal | Undetermined | Warning>(findings: readonly Finding[]) =>
    findings.map((finding) => redactTexts(finding, hidden))
  const warnings = shown([...found, ...warningsOf(context, changeSet, sourceCheck)])
  return {
    manifest: resolved.expanded.manifest.name,
    searchPath,
    database: { name: session.database, serverVersion: session.serverVersionText, user: session.user },
    fingerprint: fingerprintOf(target),
    changes: plannedChanges({
      changes,
      steps,
      throughViews,
      predecessors: attachments.predecessors,
      hazards: [attachments.hazards, drops, inheriting, codeHazards(code, comparison.probed.wanted, changes)],
      live: comparison.probed.live,
      ledger,
      canonicalForms: await canonicalFormsOf(context, changes),
      digests,
      searchPath,
      policy: resolved.expanded.manifest.policy,
      sourceChanges: sourceChanges(resolved, ledger, digests),
    }),
    steps,
    refusals: [
      ...shown(refusalsOf(context, changeSet, titles)),
      ...(await lockRefusals(session, locksNeeded(steps), steps)),
    ],
    undetermined: shown(undeterminedOf(context, changeSet, sourceCheck, titles)),
    warnings: await withReportedMarked(session, resolved.expanded.manifest.name, warnings),
    unchanged: comparison.diff.unchanged + (target.part?.leftOut ?? 0),
    ...(sourceCheck ? { source: sourceCheck.report } : {}),
  }
}

/** The form in which each altered or replaced object last matched its declaration. */
async function canonicalFormsOf(
  { session, resolved, target: { ledger, renaming } }: PlanContext,
  changes: readonly Change[],
): Promise<ReadonlyMap<Key, unknown>> {
  const before = new Map(Array.from(renaming.rekeyed, ([key, id]) => [keyOf(id), key]))
  const changed = changes.filter(({ key }) => ledger.entries.get(key)?.hasCanonicalForm)
  const addresses = new Map(changed.map((change) => [before.get(change.key) ?? change.key, change]))
  const recorded = await readCanonicalForms(session, resolved.expanded.manifest.name, [...addresses.keys()])
  const forms = Array.from(recorded, ([address, form]): readonly (readonly [Key, unknown])[] => {
    const change = addresses.get(address)
    return change ? [[change.key, underNewNames(change, form)]] : []
  })
  return new Map(forms.flat())
}

/** The form, with the names that its columns will have. */
function underNewNames(change: Change, form: unknown): unknown {
  const from = 'from' in change ? change.from : undefined
  return from?.renamedColumns ? (kindOf(from.id).renaming?.withColumns?.(form, from.renamedColumns) ?? form) : form
}

/** Returns whether a finding concerns the plan: nothing about an object that is not planned refuses it. */
function isPlanned({ selection }: ChangeSet['comparison']): (finding: { readonly key?: Key | undefined }) => boolean {
  return ({ key }) => selection === undefined || key === undefined || selection.keys.has(key)
}

function refusalsOf(
  { resolved, target }: PlanContext,
  { comparison, impact, attachments, impossible }: ChangeSet,
  titles: ReadonlyMap<Key, string>,
): readonly Refusal[] {
  return [
    ...[
      ...resolved.refusals,
      ...refuseTakenNames(target.catalog, titles, importedRelations(resolved), (key) => target.ledger.entries.has(key)),
      ...target.renaming.refusals,
      ...comparison.diff.refusals,
      ...refuseUncreatable(comparison.probed.findings, target.catalog, titles),
    ].filter(isPlanned(comparison)),
    ...impact.refusals,
    ...attachments.refusals,
    ...impossible,
  ]
}

function undeterminedOf(
  { resolved, target }: PlanContext,
  { comparison, attachments }: ChangeSet,
  sourceCheck: SourceCheck | undefined,
  titles: ReadonlyMap<Key, string>,
): readonly Undetermined[] {
  return [
    ...resolved.undetermined,
    ...(sourceCheck?.undetermined ?? []),
    ...unknownOwnership(target.ledger),
    ...undeterminedFindings(comparison.probed.findings, titles),
    ...comparison.diff.undetermined,
    ...attachments.undetermined,
  ].filter(isPlanned(comparison))
}

function warningsOf(
  { resolved, warnings }: PlanContext,
  { comparison, impact, code }: ChangeSet,
  sourceCheck: SourceCheck | undefined,
): readonly Warning[] {
  return [
    ...resolved.warnings,
    ...warnings,
    ...(sourceCheck?.warnings ?? []),
    ...comparison.probed.warnings,
    ...warningsOfNotices(comparison.probed.notices),
    ...(comparison.selection ? selectionWarnings(comparison.selection, impact.changes) : []),
    ...comparison.diff.warnings,
    ...codeWarnings(code, comparison.probed.wanted, impact.changes),
    ...uniqueBy(impact.staleReads.map(warningOf), ({ message }) => message),
    ...outdatedWarnings(impact.outdated, impact.changes),
    ...exposedSecrets(impact.changes),
  ]
}
