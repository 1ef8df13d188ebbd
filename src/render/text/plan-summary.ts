// The last line of a plan. It claims "nothing to change" only if that is known of every object.

import type { Change } from '../../core/change.ts'
import type { Plan, Step } from '../../core/plan.ts'
import type { PlanOptions } from '../format.ts'
import { counted } from './layout.ts'

export function summaryOf(plan: Plan, { destroys }: PlanOptions): string {
  if (destroys && plan.changes.length === 0) return 'Nothing to destroy: the manifest owns nothing in this database.'
  return withSource(plan.leftOut === undefined ? changesSummary(plan) : driftSummary(plan, plan.leftOut), plan)
}

function changesSummary(plan: Plan): string {
  const count = (op: Change['op']) => plan.changes.filter(({ change }) => change.op === op).length
  const parts = (['create', 'alter', 'replace', 'drop'] as const).flatMap((op) =>
    count(op) > 0 ? [`${count(op)} to ${op}`] : [],
  )
  const undetermined = undeterminedText(plan)
  if (plan.refusals.length > 0)
    return join([...parts, undetermined, 'This plan cannot be applied; see the refusals above.'])
  const recorded = count('adopt') + count('release')
  if (parts.length === 0) {
    const known = counted(plan.unchanged + count('adopt'), 'object')
    if (undetermined !== '') return `${known} as declared · ${undetermined}, so there may be changes`
    const note = recorded > 0 ? ` ${counted(recorded, 'object')} to record in the ledger.` : ''
    return `Nothing to change: ${known} as declared.${note}`
  }
  const loads = plan.steps.reduce((sum, step) => sum + loadCount(step), 0)
  return join([
    parts.join(', '),
    recorded > 0 ? `${recorded} to record` : '',
    loads > 0 ? `loads ${counted(loads, 'view')} from the source` : '',
    undetermined,
  ])
}

function driftSummary(plan: Plan, leftOut: number): string {
  const drifted = plan.changes.length
  return join([
    drifted === 0
      ? 'Nothing was altered outside fdwsync'
      : `${counted(drifted, 'object')} altered outside fdwsync, or for an unknown reason`,
    undeterminedText(plan),
    leftOut > 0 ? `${counted(leftOut, 'other change')} not shown` : '',
  ])
}

function undeterminedText({ undetermined }: Plan): string {
  return undetermined.length > 0 ? `${counted(undetermined.length, 'object')} undetermined` : ''
}

function withSource(summary: string, { source }: Plan): string {
  const differing = new Set(source?.findings.map(({ key }) => key)).size
  if (differing === 0) return summary
  const verb = differing === 1 ? 'differs' : 'differ'
  return `${summary.replace(/\.$/, '')} · ${counted(differing, 'foreign table')} ${verb} from the source`
}

/** How many views a step loads. A replacement without load statements reads nothing, whatever hazards its kind has. */
function loadCount(step: Step): number {
  if (!step.hazards.some(({ name }) => name === 'reads-source')) return 0
  return step.action === 'replace' ? step.members.filter(({ load }) => load.length > 0).length : 1
}

function join(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ')
}
