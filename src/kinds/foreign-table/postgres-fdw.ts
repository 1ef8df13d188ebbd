// How postgres_fdw is recognized in the catalog, whatever its wrapper is called.

import { type Sql, sql } from '../../core/sql.ts'

/** @param handler the OID of a wrapper's handler */
export function isPostgresFdw(handler: Sql): Sql {
  return sql`EXISTS (SELECT FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_language AS l ON l.oid OPERATOR(pg_catalog.=) p.prolang
   WHERE p.oid OPERATOR(pg_catalog.=) ${handler}
     AND l.lanname OPERATOR(pg_catalog.=) 'c' AND p.prosrc OPERATOR(pg_catalog.=) 'postgres_fdw_handler')`
}
