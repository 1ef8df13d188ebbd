// The advisory lock that is the lease of a manifest.

import { type Sql, sql } from '../core/sql.ts'

/** The key of the advisory lock that an apply holds, given an SQL expression for the name of its manifest. */
export function leaseKey(manifest: Sql): Sql {
  return sql`pg_catalog.hashtextextended('fdwsync:v1:' || ${manifest}, 0)`
}

/** A condition on a row of pg_locks: it is the lease of that manifest in this database, and granted. */
export function isLease(locks: Sql, manifest: Sql): Sql {
  // pg_locks shows a bigint key as two halves, in classid and objid, with objsubid 1.
  return sql`${locks}.locktype = 'advisory' AND ${locks}.granted AND ${locks}.objsubid = 1
     AND ${locks}.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
     AND (${locks}.classid::bigint << 32) | ${locks}.objid::bigint = ${leaseKey(manifest)}`
}
