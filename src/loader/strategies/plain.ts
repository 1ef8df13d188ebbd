// REFRESH MATERIALIZED VIEW: the cheapest strategy. Readers wait until it has ended.

import { refreshStatement } from '../../kinds/materialized-view/materialized-view.ts'
import { refreshEach } from './refresh-each.ts'
import type { Strategy } from './strategy.ts'

export const plain: Strategy = {
  obstacle: ({ table }) => (table ? 'it is a table' : undefined),
  run: (transaction, copies) => refreshEach(transaction, copies, refreshStatement),
}
