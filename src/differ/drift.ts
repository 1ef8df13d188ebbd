// A plan reduced to its drift.

import type { Plan, PlannedChange } from '../core/plan.ts'
import type { Ledger } from '../ledger/read.ts'

/**
 * The plan without what is known to come from the manifest or from a source: what was changed outside of fdwsync, or may have
 * been. To look at only, since its steps may need others that are left out.
 */
export function onlyDrift(plan: Plan, ledger: Ledger): Plan {
  const drifted = plan.changes.flatMap((planned) => driftOf(planned, ledger))
  const shown = new Set(drifted.map(({ title }) => title))
  const caused = plan.changes.filter(
    ({ cause, because }) => cause === 'dependency' && because.some((title) => shown.has(title)),
  )
  const changes = [...drifted, ...caused]
  const keys = new Set(changes.map(({ change }) => change.key))
  const leftOut = plan.changes.filter(({ change }) => !keys.has(change.key))
  const leftOutKeys = new Set(leftOut.map(({ change }) => change.key))
  return {
    ...plan,
    changes,
    steps: plan.steps.filter(({ key }) => keys.has(key)),
    refusals: plan.refusals.filter(({ key }) => !leftOutKeys.has(key)),
    leftOut: leftOut.filter(({ change }) => change.op !== 'adopt' && change.op !== 'release').length,
  }
}

function driftOf(planned: PlannedChange, ledger: Ledger): readonly PlannedChange[] {
  const { change, cause, causes = [] } = planned
  if (!ledger.entries.has(change.key)) return []
  if (change.op === 'create') return cause === 'drift' || causes.includes('drift') ? [planned] : []
  if (change.op !== 'alter' && change.op !== 'replace') return []
  const fields = change.fields.filter(
    ({ cause }) => cause !== 'manifest' && cause !== 'source' && cause !== 'dependency',
  )
  if (fields.length === 0) return []
  const isReplaced = change.op === 'replace' && fields.some(({ effect }) => effect.how === 'replace')
  const { key, from, to } = change
  // The hazards of the whole change may come from the fields that are left out.
  const hazards = fields.length === change.fields.length ? planned.hazards : []
  return [{ ...planned, hazards, change: isReplaced ? { ...change, fields } : { op: 'alter', key, from, to, fields } }]
}
