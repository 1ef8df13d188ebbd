// How the rows of a table are put into blocks that share a digest: by ranges of an integer key, so that neighbours are in one block, or by a hash of
// the key. Pure. What is used here are variables of the PL/pgSQL block of compare.ts: `span`, and `first` and `last`.

import { ident, type Sql, sql, trusted } from '../../core/sql.ts'
import { type DigestedColumn, rowDigest } from './digest.ts'
import { type TableCopy, tableName } from './table-block.ts'

export interface Blocks {
  /** The number of the block of a row, given the alias of its relation. */
  of(from: Sql): Sql
  /** A statement that sets `span`. */
  readonly setSpan: Sql
  /** Statements that set what `range` uses. */
  readonly setRange: Sql
  /** A further condition on rows of the blocks that differ, by which an index can find them. */
  range(from: Sql): Sql
}

export function blocksOf(
  copy: TableCopy,
  { digested, rowsPerBlock }: { readonly digested: readonly DigestedColumn[]; readonly rowsPerBlock: number },
): Blocks {
  const ofKey = digested.filter(({ name }) => copy.table.key.some((column) => column.name === name))
  const [first] = ofKey
  const type = copy.table.columns.find(({ name }) => name === first?.name)?.type ?? ''
  if (first && ofKey.length === 1 && integers.includes(type)) return ranges(copy, first.name, rowsPerBlock)
  return hashes(ofKey, Math.max(copy.table.rows, 1) / rowsPerBlock)
}

const integers: readonly string[] = ['smallint', 'integer', 'bigint']

function hashes(key: readonly DigestedColumn[], atLeast: number): Blocks {
  const bits = Math.max(Math.ceil(Math.log2(atLeast)), 0)
  return {
    of: (from) => sql`(${rowDigest(key, from)} OPERATOR(pg_catalog.&) fdwsync.span)`,
    setSpan: sql`span := ${trusted(String(2 ** bits - 1))}`,
    setRange: sql``,
    range: () => sql``,
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

/** Integers are divided by `span`, which is as large as if the keys had no more gaps in one place than in another. */
function ranges(copy: TableCopy, column: string, rowsPerBlock: number): Blocks {
  const key = ident(column)
  const share = numeric(trusted(String(rowsPerBlock / Math.max(copy.table.rows, 1))))
  const clamped = (value: Sql) => sql`GREATEST(${numeric(lowest)}, LEAST(${numeric(highest)}, ${value}))`
  const [first, last, span, one] = [numeric(sql`first`), numeric(sql`last`), numeric(sql`span`), numeric(sql`1`)]
  return {
    of: (from) => sql`(${from}.${key} OPERATOR(pg_catalog./) fdwsync.span)`,
    setSpan: sql`SELECT pg_catalog.min(${key}), pg_catalog.max(${key}) INTO first, last FROM ONLY ${tableName(copy)};
      span := COALESCE(GREATEST(${one}, ${clamped(sql`pg_catalog.trunc((${last} ${minus} ${first}) ${times} ${share})`)}), ${one})`,
    // A block lies between the multiples of the span around it; division is towards zero.
    setRange: sql`SELECT pg_catalog.min(block), pg_catalog.max(block) INTO first, last FROM pg_catalog.unnest(differ) AS block;
        first := ${clamped(sql`(${first} ${minus} ${one}) ${times} ${span}`)};
        last := ${clamped(sql`(${last} ${plus} ${one}) ${times} ${span}`)};`,
    range: (from) =>
      sql` AND ${from}.${key} OPERATOR(pg_catalog.>=) fdwsync.first AND ${from}.${key} OPERATOR(pg_catalog.<=) fdwsync.last`,
  }
}
