// What a relation reads itself, as a part of recursive queries.

/**
 * A lateral subquery for queries under the reading path: the relations that the rule of a view names, and those that inherit from a
 * table. Not the materialized views that it reads: their data is in this database.
 * @param relation an expression of type oid
 */
export function directReads(relation: string): string {
  return `(
        SELECT c.oid
          FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
          JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'f', 'r', 'p')
         WHERE r.ev_class = ${relation}
         UNION ALL
        SELECT inhrelid FROM pg_inherits WHERE inhparent = ${relation})`
}
