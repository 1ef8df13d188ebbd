// Reads everything that the query of a table returns, and writes only the rows that differ. Readers never wait.

import { mergeBlock } from '../../kinds/table/refresh/table-block.ts'
import { type BlockResult, fractionWritten, runTableBlocks } from './run-table-block.ts'
import type { Strategy, StrategyOutcome } from './strategy.ts'
import { tableSqlOf } from './table-block.ts'

export const merge: Strategy = {
  obstacle({ table }) {
    if (table === undefined) return 'it is a materialized view'
    return table.key.length > 0 ? undefined : 'it has no primary key'
  },
  run: (transaction, copies) =>
    runTableBlocks(transaction, copies, (copy) => ({
      block: mergeBlock(tableSqlOf(copy)),
      outcomeOf: mergeOutcome,
    })),
}

export function mergeOutcome(result: BlockResult): StrategyOutcome {
  return { state: { compared: 'all', changed: fractionWritten(result) } }
}
