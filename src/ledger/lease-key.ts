import { type Sql, sql } from '../core/sql.ts'

/** The advisory lock that an apply of a manifest holds, given an expression for the manifest's name. */
export function leaseKey(manifest: Sql): Sql {
  return sql`pg_catalog.hashtextextended('fdwsync:v1:' || ${manifest}, 0)`
}

/** A condition on a row of pg_locks: it is the lease of that manifest in this database, and somebody holds it. */
export function isLease(locks: Sql, manifest: Sql): Sql {
  // The two halves of a bigint advisory lock stand in classid and objid, with objsubid 1.
  return sql`${locks}.locktype = 'advisory' AND ${locks}.granted AND ${locks}.objsubid = 1
     AND ${locks}.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
     AND (${locks}.classid::bigint << 32) | ${locks}.objid::bigint = ${leaseKey(manifest)}`
}
