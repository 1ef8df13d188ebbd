// Asks the query `skip_if_same` of a policy before a refresh. The same answer as at the last refresh means that there is nothing to do.

import { createHash } from 'node:crypto'
import { type Key, relationKey } from '../core/object.ts'
import { fragment, ident, sql, trusted } from '../core/sql.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { type RecordedAnswer, readAnswers } from '../ledger/answers.ts'
import { MemberFailure } from './failure.ts'
import { loadSettings } from './load.ts'
import type { Copy, RefreshTransaction } from './strategies/strategy.ts'

/** A copy whose policy may have such a query. */
export interface AskedCopy {
  readonly copy: Copy
  readonly policy: { readonly skipIfSame?: string }
}

export interface Answers {
  /** Of the copies whose policy has such a query, to be recorded with their refresh. */
  readonly byCopy: ReadonlyMap<Key, string>
  /** Set if none of the copies needs a refresh: how long ago the oldest of their refreshes began. */
  readonly sameForMilliseconds: number | undefined
}

/**
 * Asks in the transaction of the refresh, as the owner of the copy: so the answer is of the same snapshot of the source as the data.
 * It leaves the settings of a load.
 */
export async function askIfSame(transaction: RefreshTransaction, copies: readonly AskedCopy[]): Promise<Answers> {
  const answers = new Map<Key, string>()
  for (const { copy, policy } of copies) {
    if (policy.skipIfSame !== undefined) answers.set(copy.key, await ask(transaction, copy, policy.skipIfSame))
  }
  if (answers.size === 0) return { byCopy: answers, sameForMilliseconds: undefined }
  const { session, searchPath } = transaction
  await session.run(readingPath)
  const recorded = await readAnswers(session, [...answers.keys()])
  await session.run(loadSettings(searchPath))
  const ages = copies.map(({ copy }) =>
    copy.facts.isPopulated ? ageIfSame(recorded.get(copy.key), answers.get(copy.key)) : undefined,
  )
  const known = ages.filter((age) => age !== undefined)
  return { byCopy: answers, sameForMilliseconds: known.length === copies.length ? Math.max(...known) : undefined }
}

function ageIfSame(recorded: RecordedAnswer | undefined, answer: string | undefined): number | undefined {
  return recorded !== undefined && recorded.answer === answer ? recorded.millisecondsAgo : undefined
}

async function ask(
  { session, pid, sources, sourcesOf, searchPath }: RefreshTransaction,
  { id, key, facts }: Copy,
  query: string,
): Promise<string> {
  const probes = sourcesOf.get(relationKey(id.schema, id.name)) ?? []
  const role = facts.isOwnerAvailable ? sql`SET LOCAL ROLE ${ident(facts.owner)}; ` : sql``
  try {
    const [row] = await sources.load(session, pid, probes, () =>
      // The text of a row does not depend on the settings of a role. Rows come in any order.
      session.query<{ answer: string | null }>(sql`${role}${manifestPath(searchPath)};
        SELECT pg_catalog.array_agg(answer::pg_catalog.text ORDER BY answer::pg_catalog.text)::pg_catalog.text AS answer
          FROM (${fragment(query)}) AS answer`),
    )
    await session.run(trusted('RESET ROLE'))
    return createHash('sha256')
      .update(JSON.stringify([query, row?.answer]))
      .digest('hex')
  } catch (error) {
    throw new MemberFailure(key, error)
  }
}
