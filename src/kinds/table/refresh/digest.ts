// The digest of a row, as SQL that postgres_fdw can send to its source: a hash of every value in its binary form. It is the same on
// PostgreSQL 14 to 18. Except by chance, it is equal only for rows that are stored alike: it distinguishes 1.0 from 1.00, -0 from 0
// and NULL from ''. Pure.

import { groupBy } from '../../../core/data.ts'
import { ident, join, number, type Sql, sql, trusted } from '../../../core/sql.ts'

/** How the values of a column get into a digest. */
export type DigestMethod =
  /**
   * By a function in pg_catalog that returns the binary form. Those of other types are not immutable, so they are not sent to a
   * source.
   */
  | { readonly how: 'send'; readonly function: string }
  /** A type whose equal values are stored alike, so that its own hash distinguishes all that readers could see. */
  | { readonly how: 'hash'; readonly type: string }
  /** numeric with a precision, which fixes the scale and excludes infinity. 1 and -1 have the same hash. */
  | { readonly how: 'numeric' }
  | { readonly how: 'integer' | 'bytes' | 'text' }
  /** Hashed as if it were an integer: its halves are combined by XOR, so that 4294967297 and 0 have the same hash. */
  | { readonly how: 'bigint' }
  /** Text whose collation treats different bytes as equal: equal texts have the same hash. */
  | { readonly how: 'equal-text' }
  /** Arrays and ranges of types whose equal values are stored alike. */
  | { readonly how: 'array' | 'range' }

const maximumDimensions = 6

/** The type of parts that are integers, which are the cheapest to hash. */
export const integer = 'integer'

/** Values that together distinguish all values of a column, each with its type. Those of one type are hashed as an array. */
export type Parts = readonly (readonly [type: string, value: Sql])[]

export function partsOf(column: Sql, method: DigestMethod): Parts {
  switch (method.how) {
    case 'integer':
      return [[integer, column]]
    case 'bigint':
      return [
        [integer, column],
        [integer, sql`(${column} OPERATOR(pg_catalog.>>) 32)`],
      ]
    case 'numeric':
      return [
        [integer, sql`pg_catalog.hash_numeric_extended(${column}, 0)`],
        [integer, sql`CAST(${column} OPERATOR(pg_catalog.<) 0 AS pg_catalog.int4)`],
      ]
    case 'hash':
      return [[method.type, column]]
    case 'send':
      return [['bytea', sql`pg_catalog.${ident(method.function)}(${column})`]]
    case 'bytes':
      return [['bytea', column]]
    case 'text':
      return [
        [integer, sql`pg_catalog.hashtextextended(${column}, 0)`],
        [integer, lengthOf(column)],
      ]
    case 'equal-text':
      return [
        ['bytea', digestOfText(column)],
        [integer, lengthOf(column)],
      ]
    case 'array':
      // The hash of an array is that of its elements, whatever its bounds are.
      return [
        [integer, sql`pg_catalog.hash_array_extended(${column}, 0)`],
        [integer, hashArray(boundsOf(column))],
      ]
    case 'range':
      return [[integer, sql`pg_catalog.hash_range_extended(${column}, 0)`]]
  }
}

/** As text, a value of type bpchar has lost the blanks at its end: that may be the type here, or only at the source. */
export function lengthOf(column: Sql): Sql {
  return sql`pg_catalog.octet_length(${column})`
}

function digestOfText(column: Sql): Sql {
  return sql`pg_catalog.decode(pg_catalog.md5(CAST(${column} AS pg_catalog.text)), 'hex')`
}

export function boundsOf(array: Sql): readonly Sql[] {
  return Array.from({ length: maximumDimensions }, (_, at) => number(at + 1)).flatMap((dimension) => [
    sql`pg_catalog.array_lower(${array}, ${dimension})`,
    sql`pg_catalog.array_upper(${array}, ${dimension})`,
  ])
}

/** The result depends on the position of each value, and on whether it is NULL. */
export function hashArray(values: readonly Sql[], seed: Sql = number(0)): Sql {
  return sql`pg_catalog.hash_array_extended(ARRAY[${join(values, ', ')}], ${seed})`
}

/** The digest of a block, from those of its rows. A sum would take more memory. */
export function blockDigest(ofRow: Sql): Sql {
  return sql`pg_catalog.bit_xor(${ofRow})`
}

export interface DigestedColumn {
  readonly name: string
  readonly method: DigestMethod
}

/**
 * A bigint.
 * @param from the alias of the relation
 */
export function rowDigest(columns: readonly DigestedColumn[], from: Sql): Sql {
  const parts = columns.flatMap(({ name, method }) => partsOf(sql`${from}.${ident(name)}`, method))
  if (columns.length === 1 && parts.every(([type]) => type === integer)) return digestOfIntegers(parts)
  const byType = groupBy(parts, ([type]) => type)
  const values = [...byType].flatMap(([type, ofType]) => {
    const each = ofType.map(([, value]) => value)
    return type === integer ? each : [hashArray(each)]
  })
  return digestOfValues(values)
}

/** The digest of a single column, as most keys are. If the value is null, so are the digest and the number of the block. */
function digestOfIntegers(parts: Parts): Sql {
  const hashed = parts.map(([, value], seed) => sql`pg_catalog.hashint8extended(${value}, ${number(seed)})`)
  return sql`(${join(hashed, ' OPERATOR(pg_catalog.#) ')})`
}

/**
 * The hash of an array is linear in those of its elements, so it is hashed once more: otherwise differences of several rows of a
 * block could cancel each other out. The hash of a bigint has 32 bits, that of its nearest floating-point number 53.
 */
export function digestOfValues(values: readonly Sql[]): Sql {
  return sql`pg_catalog.hashfloat8extended(CAST(${hashArray(values)} AS pg_catalog.float8), 0)`
}

/** Types whose equal values are stored alike, and whose hash is that of the whole value: that of bigint is not. */
const storedAlike =
  "'{bool,bytea,int2,int4,oid,text,varchar,date,time,timestamp,timestamptz,uuid}'::pg_catalog.regtype[]"

/** Those of them without collation whose own hash is cheaper than the binary form. */
const ownHash = "'{bool,date,oid,time,timestamp,timestamptz,uuid}'::pg_catalog.regtype[]"

const isDeterministic = 'coalesce((SELECT collisdeterministic FROM pg_collation WHERE oid = a.attcollation), true)'

/**
 * The {@link DigestMethod} of a column as JSON; NULL if a source cannot compute one. For a catalog query with the column `a`, its type `t`, and
 * the output function `f` of that. Names of `reg…` types have other OIDs on other servers.
 */
export const digestMethodColumn: Sql = trusted(`
  CASE WHEN t.oid >= 10000 OR t.typname LIKE 'reg%' THEN NULL
       WHEN t.typname IN ('int2', 'int4') THEN '{"how": "integer"}'
       WHEN t.typname = 'int8' THEN '{"how": "bigint"}'
       WHEN t.typname = 'numeric' AND a.atttypmod >= 0 THEN '{"how": "numeric"}'
       WHEN t.oid = ANY (${ownHash}) THEN jsonb_build_object('how', 'hash', 'type', t.typname)::text
       WHEN t.typname IN ('text', 'varchar', 'bpchar') THEN CASE WHEN ${isDeterministic} THEN '{"how": "text"}' ELSE '{"how": "equal-text"}' END
       WHEN t.typname = 'bytea' THEN '{"how": "bytes"}'
       WHEN EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid AND e.oid = ANY (${storedAlike})) THEN
         CASE WHEN ${isDeterministic} THEN '{"how": "array"}' END
       WHEN t.typtype = 'r' THEN
         CASE WHEN EXISTS (SELECT FROM pg_range WHERE rngtypid = t.oid AND rngsubtype = ANY (${storedAlike})) THEN '{"how": "range"}' END
       WHEN t.typtype = 'b' AND f.provolatile = 'i' THEN jsonb_build_object('how', 'send', 'function', f.proname)::text
  END::jsonb`)
