// Parts of catalog queries that find what else has the name of a relation.
/**
 * The column `occupied_by`: what has the name of a wanted relation, if `condition` holds. Relations of all kinds share one
 * namespace in a schema.
 */
export function occupiedBy(condition: string): string {
  return `CASE WHEN ${condition} THEN CASE c.relkind
             WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'f' THEN 'foreign table'
             WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' WHEN 'I' THEN 'partitioned index'
             WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'composite type' ELSE 'relation' END END AS occupied_by`
}

/**
 * More rows of such a query. A relation has a row type of the same name, so another type with that name blocks it. Array
 * types do not: PostgreSQL renames them. `columns` are the values of the columns after `occupied_by`.
 */
export function typesInTheWay(kind: 'foreignTable' | 'materializedView', columns: string): string {
  return `
   UNION ALL
  SELECT jsonb_build_object('kind', '${kind}', 'schema', n.nspname, 'name', t.typname), t.oid, 'type', ${columns}
    FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
    JOIN pg_namespace n ON n.nspname = wanted.schema
    JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = wanted.name
   WHERE t.typrelid = 0 AND NOT EXISTS (SELECT FROM pg_type element WHERE element.oid = t.typelem AND element.typarray = t.oid)`
}
