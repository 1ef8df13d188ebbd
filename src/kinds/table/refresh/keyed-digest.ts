// The digest of a block of rows whose key is a single integer, as SQL that postgres_fdw can send to its source. Pure.
//
// Each column of a block has one hash: the XOR of the hashes of its values. The key of the row is the seed of each, so that values which two
// rows exchange are noticed. That takes little more than half the time of hashing whole rows (./digest.ts), since no array is built
// for each row, and keeps 64 bits of every value.

import { ident, join, type Sql, sql, trusted } from '../../../core/sql.ts'
import { boundsOf, type DigestedColumn, type DigestMethod, hashArray, lengthOf, partsOf } from './digest.ts'

/**
 * A bigint.
 * @param key the name of the column that is the key of the table
 * @param from the alias of the relation
 */
export function keyedDigest(columns: readonly DigestedColumn[], key: string, from: Sql): Sql {
  const ofKey = sql`${from}.${ident(key)}`
  const hashes = columns.map(({ name, method }) =>
    name === key ? hashInteger(ofKey, ofKey) : keyedHash(sql`${from}.${ident(name)}`, method, ofKey),
  )
  // Hashing a bigint combines its halves.
  const halves = hashes.flatMap((hash) => [
    sql`pg_catalog.bit_xor(${hash})`,
    sql`(pg_catalog.bit_xor(${hash}) OPERATOR(pg_catalog.>>) 32)`,
  ])
  return hashArray(halves)
}

/** A bigint, or NULL for NULL. */
function keyedHash(column: Sql, method: DigestMethod, key: Sql): Sql {
  switch (method.how) {
    case 'integer':
    case 'bigint':
      return bindInteger(column, key)
    case 'numeric':
      return hashInteger(
        sql`(CAST(${column} OPERATOR(pg_catalog.<) 0 AS pg_catalog.int4) OPERATOR(pg_catalog.#) ${key})`,
        // The hash of NaN is the seed itself, and that of 0 the seed less one.
        sql`pg_catalog.hash_numeric_extended(${column}, ${key})`,
      )
    case 'text':
      return sql`pg_catalog.hashint4extended(${lengthOf(column)}, pg_catalog.hashtextextended(${column}, ${key}))`
    case 'equal-text':
      return sql`pg_catalog.hashint4extended(${lengthOf(column)}, ${hashParts(column, method, key)})`
    case 'array':
      // If there is nothing to hash, as in {} and {NULL}, the hash does not depend on the seed.
      return bindInteger(hashArray(boundsOf(column), sql`pg_catalog.hash_array_extended(${column}, ${key})`), key)
    case 'range':
      return sql`pg_catalog.hash_range_extended(${column}, ${key})`
    case 'hash':
      return keyedHashOfType(column, method.type, key) ?? hashParts(column, method, key)
    case 'send':
    case 'bytes':
      return hashParts(column, method, key)
  }
}

function bindInteger(value: Sql, key: Sql): Sql {
  return hashInteger(key, sql`(${value} OPERATOR(pg_catalog.#) ${key})`)
}

/** The seed may have any value, since unlike the hashed value it is not shortened. */
function hashInteger(hashed: Sql, seed: Sql): Sql {
  return sql`pg_catalog.hashint8extended(${hashed}, ${seed})`
}

/** The hash of a type that has such a function on all versions. */
function keyedHashOfType(column: Sql, type: string, key: Sql): Sql | undefined {
  switch (type) {
    case 'timestamp':
    case 'time':
    case 'uuid':
      return sql`pg_catalog.${trusted(`${type}_hash_extended`)}(${column}, ${key})`
    case 'timestamptz':
      return sql`pg_catalog.timestamp_hash_extended(pg_catalog.timezone(CAST('0' AS pg_catalog.interval), ${column}), ${key})`
    case 'bool':
      return sql`pg_catalog.hashint4extended(CAST(${column} AS pg_catalog.int4), ${key})`
    default:
      return undefined
  }
}

/** Hashes an array of the values in binary form. */
function hashParts(column: Sql, method: DigestMethod, key: Sql): Sql {
  const values = partsOf(column, method).flatMap(([type, value]) => (type === 'integer' ? [] : [value]))
  return sql`pg_catalog.hash_array_extended(ARRAY[${join(values, ', ')}], ${key})`
}
