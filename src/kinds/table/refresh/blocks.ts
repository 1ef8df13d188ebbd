// Divides the rows of a table into blocks that share a digest: by ranges of an integer key, so that neighbours share a block, or by
// a hash of the key. Pure. The number of a block depends on `span`, a variable of the PL/pgSQL block, as are `first` and `last`.

import { number, type Sql, sql, trusted } from '../../../core/sql.ts'

export interface Blocks {
  /** The number of the block of a row, given the alias of its relation. */
  of(from: Sql, span: Sql): Sql
  /** The number of the block of `times` the size that contains a block. */
  larger(block: Sql, times: number): Sql
  /** A statement that sets `span`, so that a block has about that many rows. */
  setSpan(rows: number): Sql
  /** A statement that sets the variables of `isWithin` from `differ`, the numbers of blocks. */
  readonly setRange: Sql
  /** A statement that sets them to a small part of the rows, somewhere in the table; undefined if no index can find one. */
  readonly setSample: Sql | undefined
  /** A further condition on rows of those blocks, by which an index can find them. */
  isWithin(from: Sql): Sql
}

/** Blocks by the last bits of a hash of the key, as many as `span` has. */
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

/** A sample has this fraction of the rows: 1 / sampled. */
const sampled = 128
const somewhere = numeric(
  sql`pg_catalog.random() ${times} ${number(sampled - 1)} OPERATOR(pg_catalog./) ${number(sampled)}`,
)

function numeric(value: Sql): Sql {
  return sql`CAST(${value} AS pg_catalog.numeric)`
}

/**
 * Blocks by ranges of an integer key, which is divided by the span. The span assumes that the gaps between keys are spread evenly.
 * @param shareOf the fraction of the rows that a number of rows is
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
