// What allows a hazard, in words.

import { type Hazard, mustBeAllowed } from '../../core/plan.ts'
import { oneLine } from '../../core/printable.ts'
import { listed } from './objects.ts'

/** Empty for a hazard that is only announced. */
export function permissionText(hazard: Hazard): string {
  const { name, policy, approvers = [] } = hazard
  if (policy === 'never') return `never allowed by the policy (${name})`
  if (policy === 'allowed') return `allowed by the policy (${name})`
  if (!mustBeAllowed(hazard)) return ''
  const approved = approvers.length === 0 ? '' : `, or --auto-approve as ${listed(approvers.map(oneLine))}`
  return `needs --allow ${name}${approved}`
}
