// Runs a statement for each copy, for the strategies that use PostgreSQL's REFRESH.

import type { Statement } from '../../core/sql.ts'
import { MemberFailure } from '../failure.ts'
import { sourcesRead } from '../read-sources.ts'
import type { Copy, RefreshTransaction, StrategyOutcomes } from './strategy.ts'

export async function refreshEach(
  { session, pid, sources, sourcesOf, signal }: RefreshTransaction,
  copies: readonly Copy[],
  statementFor: (id: Copy['id']) => Statement,
): Promise<StrategyOutcomes> {
  for (const { id, key } of copies) {
    try {
      const probes = sourcesRead(sourcesOf, id)
      await sources.load(session, pid, probes, () => session.execute(statementFor(id)))
    } catch (error) {
      // A lost connection or an interruption is not this copy's failure.
      throw session.isLost() || signal.aborted ? error : new MemberFailure(key, error)
    }
  }
  return new Map()
}
