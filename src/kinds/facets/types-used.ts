// The part of catalog queries that finds which types an object depends on.
/**
 * Part of the column `needs`: the enumerations, domains, ranges and composite types that an object uses. An array counts as its
 * element type, a multirange as its range, the row type of a relation as that relation. `condition` selects the rows `d` of pg_depend.
 */
export function typesUsed(condition: string): string {
  // Subqueries for the names: a join of six catalogs takes twice as long to plan.
  return `(SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object(
                    'kind', CASE (SELECT relkind FROM pg_class WHERE oid = u.typrelid)
                              WHEN 'f' THEN 'foreignTable' WHEN 'm' THEN 'materializedView' WHEN 'v' THEN 'view' WHEN 'r' THEN 'table' ELSE 'type' END,
                    'schema', (SELECT nspname FROM pg_namespace WHERE oid = u.typnamespace), 'name', u.typname)), '[]')
             FROM (SELECT coalesce((SELECT rngtypid FROM pg_range WHERE rngmultitypid = single.oid), single.oid) AS oid
                     FROM (SELECT CASE WHEN raw.typelem <> 0 AND raw.typlen = -1 THEN raw.typelem ELSE raw.oid END AS oid
                             FROM pg_depend d JOIN pg_type raw ON raw.oid = d.refobjid
                            WHERE d.refclassid = 'pg_type'::regclass AND d.deptype = 'n' AND ${condition}) AS single OFFSET 0) AS used
             JOIN pg_type u ON u.oid = used.oid
            WHERE u.typtype IN ('e', 'd', 'r', 'c'))`
}
