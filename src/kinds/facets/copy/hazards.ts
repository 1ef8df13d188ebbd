// What a change of a copy means for its data, its readers and its grants.

import type { Change } from '../../../core/change.ts'
import type { Hazard } from '../../../core/plan.ts'
import type { Access } from '../access.ts'
import { accessHazards } from '../access-hazards.ts'
import type { ColumnRenames } from '../renaming.ts'
import { renamesIn, type ViewQuery } from './query.ts'

/** The attributes in question. A kind sees only its own objects, so a change contains specs of this kind. */
interface Spec extends Access, ViewQuery {
  readonly populated: boolean
}

export function copyHazards(change: Change): readonly Hazard[] {
  if (change.op === 'drop') {
    const live = change.from.spec as Spec // see above
    if (!live.populated || change.renamedAsideFor) return []
    const detail = change.dropped === 'early' ? 'its data is lost, even if a later step fails' : 'its data is lost'
    return [{ name: 'drops-data', detail }]
  }
  const isUnmanaged = change.op === 'replace' && change.isUnmanaged
  return isUnmanaged ? [rebuiltUnmanaged] : accessHazards(change, renamesOf(change))
}

const rebuiltUnmanaged: Hazard = {
  name: 'rebuilds-dependents',
  detail: 'not declared here: rebuilt as it is, with its indexes, owner, grants and comments',
}

function renamesOf(change: Change): ColumnRenames {
  if (change.op !== 'alter' && change.op !== 'replace') return new Map()
  return renamesIn(change.from.spec as Spec, change.to.spec as Spec) // see above
}
