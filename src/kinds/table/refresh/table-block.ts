// The PL/pgSQL block that brings a table up to date: it reads rows into a temporary table, and writes those that differ. The block
// runs as the owner of the table: see ../as-owner.ts. fdwsync.refresh() contains it too, so a change of it needs a migration of the
// ledger. Pure.
//
// The label of the block distinguishes its variables from columns of users. In queries, `t` is the table, `f` what
// was read, and `q` what the query returns.
import { join, literal, type Sql, sql, trusted } from '../../../core/sql.ts'
import { runDeferred } from '../as-owner.ts'
import { fresh, keys, readInto, requireAllRows, type TableSql } from './table-sql.ts'
import { differences, type ReadRows, writeDifferences, writeVariables } from './write-differences.ts'

export interface TableBlock extends ReadRows {
  /** Declarations of variables, in addition to those of every block. */
  readonly declare: readonly Sql[]
  /** Statements that read into the temporary table. They may `EXIT reading` if there is nothing to compare. */
  readonly read: readonly Sql[]
  /** The last statements. */
  readonly end?: readonly Sql[]
  /** Names and values for the result, in addition to the counts. */
  readonly result: readonly (readonly [name: string, value: Sql])[]
}

/** Reads everything. */
export function mergeBlock({ columns, source }: TableSql): TableBlock {
  return { declare: [], read: [readInto(columns, source)], gone: sql`true`, isWhole: true, result: [] }
}

/** Readers and the lock do not wait for each other. Another refresh, and any other session that writes, waits until COMMIT. */
export function tableBlock(table: TableSql, block: TableBlock): Sql {
  const { declare, read, end = [], result } = block
  const pairs = [...counted.map((name) => [name, sql`fdwsync.${trusted(name)}`] as const), ...result]
  const fields = pairs.map(([name, value]) => sql`${literal(name)}, ${value}`)
  return sql`<<fdwsync>>
DECLARE
  rows_read bigint := 0;
  inserted bigint := 0;
  updated bigint := 0;
  deleted bigint := 0;
  memory text := pg_catalog.current_setting('work_mem');
  ${writeVariables}
  ${join(declare, '')}
BEGIN
  LOCK TABLE ONLY ${table.name} IN SHARE ROW EXCLUSIVE MODE;
  ${requireAllRows(table)};
  ${useMaintenanceMemory};
  <<reading>>
  BEGIN
    ${join([...read, ...writeDifferences(table, block), dropTemporary], ';\n')};
  END reading;
  ${join([...end, sql`PERFORM pg_catalog.set_config('work_mem', memory, true)`], ';\n')};
  ${runDeferred}
  RETURN pg_catalog.jsonb_build_object(${join(fields, ', ')}, 'is_empty', ${isEmpty(table)});
END`
}

/**
 * PostgreSQL does the same when it checks a new foreign key: few blocks run at once, and each has few operations that need memory.
 */
const useMaintenanceMemory = trusted(`IF pg_catalog.pg_size_bytes(memory)
      OPERATOR(pg_catalog.<) pg_catalog.pg_size_bytes(pg_catalog.current_setting('maintenance_work_mem'))
  THEN PERFORM pg_catalog.set_config('work_mem', pg_catalog.current_setting('maintenance_work_mem'), true); END IF`)

/**
 * Whether an unlogged table has no rows, so that it is not taken for one that a crash has emptied. NULL for others. Most others have a row
 * on the first page.
 */
const isEmpty = ({
  name,
  relation,
}: TableSql) => sql`CASE WHEN fdwsync.inserted OPERATOR(pg_catalog.+) fdwsync.updated OPERATOR(pg_catalog.=) 0
    AND EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid OPERATOR(pg_catalog.=) ${relation} AND relpersistence OPERATOR(pg_catalog.=) 'u')
    THEN NOT EXISTS (SELECT FROM ONLY ${name}) END`

/** DROP … IF EXISTS would send a notice. */
const dropTemporary = sql`DROP TABLE ${fresh};
    ${dropIfExists(differences)};
    ${dropIfExists(keys)}`

function dropIfExists(relation: Sql): Sql {
  return sql`IF pg_catalog.to_regclass(${literal(relation)}) IS NOT NULL THEN DROP TABLE ${relation}; END IF`
}

const counted = ['rows_read', 'inserted', 'updated', 'deleted'] as const
