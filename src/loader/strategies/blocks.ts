// How the rows of a table are put into blocks that share a digest: by ranges of an integer key, so that neighbours are in one block, or by a hash of
// the key. Pure. Numbers of blocks depend on a span, which is a variable of the PL/pgSQL block of compare.ts; `first` and `last` are others.

import { ident, type Sql, sql, trusted } from '../../core/sql.ts'
import { type DigestedColumn, rowDigest } from './digest.ts'
import { type TableCopy, tableName } from './table-block.ts'

export interface Blocks {
  /** The number of the block of a row, given the alias of its relation. */
  of(from: Sql, span: Sql): Sql
  /** A statement that sets `span`, so that about as many rows are in a block. */
  setSpan(rows: number): Sql
  /** A statement that sets what `isWithin` uses, from `differ`, the numbers of blocks. */
  readonly setRange: Sql
  /** A further condition on rows of those blocks, by which an index can find them. */
  isWithin(from: Sql): Sql
}

export function blocksOf(copy: TableCopy, digested: readonly DigestedColumn[]): Blocks {
  const ofKey = digested.filter(({ name }) => copy.table.key.some((column) => column.name === name))
  const [first] = ofKey
  const type = copy.table.columns.find(({ name }) => name === first?.name)?.type ?? ''
  return first && ofKey.length === 1 && integers.includes(type) ? ranges(copy, first.name) : hashes(copy, ofKey)
}

const integers: readonly string[] = ['smallint', 'integer', 'bigint']

function hashes({ table }: TableCopy, key: readonly DigestedColumn[]): Blocks {
  const bitsFor = (rows: number) => Math.max(Math.ceil(Math.log2(Math.max(table.rows, 1) / rows)), 0)
  return {
    of: (from, span) => sql`(${rowDigest(key, from)} OPERATOR(pg_catalog.&) ${span})`,
    setSpan: (rows) => sql`span := ${trusted(String(2 ** bitsFor(rows) - 1))}`,
    setRange: sql``,
    isWithin: () => sql`true`,
  }
}

const lowest = trusted("'-9223372036854775808'")
const highest = trusted("'9223372036854775807'")

const plus = trusted('OPERATOR(pg_catalog.+)')
const minus = trusted('OPERATOR(pg_catalog.-)')
const times = trusted('OPERATOR(pg_catalog.*)')

function numeric(value: Sql): Sql {
  return sql`CAST(${value} AS pg_catalog.numeric)`
}

/** Integers are divided by the span, which is as large as if the keys had no more gaps in one place than in another. */
function ranges(copy: TableCopy, column: string): Blocks {
  const key = ident(column)
  const share = (rows: number) => numeric(trusted(String(rows / Math.max(copy.table.rows, 1))))
  const clamped = (value: Sql) => sql`GREATEST(${numeric(lowest)}, LEAST(${numeric(highest)}, ${value}))`
  const width = sql`(${numeric(sql`pg_catalog.max(${key})`)} ${minus} ${numeric(sql`pg_catalog.min(${key})`)})`
  const [first, last, span, one] = [numeric(sql`first`), numeric(sql`last`), numeric(sql`span`), numeric(sql`1`)]
  return {
    of: (from, by) => sql`(${from}.${key} OPERATOR(pg_catalog./) ${by})`,
    setSpan: (
      rows,
    ) => sql`span := (SELECT COALESCE(GREATEST(${one}, ${clamped(sql`pg_catalog.trunc(${width} ${times} ${share(rows)})`)}), ${one})
        FROM ONLY ${tableName(copy)})`,
    // A block lies between the multiples of the span around it; division is towards zero.
    setRange: sql`SELECT pg_catalog.min(block), pg_catalog.max(block) INTO first, last FROM pg_catalog.unnest(differ) AS block;
        first := ${clamped(sql`(${first} ${minus} ${one}) ${times} ${span}`)};
        last := ${clamped(sql`(${last} ${plus} ${one}) ${times} ${span}`)};`,
    isWithin: (from) =>
      sql`${from}.${key} OPERATOR(pg_catalog.>=) fdwsync.first AND ${from}.${key} OPERATOR(pg_catalog.<=) fdwsync.last`,
  }
}
