// How the rows of a table are put into blocks that share a digest: by ranges of an integer key, so that neighbours are in one block, or by a hash of
// the key. Pure. Numbers of blocks depend on a span, which is a variable of the PL/pgSQL block; `first` and `last` are others.

import { number, type Sql, sql, trusted } from '../../../core/sql.ts'

export interface Blocks {
  /** The number of the block of a row, given the alias of its relation. */
  of(from: Sql, span: Sql): Sql
  /** The number of the block that has so many times as many rows. */
  larger(block: Sql, times: number): Sql
  /** A statement that sets `span`, so that about as many rows are in a block. */
  setSpan(rows: number): Sql
  /** A statement that sets what `isWithin` uses, from `differ`, the numbers of blocks. */
  readonly setRange: Sql
  /** A statement that sets it to a small part of the rows, somewhere in the table; undefined if no index can find one. */
  readonly setSample: Sql | undefined
  /** A further condition on rows of those blocks, by which an index can find them. */
  isWithin(from: Sql): Sql
}

/** By a hash of the key, of which the last bits count: as many as `span` has. */
export function hashBlocks(keyDigest: (from: Sql) => Sql, spanOf: (rows: number) => Sql): Blocks {
  return {
    of: (from, span) => sql`(${keyDigest(from)} OPERATOR(pg_catalog.&) ${span})`,
    larger: (block, times) => sql`(${block} OPERATOR(pg_catalog.>>) ${number(Math.round(Math.log2(times)))})`,
    setSpan: (rows) => sql`span := ${spanOf(rows)}`,
    setRange: sql``,
    setSample: undefined,
    isWithin: () => sql`true`,
  }
}

const lowest = trusted("'-9223372036854775808'")
const highest = trusted("'9223372036854775807'")

const plus = trusted('OPERATOR(pg_catalog.+)')
const minus = trusted('OPERATOR(pg_catalog.-)')
const times = trusted('OPERATOR(pg_catalog.*)')

/** A sample has one of so many parts of the rows. */
const sampled = 128
const somewhere = numeric(
  sql`pg_catalog.random() ${times} ${number(sampled - 1)} OPERATOR(pg_catalog./) ${number(sampled)}`,
)

function numeric(value: Sql): Sql {
  return sql`CAST(${value} AS pg_catalog.numeric)`
}

/**
 * By ranges of an integer key, which is divided by the span. That is as large as if the keys had no more gaps in one place than in another.
 * @param shareOf what part of the rows so many are, as a number
 */
export function rangeBlocks(table: Sql, key: Sql, shareOf: (rows: number) => Sql): Blocks {
  const clamped = (value: Sql) => sql`GREATEST(${numeric(lowest)}, LEAST(${numeric(highest)}, ${value}))`
  const width = sql`(${numeric(sql`pg_catalog.max(${key})`)} ${minus} ${numeric(sql`pg_catalog.min(${key})`)})`
  const [first, last, span, one] = [numeric(sql`first`), numeric(sql`last`), numeric(sql`span`), numeric(sql`1`)]
  return {
    of: (from, by) => sql`(${from}.${key} OPERATOR(pg_catalog./) ${by})`,
    larger: (block, times) => sql`(${block} OPERATOR(pg_catalog./) ${number(times)})`,
    setSpan: (
      rows,
    ) => sql`span := (SELECT COALESCE(GREATEST(${one}, ${clamped(sql`pg_catalog.trunc(${width} ${times} ${numeric(shareOf(rows))})`)}), ${one})
        FROM ONLY ${table})`,
    // A block lies between the multiples of the span around it; division is towards zero.
    setRange: sql`SELECT pg_catalog.min(block), pg_catalog.max(block) INTO first, last FROM pg_catalog.unnest(differ) AS block;
        first := ${clamped(sql`(${first} ${minus} ${one}) ${times} ${span}`)};
        last := ${clamped(sql`(${last} ${plus} ${one}) ${times} ${span}`)};`,
    setSample: sql`SELECT begins, begins ${plus} pg_catalog.trunc(width OPERATOR(pg_catalog./) ${number(sampled)}) INTO first, last
        FROM (SELECT ${numeric(sql`pg_catalog.min(${key})`)} ${plus} pg_catalog.trunc(${width} ${times} ${somewhere}) AS begins, ${width} AS width
                FROM ONLY ${table}) AS sample`,
    isWithin: (from) =>
      sql`${from}.${key} OPERATOR(pg_catalog.>=) fdwsync.first AND ${from}.${key} OPERATOR(pg_catalog.<=) fdwsync.last`,
  }
}
