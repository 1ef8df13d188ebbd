// Reads the rows whose watermark is as high as the highest one that was read before, and some below it. As often as is declared, it also
// compares which keys exist, or everything: rows that are gone, or that were committed later than their watermark shows, are found only
// by that.
//
// Rows without a watermark are read each time.

import { roughDuration } from '../../core/duration.ts'
import { fragment, ident, literal, type Sql, sql, trusted } from '../../core/sql.ts'
import type { FoundState, StrategyState } from '../../core/strategy-state.ts'
import type { Watermark } from '../../core/watermark.ts'
import { compareBlock, compareOutcome, planDigests } from './compare.ts'
import { merge, mergeBlock, mergeOutcome } from './merge.ts'
import { type BlockResult, runTableBlocks, type TableRun } from './run-table-block.ts'
import type { CopyToRefresh, Strategy } from './strategy.ts'
import { columnList, fresh, namesOf, readRows, sameKey, sourceRows, type TableCopy, tableName } from './table-block.ts'
import { type WatermarkColumn, watermarkColumn, watermarkMistake } from './watermark-column.ts'

export const watermark: Strategy = {
  name: 'watermark',
  obstacle(facts, policy) {
    return (
      merge.obstacle(facts, policy) ??
      (policy.watermark ? watermarkMistake(facts.table?.columns ?? [], policy.watermark) : 'it has no watermark')
    )
  },
  run: (transaction, copies) => runTableBlocks(transaction, copies, runOf),
}

/** What a refresh compares with the source, and why. */
export interface Scope {
  readonly compared: FoundState['compared']
  /** As a part of a sentence. */
  readonly reason: string
}

export function scopeOf(declared: Watermark, state: StrategyState): Scope {
  const { watermark: reached, keysMillisecondsAgo, allMillisecondsAgo } = state
  const { column, deletesMilliseconds, fullMilliseconds } = declared
  if (reached?.column !== column || allMillisecondsAgo === undefined)
    return { compared: 'all', reason: 'everything is compared, since no earlier watermark is recorded' }
  if (fullMilliseconds !== undefined && allMillisecondsAgo >= fullMilliseconds)
    return {
      compared: 'all',
      reason: `everything is compared, as the last time was ${roughDuration(allMillisecondsAgo)} ago`,
    }
  const since = `changes since ${column} ${reached.value}`
  return deletesMilliseconds !== undefined && (keysMillisecondsAgo ?? Number.POSITIVE_INFINITY) >= deletesMilliseconds
    ? { compared: 'keys', reason: `${since}, and keys, to find deleted rows` }
    : { compared: 'changes', reason: since }
}

function runOf(copy: TableCopy & CopyToRefresh): TableRun {
  const { watermark: declared } = copy.policy
  const type = copy.table.columns.find(({ name }) => name === declared?.column)?.type
  const column = type === undefined ? undefined : watermarkColumn(type)
  if (!declared || !column) throw new Error(`${copy.title} has no watermark`)
  const { compared, reason } = scopeOf(declared, copy.facts.state)
  const reached = copy.facts.state.watermark
  const { block, outcomeOf } =
    compared === 'all' || reached === undefined
      ? compareAll(copy, { declared, column })
      : readChanges(copy, { declared, column, value: reached.value, compared })
  return {
    block,
    outcomeOf(result) {
      const { state, instead } = outcomeOf(result)
      const value = (result as BlockResult & { highest: string | null }).highest ?? undefined // as both blocks return it
      const found = value !== undefined && { watermark: { column: declared.column, value } }
      return {
        instead: instead ?? { strategy: 'watermark', reason },
        ...(state && { state: { ...state, ...found } }),
      }
    },
  }
}

interface Declared {
  readonly declared: Watermark
  readonly column: WatermarkColumn
}

/** By digests if the source can compute them. Then the table holds what the source does, the highest watermark included. */
function compareAll(copy: TableCopy & CopyToRefresh, { declared, column }: Declared): TableRun {
  const digests = planDigests(copy.facts)
  const isMerge = 'reason' in digests
  const block = isMerge ? mergeBlock(copy) : compareBlock(copy, digests)
  return {
    block: {
      ...block,
      declare: [...block.declare, declareHighest(column)],
      end: [highestIn(sql`ONLY ${tableName(copy)}`, declared, column)],
      result: [...block.result, highestResult(column)],
    },
    outcomeOf(result) {
      const { state } = isMerge ? mergeOutcome(result) : compareOutcome(result, digests)
      return state ? { state } : {}
    },
  }
}

/** Rows from a value on, and all keys if they are compared too. */
function readChanges(
  copy: TableCopy,
  { declared, column, value, compared }: Declared & { readonly value: string; readonly compared: 'changes' | 'keys' },
): TableRun {
  const of = sql`q.${ident(declared.column)}`
  const since = sql` WHERE (${of} OPERATOR(pg_catalog.>=) fdwsync.low OR ${of} IS NULL)`
  // Rows that the source has marked as deleted show which ones to delete here.
  const marked: TableCopy = { ...copy, policy: {} }
  const rows = sql`SELECT ${columnList(namesOf(copy.table.columns), sql`q`)} FROM ${sourceRows(marked)} AS q`
  const { deleted, gone } = findDeleted(copy, declared, compared)
  return {
    block: {
      declare: [
        declareHighest(column),
        sql`low ${column.type};\n  with_condition json;\n  without_condition json;\n  why text;\n  `,
      ],
      read: [
        sql`low := ${column.before(value, declared.overlap ?? column.overlap)}`,
        explain(sql`with_condition`, sql`${rows}${since}`),
        explain(sql`without_condition`, rows),
        sql`IF ${filtersIn(sql`with_condition`)} IS DISTINCT FROM ${filtersIn(sql`without_condition`)} THEN
          why := ${literal(`its source cannot select rows by ${ident(declared.column)}`)};
          ${readRows(copy)};
        ELSE ${readRows(marked, since)}; END IF`,
        highestIn(fresh, declared, column),
        sql`highest := GREATEST(highest, CAST(${literal(value)} AS ${column.type}))`,
        ...deleted,
      ],
      gone: sql`fdwsync.why IS NOT NULL OR ${gone}`,
      result: [['why', sql`fdwsync.why`], highestResult(column)],
    },
    outcomeOf(result) {
      const { why } = result as BlockResult & { why: string | null } // as above
      return why === null
        ? { state: { compared } }
        : { ...mergeOutcome(result), instead: { strategy: 'merge', reason: why } }
    },
  }
}

/** Which rows of the table are gone at the source, apart from those that were read, and the statements that find out. */
function findDeleted(copy: TableCopy, { soft }: Watermark, compared: 'changes' | 'keys') {
  const { table } = copy
  const key = namesOf(table.key)
  const [t, k, q, f] = [sql`t`, sql`k`, sql`q`, sql`f`]
  const keys = trusted('pg_temp.fdwsync_keys')
  const exists = (of: Sql) => sql`EXISTS (SELECT FROM ${keys} AS k WHERE ${sameKey(table, of, k)})`
  if (compared === 'keys') {
    const isKnown = sql`EXISTS (SELECT FROM ONLY ${tableName(copy)} AS t WHERE ${sameKey(table, t, k)})
      OR EXISTS (SELECT FROM ${fresh} AS f WHERE ${sameKey(table, f, k)})`
    return {
      deleted: [
        sql`CREATE TEMPORARY TABLE fdwsync_keys AS SELECT ${columnList(key, q)} FROM ${sourceRows(copy)} AS q`,
        sql`ANALYZE ${keys}`,
        // Rows that were committed later than their watermark shows.
        sql`IF EXISTS (SELECT FROM ${keys} AS k WHERE NOT (${isKnown})) THEN
          INSERT INTO ${fresh} SELECT ${columnList(namesOf(table.columns), q)} FROM ${sourceRows(copy)} AS q
            WHERE EXISTS (SELECT FROM ${keys} AS k WHERE ${sameKey(table, q, k)} AND NOT (${isKnown}));
        END IF`,
      ],
      gone: sql`NOT ${exists(t)}`,
    }
  }
  if (soft === undefined) return { deleted: [], gone: sql`false` }
  return {
    deleted: [
      sql`CREATE TEMPORARY TABLE fdwsync_keys AS SELECT ${columnList(key)} FROM ${fresh} WHERE ${fragment(soft)}`,
      sql`DELETE FROM ${fresh} WHERE ${fragment(soft)}`,
    ],
    gone: exists(t),
  }
}

function declareHighest({ type }: WatermarkColumn): Sql {
  return sql`highest ${type};\n  `
}

function highestIn(relation: Sql, { column: name }: Watermark, { counts }: WatermarkColumn): Sql {
  const value = sql`r.${ident(name)}`
  return sql`SELECT pg_catalog.max(${value}) INTO highest FROM ${relation} AS r WHERE ${counts(value)}`
}

function highestResult({ textOf }: WatermarkColumn) {
  return ['highest', textOf(sql`fdwsync.highest`)] as const
}

function explain(into: Sql, query: Sql): Sql {
  return sql`FOR ${into} IN EXPLAIN (VERBOSE, FORMAT JSON) ${query} LOOP EXIT; END LOOP`
}

/** The conditions that this server checks itself. */
function filtersIn(plan: Sql): Sql {
  return sql`pg_catalog.jsonb_path_query_array(CAST(${plan} AS pg_catalog.jsonb), '$.**.Filter')`
}
