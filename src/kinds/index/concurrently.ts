// Which indexes allow REFRESH CONCURRENTLY.

import { type DbObject, type Key, keyOf } from '../../core/object.ts'
import { asKind } from '../specs.ts'

/** The copy that can be refreshed with CONCURRENTLY because of an index. */
export function refreshedConcurrently(object: Pick<DbObject, 'id' | 'spec'>): Key | undefined {
  const index = asKind(object, 'index')
  if (!index) return undefined
  const { on, unique, where, columns } = index.spec
  const isUsable = unique && where === null && columns.every(({ expression }) => expression == null)
  return isUsable ? keyOf(on) : undefined
}
