// The last line of a plan. It claims "nothing to change" only if that is known of every object.

import { countsOf } from '../../core/counts.ts'
import type { Plan } from '../../core/plan.ts'
import type { PlanOptions } from '../format.ts'
import { plannedParts } from './counts.ts'
import { counted } from './layout.ts'
import { undeterminedOnly } from './notices.ts'

export function summaryOf(plan: Plan, { command }: PlanOptions): string {
  if (command === 'destroy' && plan.changes.length === 0)
    return 'Nothing to destroy: the manifest owns nothing in this database.'
  return withSource(plan.leftOut === undefined ? changesSummary(plan) : driftSummary(plan, plan.leftOut), plan)
}

function changesSummary(plan: Plan): string {
  const counts = countsOf(plan)
  const { create, alter, replace, drop, adopt, release } = counts
  const undetermined = undeterminedText(plan)
  if (create + alter + replace + drop === 0 && plan.refusals.length === 0) {
    const known = plan.unchanged + adopt
    const asDeclared = `${counted(known, 'object')} as declared`
    if (undetermined !== '') return `${asDeclared} · ${undetermined}, so there may be changes`
    if (known === 0 && release > 0) return `Nothing to change: ${counted(release, 'object')} to release.`
    const note = adopt + release > 0 ? ` ${counted(adopt + release, 'object')} to record in the ledger.` : ''
    return `Nothing to change: ${asDeclared}.${note}`
  }
  const refused = plan.refusals.length > 0 ? 'This plan cannot be applied; see the refusals.' : ''
  return join([...plannedParts(counts), undetermined, refused])
}

/** What can be done about drift. */
export const restoring = 'fdwsync apply restores what is declared'

function driftSummary(plan: Plan, leftOut: number): string {
  const drifted = plan.changes.length
  return join([
    drifted === 0
      ? 'Nothing was altered outside fdwsync'
      : `${counted(drifted, 'object')} altered outside fdwsync, or for an unknown reason`,
    drifted === 0 ? '' : restoring,
    undeterminedText(plan),
    leftOut > 0 ? `${counted(leftOut, 'other change')} not shown` : '',
  ])
}

function undeterminedText(plan: Plan): string {
  const { length } = undeterminedOnly(plan)
  return length > 0 ? `${counted(length, 'object')} undetermined` : ''
}

function withSource(summary: string, { source }: Plan): string {
  const differing = new Set(source?.findings.map(({ key }) => key)).size
  if (differing === 0) return summary
  const verb = differing === 1 ? 'differs' : 'differ'
  return `${summary.replace(/\.$/, '')} · ${counted(differing, 'foreign table')} ${verb} from the source`
}

function join(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ')
}
