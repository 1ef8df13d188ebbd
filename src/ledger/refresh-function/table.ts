// The part of fdwsync.refresh() that brings a table up to date, by the same blocks as the command: see kinds/table/refresh/. It
// reads the facts about the table from the catalog.

import type { Sql } from '../../core/sql.ts'
import { type Blocks, hashBlocks, rangeBlocks } from '../../kinds/table/refresh/blocks.ts'
import {
  changesBlock,
  type FindGone,
  findByKeys,
  findMarked,
  findNothing,
  withHighest,
} from '../../kinds/table/refresh/changes-block.ts'
import { compareBlock } from '../../kinds/table/refresh/compare-block.ts'
import { blockDigest } from '../../kinds/table/refresh/digest.ts'
import { mergeBlock, tableBlock } from '../../kinds/table/refresh/table-block.ts'
import type { TableSql, WatermarkSql } from '../../kinds/table/refresh/table-sql.ts'
import { callAsOwner, requireOwner } from './as-owner.ts'
import { digestMethod, digestOf, digestParts, hasIntegerKey } from './digests.ts'
import { raiseReplaced } from './members.ts'
import { place, templateOf } from './template.ts'

const operator = `
  SELECT format('OPERATOR(%I.%s)', n.nspname, op.oprname)
    FROM pg_opclass c JOIN pg_amop ao ON ao.amopfamily = c.opcfamily AND ao.amoplefttype = c.opcintype AND ao.amoprighttype = c.opcintype
         AND ao.amopstrategy = 3
    JOIN pg_operator op ON op.oid = ao.amopopr JOIN pg_namespace n ON n.oid = op.oprnamespace WHERE c.oid = k.class`

/** A table may have columns that its query does not return. */
const columns = `
          SELECT quote_ident(a.attname) AS name, a.attnum AS at, k.class IS NOT NULL AS is_key, (${operator}) AS equals, ${digestMethod} AS digest
            FROM pg_attribute q JOIN pg_attribute a ON a.attrelid = (member ->> 'oid')::oid AND a.attname = q.attname AND a.attnum > 0
            LEFT JOIN (SELECT key.attnum, key.class FROM pg_index i, unnest(i.indkey::int2[], i.indclass::oid[]) AS key(attnum, class)
                        WHERE i.indrelid = (member ->> 'oid')::oid AND i.indisprimary AND key.class IS NOT NULL) AS k ON k.attnum = a.attnum
           WHERE q.attrelid = (member ->> 'source')::oid AND q.attnum > 0 AND NOT q.attisdropped`

const query = `(member ->> 'source')::oid::regclass::text`
/** It may end with a comment. */
const soft = `((member #>> '{watermark,soft}') || chr(10))`
const column = `quote_ident(member #>> '{watermark,column}')`
const reached = `quote_nullable(member ->> 'reached')`
const overlap = `quote_literal(coalesce(member #>> '{watermark,overlap}', member #>> '{grows,overlap}'))`

const rowCount = `(SELECT GREATEST(reltuples, 0)::bigint FROM pg_class WHERE oid = (member ->> 'oid')::oid)`
const blockCount = `GREATEST(${rowCount} / (member ->> 'per_block')::float8, 1)`

/** The values of the places, as SQL over those columns. For what a table lacks, such as a watermark, they are null. */
const values = {
  name: `member ->> 'name'`,
  relation: `format('CAST(%L AS pg_catalog.regclass)', member ->> 'name')`,
  prefix: `quote_literal('table ' || (member ->> 'name') || ': ')`,
  query,
  source: `CASE WHEN ${soft} IS NULL THEN ${query} ELSE format('(SELECT * FROM %s WHERE (%s) IS NOT TRUE)', ${query}, ${soft}) END`,
  columns: `string_agg(name, ', ')`,
  key: `string_agg(name, ', ') FILTER (WHERE is_key)`,
  isKeyNull: `string_agg(name || ' IS NULL', ' OR ') FILTER (WHERE is_key)`,
  isSameKey: `string_agg(format('t.%1$s %2$s f.%1$s', name, equals), ' AND ') FILTER (WHERE is_key)`,
  differs: `format('CAST(ROW(%s) AS pg_catalog.record) OPERATOR(pg_catalog.*<>) CAST(ROW(%s) AS pg_catalog.record)',
                 string_agg('t.' || name, ', '), string_agg('f.' || name, ', '))`,
  assignments: `string_agg(format('%1$s = f.%1$s', name), ', ')`,
  inOrder: `CASE WHEN ${hasIntegerKey} THEN ' ORDER BY ' || min(name) FILTER (WHERE is_key) END`,
  differentKeys: `CASE WHEN ${hasIntegerKey} THEN format('pg_catalog.count(DISTINCT f.%s)', min(name) FILTER (WHERE is_key)) ELSE 'NULL' END`,
  rowCount: `format('%s::pg_catalog.int8', ${rowCount})`,
  column,
  unselectable: `quote_literal('its source cannot select rows by ' || ${column})`,
  lost: `quote_nullable(CASE WHEN member #> '{watermark,fullMilliseconds}' IS NOT NULL
                THEN 'its source has no ' || ${column} || ' as high as before' END)`,
  type: `member #>> '{grows,type}'`,
  counts: `format(member #>> '{grows,counts}', 'r.' || ${column})`,
  lowest: `member #>> '{grows,lowest}'`,
  low: `format(member #>> '{grows,before}', ${reached}, ${overlap}, format('%L::pg_catalog.float8', coalesce(member ->> 'open_seconds', '0')))`,
  reached: `format('CAST(%s AS %s)', ${reached}, member #>> '{grows,type}')`,
  highest: `format(member #>> '{grows,shown_as}', 'fdwsync.highest')`,
  soft,
  digestOfSource: digestOf('q'),
  digestOfTable: digestOf('t'),
  keyDigestOfSource: digestOf('q', 'is_key'),
  keyDigestOfTable: digestOf('t', 'is_key'),
  integerKey: `min(name) FILTER (WHERE is_key)`,
  share: `(1 / ${blockCount})::numeric::text`,
  mask: `(2 ^ ceil(log(2, ${blockCount}::numeric)) - 1)::bigint::text`,
} satisfies Readonly<Record<Exclude<keyof TableSql, 'mergedValues'> | keyof WatermarkSql, string>> &
  Readonly<Record<string, string>>

const names = Object.keys(values) as (keyof typeof values)[] // those are its keys
// One template for each way. MERGE, which older servers lack, would take more templates.
const places = {
  ...(Object.fromEntries(names.map((name, at) => [name, place(at + 1)])) as Record<keyof typeof values, Sql>),
  mergedValues: undefined,
}
/** Rows that are gone are found in one of these ways, whose places come next. */
const found: FindGone = { find: place(names.length + 1), gone: place(names.length + 2) }
const ways = { keys: findByKeys(places), marked: findMarked(places, places.soft), nothing: findNothing }
const foundBy = (part: 'find' | 'gone') => `format(CASE
              WHEN member ->> 'compared' = 'keys' THEN ${templateOf(ways.keys[part])}
              WHEN member #>> '{watermark,soft}' IS NOT NULL THEN ${templateOf(ways.marked[part])}
              ELSE ${templateOf(ways.nothing[part])} END, VARIADIC inserts)`

const all = mergeBlock(places)
const compare = (blocks: Blocks) =>
  compareBlock(places, {
    blocks,
    digestOf: (from) => blockDigest(ofEither(places.digestOfSource, places.digestOfTable)(from)),
    // The places of spans have that number.
    size: { rows: 1 },
    beside: undefined,
  })

/** The columns of a relation have its alias: `q` is the source, and `t` the table. */
function ofEither(ofSource: Sql, ofTable: Sql): (from: Sql) => Sql {
  return (from) => (from === 'q' ? ofSource : ofTable)
}

const templates = {
  all: tableBlock(places, all),
  allAndHighest: tableBlock(places, withHighest(places, places, all)),
  changes: tableBlock(places, changesBlock(places, places, found)),
  compareRanges: tableBlock(places, compare(rangeBlocks(places.name, places.integerKey, () => places.share))),
  compareHashes: tableBlock(
    places,
    compare(hashBlocks(ofEither(places.keyDigestOfSource, places.keyDigestOfTable), () => places.mask)),
  ),
}

const block = `(
        WITH columns AS (${columns}), parts AS (${digestParts})
        SELECT format(CASE
            WHEN member ->> 'how' = 'compare' AND has_integer_key THEN ${templateOf(templates.compareRanges)}
            WHEN member ->> 'how' = 'compare' THEN ${templateOf(templates.compareHashes)}
            WHEN member ->> 'how' = 'merge' THEN ${templateOf(templates.all)}
            WHEN member ->> 'compared' = 'all' THEN ${templateOf(templates.allAndHighest)}
            ELSE ${templateOf(templates.changes)} END,
          VARIADIC inserts || ARRAY[${foundBy('find')}, ${foundBy('gone')}])
          FROM (SELECT ARRAY[${names
            .map((name) => values[name])
            .join(`,
          `)}] AS inserts, ${hasIntegerKey} AS has_integer_key FROM columns) AS table_values)`

/** A column that an apply has added or dropped after the snapshot of a REPEATABLE READ transaction: privileges are those of now. */
const unseenColumn = `
         SELECT FROM (VALUES (c.oid, c.relnatts), (v.oid, v.relnatts)) AS r(oid, columns) CROSS JOIN generate_series(1, r.columns + 1) AS n
           LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = n AND NOT a.attisdropped
          WHERE (has_column_privilege(r.oid, n::smallint, 'SELECT') IS NULL) <> (a.attnum IS NULL)`

/** No swap can replace the table from here on. One may have replaced it since it was found. */
const lockTable = `
      EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', member ->> 'name');
      SELECT jsonb_build_object('oid', c.oid, 'source', v.oid) INTO present FROM pg_class c, pg_class v
       WHERE c.oid = to_regclass(member ->> 'name') AND v.oid = to_regclass(member ->> 'source_name')
         AND NOT EXISTS (${unseenColumn});
      IF NOT FOUND THEN${raiseReplaced("member ->> 'name'")}
      END IF;
      member := member || present;`

/** Sets `row_count`, `inserted`, `updated`, `deleted`, and `found_state` for the next refresh. */
export const refreshTable = `${requireOwner}${lockTable}${callAsOwner(block, 'answer')}
      counts := answer;
      row_count := CASE WHEN (counts ->> 'is_empty')::bool THEN 0 END;
      inserted := (counts ->> 'inserted')::bigint;
      updated := (counts ->> 'updated')::bigint;
      deleted := (counts ->> 'deleted')::bigint;
      IF member ->> 'how' = 'merge' OR counts ->> 'why' IS NOT NULL THEN
        member := member || jsonb_build_object('how', 'merge', 'because', coalesce(counts ->> 'why', member ->> 'because'), 'compared', 'all');
      END IF;
      found_state := jsonb_strip_nulls(jsonb_build_object(
        'compared', member ->> 'compared',
        'changed', CASE WHEN (counts ->> 'fraction')::float8 < 1 AND counts ->> 'why' IS NULL
                     THEN 1 - (1 - (counts ->> 'fraction')::float8) ^ (1 / (member ->> 'per_block')::float8)
                   WHEN member ->> 'compared' = 'all'
                     THEN LEAST((inserted + updated + deleted)::float8 / GREATEST((counts ->> 'rows_read')::float8, 1), 1) END,
        -- In every block that differs at least one row does.
        'unlikeDigests', CASE WHEN counts ->> 'why' IS NULL AND (inserted + updated + deleted) * 2 < (counts ->> 'differ')::bigint THEN true END,
        'watermark', CASE WHEN counts ->> 'highest' IS NOT NULL
                     THEN jsonb_build_object('column', member #>> '{watermark,column}', 'value', counts ->> 'highest', 'soft', member #>> '{watermark,soft}',
                                             'openSeconds', open_seconds -> (member ->> 'address')) END));
      IF NOT (member ->> 'is_loaded')::bool THEN
        EXECUTE format('COMMENT ON VIEW %s IS NULL', (member ->> 'source')::oid::regclass);
      END IF;`
