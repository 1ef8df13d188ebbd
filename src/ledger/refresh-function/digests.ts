// The part of fdwsync.refresh() that compares a table by digests: the size of blocks, and the digest of a row. The command's
// counterpart is loader/strategies/compare.ts.

import {
  type DigestMethod,
  digestMethodColumn,
  digestOfValues,
  hashArray,
  integer,
  partsOf,
} from '../../kinds/table/refresh/digest.ts'
import { constantOf, place, templateOf } from './template.ts'

/** For a catalog query with the column `a`: see {@link digestMethodColumn}. */
export const digestMethod = `(SELECT ${digestMethodColumn} FROM pg_type t
              LEFT JOIN pg_proc f ON f.oid = t.typsend AND f.pronamespace = 'pg_catalog'::regnamespace WHERE t.oid = a.atttypid)`

/** The place of the function's name is the second one. A type is that of the method. */
const methods: readonly DigestMethod[] = [
  { how: 'send', function: place(2) },
  { how: 'hash', type: '' },
  { how: 'numeric' },
  { how: 'integer' },
  { how: 'bigint' },
  { how: 'bytes' },
  { how: 'text' },
  { how: 'equal-text' },
  { how: 'array' },
  { how: 'range' },
]

const parts = methods.flatMap((method) =>
  partsOf(place(1), method).map(
    ([type, value]) => `(${[method.how, type].map(constantOf).join(', ')}, ${templateOf(value)})`,
  ),
)

/** The parts of a digest, derived from `columns`. */
export const digestParts = `
          SELECT at, name, is_key, template, coalesce(digest ->> 'type', part.type) AS type, digest ->> 'function' AS function
            FROM columns JOIN (VALUES ${parts.join(', ')}) AS part(how, type, template) ON part.how = digest ->> 'how'`

/** The digest of a row, as SQL over `parts`, given the alias of its relation. */
export function digestOf(alias: 'q' | 't', which = 'true'): string {
  return `(SELECT format(${templateOf(digestOfValues([place(1)]))}, string_agg(hashed, ', ' ORDER BY type))
             FROM (SELECT type, CASE type WHEN '${integer}' THEN string_agg(value, ', ' ORDER BY at, template)
                            ELSE format(${templateOf(hashArray([place(1)]))}, string_agg(value, ', ' ORDER BY at, template)) END AS hashed
                     FROM (SELECT *, format(template, '${alias}.' || name, function) AS value FROM parts WHERE ${which}) AS with_values
                    GROUP BY type) AS types)`
}

/** Whether all blocks are ranges of one integer, as SQL over `columns`. */
export const hasIntegerKey = `count(*) FILTER (WHERE is_key) = 1 AND bool_or(is_key AND digest ->> 'how' IN ('integer', 'bigint'))`

/** If more than this fraction has changed, reading everything is cheaper. */
const muchChanged = 0.1
/** For less data than this, reading all of it is cheaper than a query for digests. */
export const comparedBytes = 131072

/** Sets `undigested`: why digests of a member are not compared. */
export const findUndigested = `
      undigested := CASE
        WHEN EXISTS (SELECT FROM pg_attribute q JOIN pg_attribute a ON a.attrelid = member.oid AND a.attname = q.attname
                      WHERE q.attrelid = member.source AND q.attnum > 0 AND NOT q.attisdropped AND ${digestMethod} IS NULL)
        THEN 'it has a column that only the command can compare by digests'
        WHEN known."unlikeDigests" THEN 'its source has other digests of equal rows'
        WHEN known.changed > ${muchChanged} THEN format('%s %% of its rows had changed at the last refresh', round(known.changed * 100)) END;`

/** How many rows a block has: the choice of the command for rows of 140 bytes. */
export const rowsPerBlock = `GREATEST(LEAST(round(sqrt(0.42 / (1.15 * GREATEST(coalesce(known.changed, 0.005), 0.001)))), 64), 1,
                                          ceil((SELECT reltuples FROM pg_class WHERE oid = member.oid) / 65536))`
