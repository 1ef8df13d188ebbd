// Compares digests of blocks of rows, which the source computes, with those of the table, and reads only the rows of blocks that differ. It
// sees inserts, updates and deletes, and needs a primary key, and a query that postgres_fdw has its source compute. Without
// that, it reads all rows, as merge does.

import { ident, number, type Sql, sql, trusted } from '../../core/sql.ts'
import { mergeBlock, type TableBlock } from '../../kinds/table/refresh/table-block.ts'
import { type BlockSize, changedRows, chooseBlockSize, type NoBlocks } from './block-size.ts'
import { type Blocks, blocksOf } from './blocks.ts'
import { type DigestedColumn, rowDigest } from './digest.ts'
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
  const [digested, beside] = [digestedColumns(table.columns), table.columns.filter(({ digest }) => !digest)]
  const isOfKey = ({ name }: TableColumn) => table.key.some((column) => column.name === name)
  const key = beside.find(isOfKey)
  if (key) return { reason: `its source cannot digest the type ${key.type} of the key column ${ident(key.name)}` }
  if (state.unlikeDigests) return { reason: 'its source has other digests of equal rows' }
  const size = chooseBlockSize({
    count: table.rows,
    width: table.rows > 0 ? facts.bytes / table.rows : 0,
    widthBeside: beside.length === 0 ? 0 : widthOf([...beside, ...table.columns.filter(isOfKey)]),
    changed: state.changed,
  })
  return 'reason' in size ? size : { digested, beside: beside.map(({ name }) => name), size }
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
  const isDiffering = (from: Sql) =>
    sql`(${blocks.of(from, sql`fdwsync.span`)} = ANY (fdwsync.differ) AND ${blocks.isWithin(from)})`
  const isInLarge = (from: Sql) =>
    sql`(fdwsync.large IS NULL OR ${blocks.of(from, sql`fdwsync.large_span`)} = ANY (fdwsync.large) AND ${blocks.isWithin(from)})`
  const digestsOf = (relation: Sql, from: Sql) =>
    sql`SELECT ${blocks.of(from, sql`fdwsync.span`)} AS block, pg_catalog.bit_xor(${rowDigest(digested, from)}) AS digest
      FROM ${relation} AS ${from}${large ? sql` WHERE ${isInLarge(from)}` : sql``} GROUP BY 1`
  const [q, t] = [sql`q`, sql`t`]
  return {
    declare: declarations,
    read: [
      blocks.setSpan((large ?? size).rows),
      sql`LOOP
        ${askSource(digestsOf(sourceRows(copy), q))};
        EXIT WHEN why IS NOT NULL;
        ${findDiffering(digestsOf(sql`ONLY ${tableName(copy)}`, t))};
        DROP TABLE ${digestsTable};
        fraction := fraction OPERATOR(pg_catalog.*) pg_catalog.cardinality(differ) OPERATOR(pg_catalog./) GREATEST(blocks, 1);
        EXIT WHEN differ IS NULL OR pg_catalog.array_position(differ, NULL) IS NOT NULL;
        ${blocks.setRange}
        EXIT WHEN ${large ? sql`large IS NOT NULL OR pg_catalog.cardinality(differ) OPERATOR(pg_catalog.<=) ${number(large.mostRead)}` : sql`true`};
        large := differ;
        large_span := span;
        ${blocks.setSpan(size.rows)};
      END LOOP`,
      ...(beside.length > 0 ? readBeside(copy, beside, blocks) : []),
      sql`EXIT reading WHEN why IS NULL AND differ IS NULL`,
      // A block without a number has rows whose key has a null.
      sql`everything := why IS NOT NULL OR pg_catalog.array_position(differ, NULL) IS NOT NULL OR fraction OPERATOR(pg_catalog.>) 0.8`,
      sql`IF everything THEN ${readRows(copy)};
        ELSE ${readRows(copy, sql` WHERE ${isDiffering(q)}`)}; END IF`,
    ],
    gone: sql`fdwsync.everything OR ${isDiffering(t)}`,
    isWhole: true,
    result: [
      ['why', sql`fdwsync.why`],
      ['differ', sql`COALESCE(pg_catalog.cardinality(fdwsync.differ), 0)`],
      ['fraction', sql`COALESCE(fdwsync.fraction, 0)`],
      ['refined', sql`fdwsync.large IS NOT NULL`],
    ],
  }
}
/** The source's digests. */
const digestsTable = trusted('pg_temp.fdwsync_digests')

const declarations = [
  sql`why text;
  plan json;
  span bigint;
  large_span bigint;
  large bigint[];
  blocks bigint;
  differ bigint[];
  fraction pg_catalog.float8 := 1;
  everything boolean;
  first bigint;
  last bigint;
  hashagg text := pg_catalog.current_setting('enable_hashagg');
  sort text := pg_catalog.current_setting('enable_sort');
  `,
]

function setGrouping(hashagg: Sql, sort: Sql): Sql {
  return sql`PERFORM pg_catalog.set_config('enable_hashagg', ${hashagg}, true), pg_catalog.set_config('enable_sort', ${sort}, true)`
}

/**
 * Has the source compute its digests, if EXPLAIN shows that it would. A column may have another type there than here, for which there is no such
 * function: that is an error of the source. Without the settings, PostgreSQL may find it cheaper to read the rows and to group them here.
 */
function askSource(digests: Sql): Sql {
  return sql`BEGIN
      ${setGrouping(sql`'off'`, sql`'off'`)};
      FOR plan IN EXPLAIN (VERBOSE, FORMAT JSON) ${digests} LOOP
        EXIT;
      END LOOP;
      IF pg_catalog.json_extract_path_text(plan, '0', 'Plan', 'Node Type') = 'Foreign Scan'
          AND pg_catalog.starts_with(pg_catalog.json_extract_path_text(plan, '0', 'Plan', 'Relations'), 'Aggregate on') THEN
        CREATE TEMPORARY TABLE fdwsync_digests AS ${digests};
        GET DIAGNOSTICS blocks = ROW_COUNT;
      ELSE
        why := 'its query is not one that a source can compute digests of';
      END IF;
      ${setGrouping(sql`hashagg`, sql`sort`)};
    EXCEPTION WHEN undefined_function OR ambiguous_function OR datatype_mismatch OR cannot_coerce OR indeterminate_collation THEN
      why := 'its source cannot compute digests: ' || SQLERRM;
    END`
}

/** The server expects as many blocks as there are rows, and would sort the rows. */
function findDiffering(digests: Sql): Sql {
  return sql`${setGrouping(sql`hashagg`, sql`'off'`)};
        SELECT pg_catalog.array_agg(COALESCE(s.block, l.block)) INTO differ
          FROM ${digestsTable} AS s FULL JOIN (${digests}) AS l ON s.block OPERATOR(pg_catalog.=) l.block
         WHERE (s.digest OPERATOR(pg_catalog.=) l.digest) IS NOT TRUE;
        ${setGrouping(sql`hashagg`, sql`sort`)}`
}

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
  return [sql`IF why IS NULL THEN ${read} END IF`]
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
