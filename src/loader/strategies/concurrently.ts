// REFRESH MATERIALIZED VIEW CONCURRENTLY: computes the new contents, and writes the rows that differ. Readers do not wait.

import { refreshConcurrentlyStatement } from '../../kinds/materialized-view/materialized-view.ts'
import { refreshEach } from './refresh-each.ts'
import type { Strategy } from './strategy.ts'

export const concurrently: Strategy = {
  obstacle({ isPopulated, hasUniqueIndex, lackedByOwner, table }) {
    if (table) return 'it is a table'
    if (!isPopulated) return 'it holds no data yet'
    return hasUniqueIndex ? lackedByOwner?.reason : 'it has no unique index on plain columns that covers all rows'
  },
  run: (transaction, copies) => refreshEach(transaction, copies, refreshConcurrentlyStatement),
}
