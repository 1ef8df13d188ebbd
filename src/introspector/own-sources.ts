// Recognizes sessions in which postgres_fdw reads for a transaction of this database, because a server connects back to it. Such a session
// keeps its locks as long as that transaction lasts.

/**
 * Whether the row `session` of pg_stat_activity belongs to postgres_fdw, by its application_name. An empty one can belong to it,
 * too.
 */
function isOfPostgresFdw(session: string): string {
  return `nullif(${session}.application_name, '') IN (
    SELECT 'postgres_fdw'
    UNION ALL SELECT current_setting('postgres_fdw.application_name', true)
    UNION ALL SELECT option_value FROM pg_foreign_server, pg_options_to_table(srvoptions) WHERE option_name = 'application_name')`
}

/**
 * Whether the row `session` of pg_stat_activity may be one in which postgres_fdw reads for the transaction of the row `reader`. From roles
 * that may not see more, the server hides when a transaction began.
 */
export function mayReadFor(session: string, reader: string): string {
  return `(${isOfPostgresFdw(session)} AND coalesce(${session}.xact_start >= ${reader}.xact_start, true))`
}
