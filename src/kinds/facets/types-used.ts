// The part of catalog queries that finds which types an object depends on.
/**
 * Part of the column `needs`: the enumerations, domains, ranges and composite types that an object uses. An array counts as its
 * element type, a multirange as its range, the row type of a relation as that relation. `condition` selects the rows `d` of pg_depend.
 */
export function typesUsed(condition: string): string {
  return `(SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object(
                    'kind', CASE row.relkind WHEN 'f' THEN 'foreignTable' WHEN 'm' THEN 'materializedView' WHEN 'v' THEN 'view' ELSE 'type' END,
                    'schema', un.nspname, 'name', u.typname)), '[]')
             FROM pg_depend d
             JOIN pg_type raw ON raw.oid = d.refobjid
            CROSS JOIN LATERAL (SELECT CASE WHEN raw.typelem <> 0 AND raw.typlen = -1 THEN raw.typelem ELSE raw.oid END AS oid) single
             LEFT JOIN pg_range multi ON multi.rngmultitypid = single.oid
             JOIN pg_type u ON u.oid = coalesce(multi.rngtypid, single.oid)
             JOIN pg_namespace un ON un.oid = u.typnamespace
             LEFT JOIN pg_class row ON row.oid = u.typrelid
            WHERE d.refclassid = 'pg_type'::regclass AND d.deptype = 'n' AND u.typtype IN ('e', 'd', 'r', 'c') AND ${condition})`
}
