// Asks the query `skip_if_same` of a policy before a refresh. The same answer as at the last refresh means that there is nothing to do,
// unless another role has changed the data of the copy since.

import { createHash } from 'node:crypto'
import type { Key } from '../core/object.ts'
import { fragment, type Sql, sql } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { callAsOwner } from '../kinds/table/as-owner.ts'
import { findSame } from '../ledger/answers.ts'
import { QuestionFailure } from './failure.ts'
import { loadSettings } from './load-settings.ts'
import { sourcesRead } from './read-sources.ts'
import type { Copy, RefreshTransaction } from './strategies/strategy.ts'

/** A copy whose policy may have such a query. */
export interface AskedCopy {
  readonly copy: Copy
  readonly policy: { readonly skipIfSame?: string }
}

export interface Answers {
  /** The answers for copies whose policy has such a query, to be recorded with their refresh. */
  readonly byCopy: ReadonlyMap<Key, string>
  /** How long ago the oldest of their refreshes began, if none of the copies needs a refresh; otherwise undefined. */
  readonly sameForMilliseconds: number | undefined
}

/**
 * Asks in the transaction of the refresh, as the owner of the copy, so that the answer comes from the same snapshot of the source
 * as the data. Afterwards the settings of a load are in effect.
 */
export async function askIfSame(transaction: RefreshTransaction, copies: readonly AskedCopy[]): Promise<Answers> {
  const answers = new Map<Key, string>()
  for (const { copy, policy } of copies) {
    if (policy.skipIfSame !== undefined) answers.set(copy.key, await ask(transaction, copy, policy.skipIfSame))
  }
  if (answers.size === 0) return { byCopy: answers, sameForMilliseconds: undefined }
  const { session, searchPath } = transaction
  await session.run(readingPath)
  const same = await findSame(session, answers)
  await session.run(loadSettings(searchPath))
  const known = copies.flatMap(({ copy }) => (hasRows(copy) ? (same.get(copy.key) ?? []) : []))
  return { byCopy: answers, sameForMilliseconds: known.length === copies.length ? Math.max(...known) : undefined }
}

/** An unlogged table is empty after a crash. */
function hasRows({ id, facts }: Copy): boolean {
  return facts.isPopulated && (id.kind !== 'table' || facts.bytes > 0)
}

async function ask(transaction: RefreshTransaction, copy: Copy, query: string): Promise<string> {
  const { session, pid, sources, sourcesOf, searchPath } = transaction
  const probes = sourcesRead(sourcesOf, copy.id)
  // Texts of rows do not depend on the settings of a role. They are sorted, since rows come in any order. `.*` is needed because a
  // column can have the name of the row.
  const question = sql`SELECT pg_catalog.array_agg((answer.*)::pg_catalog.text ORDER BY (answer.*)::pg_catalog.text)::pg_catalog.text AS answer
          FROM (${fragment(query)}) AS answer`
  try {
    const answer = await sources.load(session, pid, probes, async () => {
      const path = manifestPath(searchPath)
      if (copy.facts.isOwnerAvailable) return answerOfOwner(session, copy.facts.owner, { path, question })
      const [row] = await session.query<{ answer: string | null }>(sql`${path}; ${question}`)
      return row?.answer
    })
    return createHash('sha256')
      .update(JSON.stringify([query, answer]))
      .digest('hex')
  } catch (error) {
    throw session.isLost() || transaction.signal.aborted ? error : new QuestionFailure(copy.key, error)
  }
}

/** Functions that the query calls run with the rights of the owner, and cannot get back those of the role that refreshes. */
async function answerOfOwner(
  session: Session,
  owner: string,
  { path, question }: { readonly path: Sql; readonly question: Sql },
): Promise<string | null> {
  const body = sql`DECLARE answer pg_catalog.text; BEGIN answer := (${question}); RETURN pg_catalog.to_jsonb(answer); END`
  const { call, after } = callAsOwner(owner, body)
  const [row] = await session.query<{ result: string | null }>(sql`${path}; ${call}`)
  await session.run(after)
  return row?.result ?? null
}
