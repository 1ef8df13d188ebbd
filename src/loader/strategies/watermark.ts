// Reads the rows from the highest watermark that was read before, and some below it. As often as the policy declares, it also
// compares all keys, or everything: only that finds rows that are gone, or that were committed later than their watermark suggests.
// Rows whose watermark is NULL are read every time.

import { roughDuration } from '../../core/duration.ts'
import type { RefreshPolicy } from '../../core/refresh-policy.ts'
import { fragment, ident, literal, sql } from '../../core/sql.ts'
import type { FoundState, ReachedWatermark } from '../../core/strategy-state.ts'
import type { Watermark } from '../../core/watermark.ts'
import {
  changesBlock,
  type FindGone,
  findByKeys,
  findMarked,
  findNothing,
  withHighest,
} from '../../kinds/table/refresh/changes-block.ts'
import { mergeBlock } from '../../kinds/table/refresh/table-block.ts'
import type { WatermarkSql } from '../../kinds/table/refresh/table-sql.ts'
import { type WatermarkColumn, watermarkColumn, watermarkMistake } from '../../kinds/table/refresh/watermark-column.ts'
import { compareBlockOf, compareOutcome, digestedKey, planDigests } from './compare.ts'
import { findByKeyDigests } from './find-by-key-digests.ts'
import { merge, mergeOutcome } from './merge.ts'
import { type BlockResult, runTableBlocks, type TableRun } from './run-table-block.ts'
import type { CopyFacts, CopyToRefresh, Strategy } from './strategy.ts'
import { type TableCopy, tableSqlOf } from './table-block.ts'

export const watermark: Strategy = {
  obstacle(facts, policy) {
    return (
      merge.obstacle(facts, policy) ??
      (policy.watermark ? watermarkMistake(facts.table?.columns ?? [], policy.watermark) : 'it has no watermark')
    )
  },
  run: (transaction, copies) =>
    runTableBlocks(transaction, copies, (copy) => runOf(copy, transaction.openSeconds.get(copy.key))),
}

/** What a refresh compares with the source, and why. */
export interface Scope {
  readonly compared: FoundState['compared']
  /** Why, as part of a sentence. */
  readonly reason: string
}

export function scopeOf(declared: Watermark, { state, bytes }: Pick<CopyFacts, 'state' | 'bytes'>): Scope {
  const { watermark: reached, keysMillisecondsAgo, allMillisecondsAgo } = state
  const { column, soft, deletesMilliseconds, fullMilliseconds } = declared
  if (reached?.column !== column || reached.soft !== soft || allMillisecondsAgo === undefined)
    return { compared: 'all', reason: 'everything is compared, since no earlier watermark is recorded' }
  if (fullMilliseconds !== undefined && allMillisecondsAgo >= fullMilliseconds)
    return {
      compared: 'all',
      reason: `everything is compared, which was last done ${roughDuration(allMillisecondsAgo)} ago`,
    }
  const since =
    bytes === 0
      ? 'everything is read, since it is empty'
      : `changes since ${column} ${reached.value}${openText(reached.openSeconds)}`
  return deletesMilliseconds !== undefined && (keysMillisecondsAgo ?? Number.POSITIVE_INFINITY) >= deletesMilliseconds
    ? { compared: 'keys', reason: `${since}, and keys, to find deleted rows` }
    : { compared: 'changes', reason: since }
}

/** Transactions of a few milliseconds are nothing to report. */
function openText(seconds = 0): string {
  return seconds < 1 ? '' : `, less ${roughDuration(seconds * 1000)} for a transaction that was open then`
}

/** The column that is the declared watermark of a table; undefined if there is none that can be. */
export function watermarkColumnOf(
  { table }: Pick<CopyFacts, 'table'>,
  { watermark: declared }: Pick<RefreshPolicy, 'watermark'>,
): WatermarkColumn | undefined {
  const type = table?.columns.find(({ name }) => name === declared?.column)?.type
  return type === undefined ? undefined : watermarkColumn(type)
}

/** @param openSeconds the age of the oldest transaction at the source, for the next refresh */
function runOf(copy: TableCopy & CopyToRefresh, openSeconds: number | undefined): TableRun {
  const { watermark: declared } = copy.policy
  const column = watermarkColumnOf(copy.facts, copy.policy)
  if (!declared || !column) throw new Error(`${copy.title} has no watermark`)
  const { compared, reason } = scopeOf(declared, copy.facts)
  const sqlOf = watermarkSqlOf(declared, column, copy.facts.state.watermark)
  const { block, outcomeOf } = compared === 'all' ? compareAll(copy, sqlOf) : readChanges(copy, sqlOf, compared)
  return {
    block,
    outcomeOf(result) {
      const { state, instead } = outcomeOf(result)
      const value = (result as BlockResult & { highest: string | null }).highest ?? undefined // as both blocks return it
      const { column: name, soft } = declared
      const found = value !== undefined && {
        watermark: {
          column: name,
          value,
          ...(soft !== undefined && { soft }),
          ...(openSeconds !== undefined && { openSeconds }),
        },
      }
      return {
        instead: instead ?? { strategy: 'watermark', reason },
        ...(state && { state: { ...state, ...found } }),
      }
    },
  }
}

/** Compares everything, by digests if the source can compute them. Afterwards the highest watermark is that of the table. */
function compareAll(copy: TableCopy & CopyToRefresh, watermark: WatermarkSql): TableRun {
  const digests = planDigests(copy.facts)
  const isMerge = 'reason' in digests
  const table = tableSqlOf(copy)
  return {
    block: withHighest(table, watermark, isMerge ? mergeBlock(table) : compareBlockOf(copy, digests)),
    outcomeOf(result) {
      const { state } = isMerge ? mergeOutcome(result) : compareOutcome(result, digests)
      return state ? { state } : {}
    },
  }
}

/** Reads the rows from a value on, and all keys if they are compared, too. */
function readChanges(copy: TableCopy & CopyToRefresh, watermark: WatermarkSql, compared: 'changes' | 'keys'): TableRun {
  const table = tableSqlOf(copy)
  return {
    block: changesBlock(table, watermark, compared === 'keys' ? findByKeysOf(copy) : findMarkedOf(copy)),
    outcomeOf(result) {
      const { why } = result as BlockResult & { why: string | null } // as the block returns it
      return why === null
        ? { state: { compared } }
        : { ...mergeOutcome(result), instead: { strategy: 'merge', reason: why } }
    },
  }
}

function findByKeysOf(copy: TableCopy & CopyToRefresh): FindGone {
  const digested = digestedKey(copy.facts)
  return 'reason' in digested ? findByKeys(tableSqlOf(copy)) : findByKeyDigests(copy, digested)
}

function findMarkedOf(copy: TableCopy): FindGone {
  const soft = copy.policy.watermark?.soft
  return soft === undefined ? findNothing : findMarked(tableSqlOf(copy), fragment(soft))
}

/** @param last the watermark that was reached; undefined if there is none */
function watermarkSqlOf(
  { column: name, overlap, fullMilliseconds }: Watermark,
  column: WatermarkColumn,
  last: ReachedWatermark | undefined,
): WatermarkSql {
  const reached = last === undefined ? sql`NULL` : literal(last.value)
  const open = sql`CAST(${literal(String(last?.openSeconds ?? 0))} AS pg_catalog.float8)`
  return {
    column: ident(name),
    unselectable: literal(`its source cannot select rows by ${ident(name)}`),
    lost: fullMilliseconds === undefined ? sql`NULL` : literal(`its source has no ${ident(name)} as high as before`),
    type: column.type,
    counts: column.counts(sql`r.${ident(name)}`),
    lowest: column.lowest,
    low: column.before(reached, literal(overlap ?? column.overlap), open),
    reached: sql`CAST(${reached} AS ${column.type})`,
    highest: column.textOf(sql`fdwsync.highest`),
  }
}
