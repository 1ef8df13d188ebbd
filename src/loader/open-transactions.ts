// Before a refresh by watermark: how long transactions have been open at the sources of each table.

import type { Key } from '../core/object.ts'
import type { RefreshPolicy } from '../core/refresh-policy.ts'
import { qualified, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { sourceViewOf } from '../kinds/facets/copy/source-view.ts'
import { callAsOwner } from '../kinds/table/as-owner.ts'
import { openTransactions } from '../kinds/table/refresh/open-transactions.ts'
import { relationConstant } from '../kinds/table/refresh/table-sql.ts'
import { type Beginning, beginRefresh } from './begin-refresh.ts'
import { MemberFailure } from './failure.ts'
import { sourcesRead } from './read-sources.ts'
import type { Copy, RefreshTransaction } from './strategies/strategy.ts'
import { watermarkColumnOf } from './strategies/watermark.ts'

interface WatermarkedCopy {
  readonly copy: Copy
  readonly policy: RefreshPolicy
}

/**
 * The age of the oldest transaction in seconds, for each table whose watermark is a time and whose source shows any. This transaction ends
 * before that of the refresh begins: so one that is open at the source when the rows are read was open here already, or is younger.
 */
export async function readOpenSeconds(
  context: Pick<RefreshTransaction, 'sources' | 'sourcesOf' | 'signal'> & { readonly begin: Beginning },
  session: Session,
  byWatermark: readonly WatermarkedCopy[],
): Promise<ReadonlyMap<Key, number>> {
  const copies = byWatermark.flatMap(({ copy, policy }) =>
    watermarkColumnOf(copy.facts, policy)?.isTime ? [copy] : [],
  )
  const found = new Map<Key, number>()
  if (copies.length === 0) return found
  const { pid } = await beginRefresh(session, context.begin, copies)
  try {
    for (const { id, key, facts } of copies) {
      const view = sourceViewOf(id)
      const { call } = callAsOwner(facts.owner, openTransactions(relationConstant(qualified(view.schema, view.name))))
      const read = () => session.query<{ result: number | null }>(call)
      const [row] = await context.sources
        .load(session, pid, sourcesRead(context.sourcesOf, id), read)
        .catch((error) => {
          throw session.isLost() || context.signal.aborted ? error : new MemberFailure(key, error)
        })
      if (row?.result != null) found.set(key, row.result)
    }
    return found
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}
