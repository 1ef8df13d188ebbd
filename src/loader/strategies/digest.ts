// The digest of a row, as SQL that postgres_fdw has its source compute: a 64-bit hash of every value in its binary form. It is the
// same on PostgreSQL 14 to 18, and equal only for rows that are stored alike: it distinguishes 1.0 from 1.00, -0 from 0 and
// NULL from ''. Pure.

import { ident, join, number, type Sql, sql, trusted } from '../../core/sql.ts'

/** How the values of a column get into a digest. */
export type DigestMethod =
  /** By a function in pg_catalog that returns the binary form. The functions of other types are not immutable, so not sent to a source. */
  | { readonly how: 'send'; readonly function: string }
  | { readonly how: 'bytes' | 'text' }
  /** Arrays and ranges of types whose equal values are stored alike. */
  | { readonly how: 'array' | 'range' }

const maximumDimensions = 6

/** Values of type bytea that together distinguish all values of the column. */
function partsOf(column: Sql, method: DigestMethod): readonly Sql[] {
  switch (method.how) {
    case 'send':
      return [sql`pg_catalog.${ident(method.function)}(${column})`]
    case 'bytes':
      return [column]
    case 'text':
      // As text, a value of type bpchar has lost the blanks at its end: that may be the type here, or only at the source.
      return [digestOfText(column), sql`pg_catalog.int4send(pg_catalog.octet_length(${column}))`]
    case 'array':
      // The hash of an array is that of its elements, whatever its bounds are.
      return [hashSent(sql`pg_catalog.hash_array_extended(${column}, 0)`), hashSent(hash(boundsOf(column)))]
    case 'range':
      return [hashSent(sql`pg_catalog.hash_range_extended(${column}, 0)`)]
  }
}

function digestOfText(column: Sql): Sql {
  return sql`pg_catalog.decode(pg_catalog.md5(CAST(${column} AS pg_catalog.text)), 'hex')`
}

function boundsOf(array: Sql): readonly Sql[] {
  return Array.from({ length: maximumDimensions }, (_, at) => number(at + 1)).flatMap((dimension) => [
    sql`pg_catalog.array_lower(${array}, ${dimension})`,
    sql`pg_catalog.array_upper(${array}, ${dimension})`,
  ])
}

function hashSent(bigint: Sql): Sql {
  return sql`pg_catalog.int8send(${bigint})`
}

/** The place of a value counts, and whether it is NULL. */
function hash(values: readonly Sql[]): Sql {
  return sql`pg_catalog.hash_array_extended(ARRAY[${join(values, ', ')}], 0)`
}

export interface DigestedColumn {
  readonly name: string
  readonly method: DigestMethod
}

/**
 * A bigint. It is hashed twice, since the hash of an array is linear in those of its elements: the sum over two rows would stay the
 * same if they exchanged their values.
 * @param from the alias of the relation
 */
export function rowDigest(columns: readonly DigestedColumn[], from: Sql): Sql {
  const parts = columns.flatMap(({ name, method }) => partsOf(sql`${from}.${ident(name)}`, method))
  return hash([hashSent(hash(parts))])
}

/** Types whose equal values are stored alike, so that arrays and ranges of them can be hashed by their own functions. */
const storedAlike =
  "'{bool,bytea,int2,int4,int8,oid,text,varchar,date,time,timestamp,timestamptz,uuid}'::pg_catalog.regtype[]"

/**
 * The {@link DigestMethod} of a column as JSON; NULL if a source cannot compute one. For a catalog query with the column `a`, its type `t`, and
 * the output function `f` of that. Names of `reg…` types have other OIDs on other servers.
 */
export const digestMethodColumn: Sql = trusted(`
  CASE WHEN t.oid >= 10000 OR t.typname LIKE 'reg%' THEN NULL
       WHEN t.typname IN ('text', 'varchar', 'bpchar') THEN '{"how": "text"}'
       WHEN t.typname = 'bytea' THEN '{"how": "bytes"}'
       WHEN EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid AND e.oid = ANY (${storedAlike})) THEN
         CASE WHEN coalesce((SELECT collisdeterministic FROM pg_collation WHERE oid = a.attcollation), true) THEN '{"how": "array"}' END
       WHEN t.typtype = 'r' THEN
         CASE WHEN EXISTS (SELECT FROM pg_range WHERE rngtypid = t.oid AND rngsubtype = ANY (${storedAlike})) THEN '{"how": "range"}' END
       WHEN t.typtype = 'b' AND f.provolatile = 'i' THEN jsonb_build_object('how', 'send', 'function', f.proname)::text
  END::jsonb`)
