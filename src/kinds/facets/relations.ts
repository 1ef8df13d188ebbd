// Parts of catalog queries that find what else has the name of a relation.
/** The kind of a relation in a catalog query. An ordinary table may be a managed one, a partitioned one never is. */
export function kindOfRelation(relkind: string): string {
  return `CASE ${relkind} WHEN 'f' THEN 'foreignTable' WHEN 'v' THEN 'view' WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' ELSE 'materializedView' END`
}

/** The column `occupied_by`: see {@link occupant}. */
export function occupiedBy(condition: string): string {
  return `${occupant(condition)} AS occupied_by`
}

/** What has the name of a wanted relation, if `condition` holds. Relations of all kinds share one namespace in a schema. */
export function occupant(condition: string): string {
  return `CASE WHEN ${condition} THEN CASE c.relkind
             WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'f' THEN 'foreign table'
             WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' WHEN 'I' THEN 'partitioned index'
             WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'composite type' ELSE 'relation' END END`
}
