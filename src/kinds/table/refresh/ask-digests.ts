// Lets a source compute digests of blocks of rows, and finds the blocks whose digests differ in the table. Pure.

import { type Sql, sql, trusted } from '../../../core/sql.ts'
import type { Blocks } from './blocks.ts'

/** Declarations of variables. */
export const digestVariables = trusted(`undigested text;
  plan json;
  span bigint;
  blocks bigint;
  differ bigint[];
  first bigint;
  last bigint;
  hashagg text := pg_catalog.current_setting('enable_hashagg');
  sort text := pg_catalog.current_setting('enable_sort');
  `)

/** The source's digests. */
const digestsTable = trusted('pg_temp.fdwsync_digests')

/**
 * A query for the digests of all blocks. Rows that a source returns twice would cancel each other out, so it counts rows, too.
 * @param digest the digest of a block, an aggregate
 */
export function digestsOfBlocks(blocks: Blocks, digest: Sql, rows: Sql, from: Sql): Sql {
  return sql`SELECT ${blocks.of(from, sql`fdwsync.span`)} AS block, ${digest} AS digest,
             pg_catalog.count(*) AS rows
      FROM ${rows} GROUP BY 1`
}

export function isInDiffering(blocks: Blocks, from: Sql): Sql {
  return sql`(${blocks.of(from, sql`fdwsync.span`)} OPERATOR(pg_catalog.=) ANY (fdwsync.differ) AND ${blocks.isWithin(from)})`
}

function setGrouping(hashagg: Sql, sort: Sql): Sql {
  return sql`PERFORM pg_catalog.set_config('enable_hashagg', ${hashagg}, true), pg_catalog.set_config('enable_sort', ${sort}, true)`
}

/**
 * Lets the source compute its digests. If it cannot, sets `undigested` to the reason: EXPLAIN shows that it would not, or a column
 * has another type there, for which the function does not exist. Without the settings, PostgreSQL may prefer to read the rows and
 * to group them here.
 */
export function askSource(digests: Sql): Sql {
  return sql`BEGIN
      ${setGrouping(sql`'off'`, sql`'off'`)};
      FOR plan IN EXPLAIN (VERBOSE, FORMAT JSON) ${digests} LOOP
        EXIT;
      END LOOP;
      IF pg_catalog.json_extract_path_text(plan, '0', 'Plan', 'Node Type') OPERATOR(pg_catalog.=) 'Foreign Scan'
          AND pg_catalog.starts_with(pg_catalog.json_extract_path_text(plan, '0', 'Plan', 'Relations'), 'Aggregate on') THEN
        CREATE TEMPORARY TABLE fdwsync_digests AS ${digests};
        GET DIAGNOSTICS blocks = ROW_COUNT;
      ELSE
        undigested := 'its query is not one that a source can compute digests of';
      END IF;
      ${setGrouping(sql`hashagg`, sql`sort`)};
    EXCEPTION WHEN undefined_function OR ambiguous_function OR datatype_mismatch OR cannot_coerce OR indeterminate_collation THEN
      undigested := pg_catalog.concat('its source cannot compute digests: ', SQLERRM);
    END`
}

/**
 * Sets `differ` to the numbers of the blocks whose digests differ, or null if there are none. The settings are needed because the
 * server expects as many blocks as rows, and would sort the rows.
 */
export function findDiffering(digests: Sql): Sql {
  return sql`${setGrouping(sql`hashagg`, sql`'off'`)};
        SELECT pg_catalog.array_agg(COALESCE(s.block, l.block)) INTO differ
          FROM ${digestsTable} AS s FULL JOIN (${digests}) AS l ON s.block OPERATOR(pg_catalog.=) l.block
         WHERE (s.digest OPERATOR(pg_catalog.=) l.digest AND s.rows OPERATOR(pg_catalog.=) l.rows) IS NOT TRUE;
        DROP TABLE ${digestsTable};
        ${setGrouping(sql`hashagg`, sql`sort`)}`
}
