// What other roles gain or lose by a change of access that no manifest declares.

import type { Change } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import type { Hazard } from '../../core/plan.ts'
import { ident } from '../../core/sql.ts'
import { type Access, grantsUnder } from './access.ts'
import { type Grant, placeOf } from './grants.ts'
import type { ColumnRenames } from './renaming.ts'

/**
 * Access that other roles gain or lose without a declaration, for kinds whose specs have an {@link Access}.
 * @param renames columns that the change renames: they keep their grants
 */
export function accessHazards(change: Change, renames: ColumnRenames = new Map()): readonly Hazard[] {
  if (change.op !== 'create' && change.op !== 'alter' && change.op !== 'replace') return []
  const to = change.to.spec as Access // see above
  const from = change.op === 'create' ? undefined : (change.from.spec as Access) // see above
  const before = grantsUnder(from?.grants, renames) ?? []
  const places = new Set(before.map(placeOf))
  const owner = to.owner ?? from?.owner
  const wider = (to.grants ?? []).filter((grant) => !places.has(placeOf(grant)) && grant.role !== owner)
  return [
    ...(wider.length > 0 ? [{ name: 'widens-access', detail: `grants more to ${grantees(wider)}` } as const] : []),
    ...lostColumnGrants(grantsUnder((change.to.declared as Access).grants, renames) ?? [], to.grants ?? []),
  ]
}

/**
 * The grants on columns that are dropped. Undeclared grants were resolved to the live ones, but the wanted ones have none on such
 * columns.
 */
function lostColumnGrants(resolved: readonly Grant[], wanted: readonly Grant[]): readonly Hazard[] {
  const kept = new Set(wanted.map(placeOf))
  const lost = resolved.filter((grant) => grant.column !== null && !kept.has(placeOf(grant)))
  return Array.from(
    groupBy(lost, ({ column }) => column),
    ([column, grants]): Hazard => ({
      name: 'drops-dependents',
      detail: `drops what is granted on the dropped column ${ident(column ?? '')} to ${grantees(grants)}`,
    }),
  )
}

function grantees(grants: readonly Grant[]): string {
  return [...new Set(grants.map(({ role }) => role ?? 'PUBLIC'))].sort().join(', ')
}
