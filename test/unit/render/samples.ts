// Plans and changes for the tests of what is rendered, built by hand.

import type { Change, FieldChange } from '../../../src/core/change.ts'
import { keyOf, type ObjectId } from '../../../src/core/object.ts'
import type { Plan, PlannedChange } from '../../../src/core/plan.ts'
import { titleOf } from '../../../src/kinds/registry.ts'

export const live = (id: ObjectId) => ({
  id,
  spec: {},
  needs: [],
  oid: 1,
  catalog: 'pg_class',
  digest: null,
  locked: false,
})
export const wanted = (id: ObjectId) => ({ id, spec: {}, needs: [], declared: {}, written: {} })
export const field = (
  name: string,
  from: string | undefined,
  to: string | undefined,
  how: 'replace' | 'populate' | 'alter' = 'alter',
): FieldChange => ({
  field: name,
  from,
  to,
  effect: how === 'alter' ? { how: 'clause', clause: [] } : { how },
})
export const planned = (change: Change, id: ObjectId, more: Partial<PlannedChange> = {}): PlannedChange => ({
  change,
  title: titleOf(id),
  summary: '',
  details: [],
  hazards: [],
  beside: false,
  cause: undefined,
  because: [],
  takenFrom: [],
  ...more,
})
export const alter = (id: ObjectId, fields: readonly FieldChange[], more?: Partial<PlannedChange>) =>
  planned({ op: 'alter', key: keyOf(id), from: live(id), to: wanted(id), fields }, id, more)
export const replace = (id: ObjectId, fields: readonly FieldChange[], more?: Partial<PlannedChange>) =>
  planned({ op: 'replace', key: keyOf(id), from: live(id), to: wanted(id), fields, how: 'beside' }, id, {
    beside: true,
    ...more,
  })
export const create = (id: ObjectId, more?: Partial<PlannedChange>) =>
  planned({ op: 'create', key: keyOf(id), to: wanted(id) }, id, more)
export const drop = (id: ObjectId, more?: Partial<PlannedChange>) =>
  planned({ op: 'drop', key: keyOf(id), from: live(id) }, id, more)

export const planWith = (more: Partial<Plan>): Plan => ({
  manifest: 'shop-mirror',
  searchPath: ['public'],
  database: { name: 'analytics', serverVersion: '17.10', user: 'etl' },
  fingerprint: 'f',
  changes: [],
  steps: [],
  refusals: [],
  undetermined: [],
  warnings: [],
  unchanged: 0,
  ...more,
})
