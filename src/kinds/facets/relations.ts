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
