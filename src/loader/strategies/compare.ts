// Compares digests of blocks of rows, which the source computes, with those of the table, and reads only the rows of blocks that differ. It
// sees inserts, updates and deletes, and needs a primary key, and a query that postgres_fdw has its source compute. Without
// that, it reads all rows, as merge does.

import { ident, number, type Sql, sql, trusted } from '../../core/sql.ts'
import { mergeBlock, type TableBlock } from '../../kinds/table/refresh/table-block.ts'
import { askSource, digestsOfBlocks, digestVariables, findDiffering, isInDiffering } from './ask-digests.ts'
import { type BlockSize, changedRows, chooseBlockSize, type NoBlocks } from './block-size.ts'
import { type Blocks, blocksOf } from './blocks.ts'
import type { DigestedColumn } from './digest.ts'
import { merge, mergeOutcome } from './merge.ts'
import { type BlockResult, fractionWritten, runTableBlocks } from './run-table-block.ts'
import type { CopyFacts, Strategy, StrategyOutcome, TableColumn } from './strategy.ts'
import {
  columnList,
  differs,
  namesOf,
  readRows,
  sameKey,
  sourceRows,
  type TableCopy,
  tableName,
  tableSqlOf,
} from './table-block.ts'

export const compare: Strategy = {
  name: 'compare',
  obstacle: merge.obstacle,
  run: (transaction, copies) =>
    runTableBlocks(transaction, copies, (copy) => {
      const digests = planDigests(copy.facts)
      if ('reason' in digests) {
        const instead = { strategy: 'merge', reason: digests.reason } as const
        return {
          block: mergeBlock(tableSqlOf(copy)),
          outcomeOf: (result) => ({ ...mergeOutcome(result), instead }),
        }
      }
      return {
        block: compareBlock(copy, digests),
        outcomeOf: (result) => compareOutcome(result, digests),
      }
    }),
}

/** Which columns are digested, and how many rows share a digest. */
export interface Digests {
  readonly digested: readonly DigestedColumn[]
  /** Columns that the source cannot digest: they are read as they are. */
  readonly beside: readonly string[]
  readonly size: BlockSize
}

/** Undecided is only whether the query is one that the source can compute: that shows when it is asked. */
export function planDigests(facts: CopyFacts): Digests | NoBlocks {
  const { table, state } = facts
  if (!table) throw new Error('only tables are compared')
  const key = digestedKey(facts)
  if ('reason' in key) return key
  const beside = table.columns.filter(({ digest }) => !digest)
  const ofKey = table.columns.filter(({ name }) => key.some((column) => column.name === name))
  const size = chooseBlockSize({
    count: table.rows,
    width: table.rows > 0 ? facts.bytes / table.rows : 0,
    widthBeside: beside.length === 0 ? 0 : widthOf([...beside, ...ofKey]),
    changed: state.changed,
  })
  return 'reason' in size
    ? size
    : { digested: digestedColumns(table.columns), beside: beside.map(({ name }) => name), size }
}

export function digestedKey({ table, state }: CopyFacts): readonly DigestedColumn[] | NoBlocks {
  if (!table) throw new Error('only tables have a key')
  const ofKey = table.columns.filter(({ name }) => table.key.some((column) => column.name === name))
  const undigested = ofKey.find(({ digest }) => !digest)
  if (undigested)
    return {
      reason: `its source cannot digest the type ${undigested.type} of the key column ${ident(undigested.name)}`,
    }
  if (state.unlikeDigests) return { reason: 'its source has other digests of equal rows' }
  return digestedColumns(ofKey)
}

function digestedColumns(columns: readonly TableColumn[]): readonly DigestedColumn[] {
  return columns.flatMap(({ name, digest }) => (digest ? [{ name, method: digest }] : []))
}

/** What a value takes if no statistics show it. */
const assumedWidth = 16

function widthOf(columns: readonly TableColumn[]): number {
  return columns.reduce((sum, { width }) => sum + (width ?? assumedWidth), 0)
}

/**
 * Compares by digests, or reads all rows if the source cannot compute them. Large blocks take the least where they are equal. Where many of them
 * differ, so that reading them would take more than further digests, small blocks within them are compared.
 */
export function compareBlock(copy: TableCopy, { digested, beside, size }: Digests): TableBlock {
  const { large } = size
  const blocks = blocksOf(copy, digested)
  const isDiffering = (from: Sql) => isInDiffering(blocks, from)
  const isInLarge = (from: Sql) =>
    sql`(fdwsync.large IS NULL OR ${blocks.of(from, sql`fdwsync.large_span`)} = ANY (fdwsync.large) AND ${blocks.isWithin(from)})`
  const digestsOf = (relation: Sql, from: Sql) =>
    digestsOfBlocks(
      blocks,
      digested,
      sql`${relation} AS ${from}${large ? sql` WHERE ${isInLarge(from)}` : sql``}`,
      from,
    )
  const [q, t] = [sql`q`, sql`t`]
  return {
    declare: [digestVariables, variables],
    read: [
      blocks.setSpan((large ?? size).rows),
      sql`LOOP
        ${askSource(digestsOf(sourceRows(copy), q))};
        EXIT WHEN undigested IS NOT NULL;
        ${findDiffering(digestsOf(sql`ONLY ${tableName(copy)}`, t))};
        fraction := fraction OPERATOR(pg_catalog.*) pg_catalog.cardinality(differ) OPERATOR(pg_catalog./) GREATEST(blocks, 1);
        EXIT WHEN differ IS NULL OR pg_catalog.array_position(differ, NULL) IS NOT NULL;
        ${blocks.setRange}
        EXIT WHEN ${large ? sql`large IS NOT NULL OR pg_catalog.cardinality(differ) OPERATOR(pg_catalog.<=) ${number(large.mostRead)}` : sql`true`};
        large := differ;
        large_span := span;
        ${blocks.setSpan(size.rows)};
      END LOOP`,
      ...(beside.length > 0 ? readBeside(copy, beside, blocks) : []),
      sql`EXIT reading WHEN undigested IS NULL AND differ IS NULL`,
      // A block without a number has rows whose key has a null.
      sql`everything := undigested IS NOT NULL OR pg_catalog.array_position(differ, NULL) IS NOT NULL OR fraction OPERATOR(pg_catalog.>) 0.8`,
      sql`IF everything THEN ${readRows(copy)};
        ELSE ${readRows(copy, sql` WHERE ${isDiffering(q)}`)}; END IF`,
    ],
    gone: sql`fdwsync.everything OR ${isDiffering(t)}`,
    isWhole: true,
    result: [
      ['why', sql`fdwsync.undigested`],
      ['differ', sql`COALESCE(pg_catalog.cardinality(fdwsync.differ), 0)`],
      ['fraction', sql`COALESCE(fdwsync.fraction, 0)`],
      ['refined', sql`fdwsync.large IS NOT NULL`],
    ],
  }
}
const variables = trusted(`large_span bigint;
  large bigint[];
  fraction pg_catalog.float8 := 1;
  everything boolean;
  `)

/** Adds the blocks of rows that differ in columns which the source cannot digest. */
function readBeside(copy: TableCopy, beside: readonly string[], blocks: Blocks): readonly Sql[] {
  const { table } = copy
  const [q, t, f] = [sql`q`, sql`t`, sql`f`]
  const columns = columnList([...namesOf(table.key), ...beside], q)
  const read = sql`CREATE TEMPORARY TABLE fdwsync_beside AS SELECT ${columns} FROM ${sourceRows(copy)} AS q;
      differ := pg_catalog.array_cat(differ, (SELECT pg_catalog.array_agg(DISTINCT ${blocks.of(t, sql`fdwsync.span`)})
        FROM ONLY ${tableName(copy)} AS t JOIN pg_temp.fdwsync_beside AS f ON ${sameKey(table, t, f)} WHERE ${differs(beside, t, f)}));
      DROP TABLE pg_temp.fdwsync_beside;
      ${blocks.setRange}`
  return [sql`IF undigested IS NULL THEN ${read} END IF`]
}

export function compareOutcome(result: BlockResult, { size }: Digests): StrategyOutcome {
  const { why, differ, fraction, refined } = result as BlockResult & ComparedBlocks // as compareBlock returns them
  if (why !== null) return { ...mergeOutcome(result), instead: { strategy: 'merge', reason: why } }
  const written = result.inserted + result.updated + result.deleted
  // In every block that differs at least one row does.
  const areUnlike = written * 2 < differ
  const rows = (refined ? size : (size.large ?? size)).rows
  const changed = fraction < 1 ? changedRows(fraction, rows) : fractionWritten(result)
  return { state: { compared: 'all', changed, ...(areUnlike && { unlikeDigests: true }) } }
}

interface ComparedBlocks {
  readonly why: string | null
  readonly differ: number
  /** The fraction of blocks that differ, of all. */
  readonly fraction: number
  /** Whether small blocks within large ones were compared. */
  readonly refined: boolean
}
