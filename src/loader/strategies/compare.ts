// Compares digests of blocks of rows, which the source computes, with those of the table, and reads only the rows of blocks that differ. It
// sees inserts, updates and deletes, and needs a primary key, and a query that postgres_fdw has its source compute. Without
// that, it reads all rows, as merge does.

import { ident, join, type Sql, sql, trusted } from '../../core/sql.ts'
import { type BlockSize, changedRows, chooseBlockSize } from './block-size.ts'
import { blocksOf } from './blocks.ts'
import { type DigestedColumn, rowDigest } from './digest.ts'
import { merge, mergeBlock, mergeOutcome } from './merge.ts'
import { type BlockResult, fractionWritten, runTableBlocks } from './run-table-block.ts'
import type { CopyFacts, Strategy, StrategyOutcome, TableColumn } from './strategy.ts'
import {
  columnList,
  differs,
  namesOf,
  readRows,
  sameKey,
  sourceRows,
  type TableBlock,
  type TableCopy,
  tableName,
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
          block: mergeBlock(copy),
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
  readonly rowsPerBlock: number
}

/** Undecided is only whether the query is one that the source can compute: that shows when it is asked. */
export function planDigests(facts: CopyFacts): Digests | Extract<BlockSize, { reason: string }> {
  const { table, state } = facts
  if (!table) throw new Error('only tables are compared')
  const [digested, beside] = [digestedColumns(table.columns), table.columns.filter(({ digest }) => !digest)]
  const isOfKey = ({ name }: TableColumn) => table.key.some((column) => column.name === name)
  const key = beside.find(isOfKey)
  if (key) return { reason: `its source cannot digest the type ${key.type} of the key column ${ident(key.name)}` }
  if (state.unlikeDigests) return { reason: 'its source has other digests of equal rows' }
  const size = chooseBlockSize({
    width: table.rows > 0 ? facts.bytes / table.rows : 0,
    widthBeside: beside.length === 0 ? 0 : widthOf([...beside, ...table.columns.filter(isOfKey)]),
    changed: state.changed,
  })
  return 'reason' in size ? size : { digested, beside: beside.map(({ name }) => name), rowsPerBlock: size.rows }
}

function digestedColumns(columns: readonly TableColumn[]): readonly DigestedColumn[] {
  return columns.flatMap(({ name, digest }) => (digest ? [{ name, method: digest }] : []))
}

/** What a value takes if no statistics show it. */
const assumedWidth = 16

function widthOf(columns: readonly TableColumn[]): number {
  return columns.reduce((sum, { width }) => sum + (width ?? assumedWidth), 0)
}

/** Compares by digests, or reads all rows if the source cannot compute them. */
export function compareBlock(copy: TableCopy, digests: Digests): TableBlock {
  const { table } = copy
  const { digested, beside } = digests
  const blocks = blocksOf(copy, digests)
  const digestsOf = (
    relation: Sql,
    from: Sql,
  ) => sql`SELECT ${blocks.of(from)} AS block, pg_catalog.sum(${rowDigest(digested, from)}) AS digest
      FROM ${relation} AS ${from} GROUP BY 1`
  const [q, t, f] = [sql`q`, sql`t`, sql`f`]
  const isDiffering = (from: Sql) => sql`${blocks.of(from)} = ANY (fdwsync.differ)`
  const sourceDigests = digestsOf(sourceRows(copy), q)
  const findDiffering = sql`SELECT pg_catalog.array_agg(COALESCE(s.block, l.block)) INTO differ
      FROM ${digestsTable} AS s FULL JOIN (${digestsOf(sql`ONLY ${tableName(copy)}`, t)}) AS l ON s.block = l.block
     WHERE s.digest IS DISTINCT FROM l.digest`
  const readBeside = [
    sql`CREATE TEMPORARY TABLE fdwsync_beside AS SELECT ${columnList([...namesOf(table.key), ...beside], q)} FROM ${sourceRows(copy)} AS q`,
    sql`differ := pg_catalog.array_cat(differ, (SELECT pg_catalog.array_agg(DISTINCT ${blocks.of(t)})
      FROM ONLY ${tableName(copy)} AS t JOIN pg_temp.fdwsync_beside AS f ON ${sameKey(table, t, f)} WHERE ${differs(beside, t, f)}))`,
    sql`DROP TABLE pg_temp.fdwsync_beside`,
  ]
  return {
    declare: declarations,
    read: [
      blocks.setSpan,
      askSource(sourceDigests),
      sql`IF why IS NULL THEN
        ${join([findDiffering, sql`DROP TABLE ${digestsTable}`, ...(beside.length > 0 ? readBeside : []), sql``], ';\n')}
        EXIT reading WHEN differ IS NULL;
        ${blocks.setRange}
      END IF`,
      // A block without a number has rows whose key has a null.
      sql`everything := why IS NOT NULL OR pg_catalog.array_position(differ, NULL) IS NOT NULL
        OR CAST(pg_catalog.cardinality(differ) AS pg_catalog.float8) OPERATOR(pg_catalog.>) (CAST(blocks AS pg_catalog.float8) OPERATOR(pg_catalog.*) 0.8)`,
      sql`IF everything THEN ${readRows(copy)};
        ELSE ${readRows(copy, sql` WHERE ${isDiffering(q)}${blocks.range(q)}`)}; END IF`,
    ],
    gone: sql`fdwsync.everything OR ${isDiffering(t)}`,
    result: [
      ['why', sql`fdwsync.why`],
      ['blocks', sql`fdwsync.blocks`],
      ['differ', sql`COALESCE(pg_catalog.cardinality(fdwsync.differ), 0)`],
    ],
  }
}

/** The source's digests. */
const digestsTable = trusted('pg_temp.fdwsync_digests')

const declarations = [
  sql`why text;
  plan json;
  span bigint;
  blocks bigint;
  differ bigint[];
  everything boolean;
  first bigint;
  last bigint;
  hashagg text := pg_catalog.current_setting('enable_hashagg');
  sort text := pg_catalog.current_setting('enable_sort');
  `,
]

/**
 * Has the source compute its digests, if EXPLAIN shows that it would. A column may have another type there than here, for which there is no such
 * function: that is an error of the source. Without the settings, PostgreSQL may find it cheaper to read the rows and to group them here.
 */
function askSource(digests: Sql): Sql {
  const set = (hashagg: Sql, sort: Sql) =>
    sql`PERFORM pg_catalog.set_config('enable_hashagg', ${hashagg}, true), pg_catalog.set_config('enable_sort', ${sort}, true)`
  return sql`BEGIN
      ${set(sql`'off'`, sql`'off'`)};
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
      ${set(sql`hashagg`, sql`sort`)};
    EXCEPTION WHEN undefined_function OR ambiguous_function OR datatype_mismatch OR cannot_coerce OR indeterminate_collation THEN
      why := 'its source cannot compute digests: ' || SQLERRM;
    END`
}

export function compareOutcome(result: BlockResult, { rowsPerBlock }: Digests): StrategyOutcome {
  const { why, blocks, differ } = result as BlockResult & ComparedBlocks // as compareBlock returns them
  if (why !== null) return { ...mergeOutcome(result), instead: { strategy: 'merge', reason: why } }
  const written = result.inserted + result.updated + result.deleted
  // In every block that differs at least one row does.
  const areUnlike = written * 2 < differ
  const changed = differ < blocks ? changedRows({ count: blocks, differ, rows: rowsPerBlock }) : fractionWritten(result)
  return { state: { compared: 'all', changed, ...(areUnlike && { unlikeDigests: true }) } }
}

interface ComparedBlocks {
  readonly why: string | null
  readonly blocks: number
  readonly differ: number
}
