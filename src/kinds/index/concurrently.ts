// Which indexes allow REFRESH CONCURRENTLY.

import { type DbObject, type Key, keyOf } from '../../core/object.ts'
import type { IndexSpec } from './spec.ts'

/** The copy that can be refreshed with CONCURRENTLY because of an index. */
export function refreshedConcurrently({ id, spec }: Pick<DbObject, 'id' | 'spec'>): Key | undefined {
  if (id.kind !== 'index') return undefined
  const { on, unique, where, columns } = spec as IndexSpec // of the kind of the id
  const isUsable = unique && where === null && columns.every(({ expression }) => expression == null)
  return isUsable ? keyOf(on) : undefined
}
