/**
 * A column of a catalog query: what stands under the name of a wanted relation if it is of another kind. Relations of
 * all kinds share one namespace a schema. `condition` says when it is of another kind.
 */
export function occupiedBy(condition: string): string {
  return `CASE WHEN ${condition} THEN CASE c.relkind
             WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'f' THEN 'foreign table'
             WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' WHEN 'I' THEN 'partitioned index'
             WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'composite type' ELSE 'relation' END END AS occupied_by`
}

/**
 * More rows of such a query, `columns` being those behind `occupied_by`: a relation has a row type of its name, so that a
 * type is in its way. That of an array makes room by itself.
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
