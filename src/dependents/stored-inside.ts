// Finds out whether relations store values of a domain inside of arrays, composite types or ranges. PostgreSQL then refuses to add a check or
// NOT NULL to the domain, since it does not look for its values there.

import type { LiveObject } from '../core/change.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

// By pg_depend, since the catalogs have no index on the types that they contain.
const storedInsideQuery = trusted(`
  WITH RECURSIVE holder(of, type, inside) AS (
    SELECT oid, oid, false FROM unnest($1::oid[]) AS oid
    UNION
    SELECT h.of, more.type, more.inside
      FROM holder h
      JOIN pg_type t ON t.oid = h.type
     CROSS JOIN LATERAL (
       SELECT t.typarray AS type, true AS inside WHERE t.typarray <> 0
       UNION ALL
       -- A domain over it contains the same values; a range, and its multirange, contain it.
       SELECT over.oid, h.inside OR over.typtype <> 'd'
         FROM pg_depend d JOIN pg_type over ON over.oid = d.objid AND over.typtype IN ('d', 'r', 'm')
        WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid = h.type AND d.classid = 'pg_type'::regclass
       UNION ALL
       -- The row type of each relation with such a column; of a composite type, itself.
       SELECT c.reltype, true
         FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.reltype <> 0
        WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid = h.type AND d.classid = 'pg_class'::regclass AND d.objsubid > 0) AS more
  )
  SELECT DISTINCT h.of AS oid
    FROM holder h
    JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = h.type AND d.classid = 'pg_class'::regclass AND d.objsubid > 0
    JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'm', 'p')
   WHERE h.inside`)

/** The OIDs of those domains. */
export async function storedInside(session: Session, domains: readonly LiveObject[]): Promise<ReadonlySet<number>> {
  if (domains.length === 0) return new Set()
  const rows = await session.query<{ oid: number }>(storedInsideQuery, [domains.map(({ oid }) => oid)])
  return new Set(rows.map(({ oid }) => oid))
}
