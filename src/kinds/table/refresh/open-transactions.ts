// Finds out how long transactions have been open at the sources of a table. What they have written becomes visible when they commit, with
// stamps from as early as their beginning: a watermark that has passed these would miss it. Pure.
import { type Sql, sql, trusted } from '../../../core/sql.ts'
import { directReads } from '../../facets/copy/direct-reads.ts'
import { isPostgresFdw } from '../../foreign-table/postgres-fdw.ts'

const serversRead = (query: Sql) => sql`
    WITH RECURSIVE read(oid) AS (
      SELECT CAST(${query} AS oid) UNION SELECT next.oid FROM read CROSS JOIN LATERAL ${trusted(directReads('read.oid'))} AS next
    )
    SELECT DISTINCT s.srvname AS name, (SELECT option_value FROM pg_options_to_table(s.srvoptions) WHERE option_name = 'dbname') AS dbname
      FROM read JOIN pg_foreign_table t ON t.ftrelid = read.oid JOIN pg_foreign_server s ON s.oid = t.ftserver
      JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
     WHERE ${isPostgresFdw(sql`w.fdwhandler`)}`

// postgres_fdw cannot compute clock_timestamp() at the source, but its own transaction there is always the newest that it sees.
const openFor = trusted(`
        SELECT max(xact_start) - min(xact_start) INTO open_for FROM pg_temp.fdwsync_sessions
         WHERE datname = coalesce(server.dbname, datname) AND backend_type NOT IN ('autovacuum worker', 'walsender')`)

/**
 * A PL/pgSQL block that returns the age of the oldest transaction in seconds, as jsonb; NULL if no source shows any. It runs as the
 * owner of the table, before anything is read: what commits after that is older than the age by as much as the reading begins later.
 * A source shows the transactions of other roles to members of pg_read_all_stats. A standby does not show those of its primary.
 * @param query a constant of type regclass: the view with the query of the table
 */
export function openTransactions(query: Sql): Sql {
  return sql`DECLARE
  path text := pg_catalog.current_setting('search_path');
  server record;
  open_for interval;
  longest interval;
BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  FOR server IN ${serversRead(query)} LOOP
    BEGIN
      EXECUTE format('CREATE FOREIGN TABLE pg_temp.fdwsync_sessions (datname name, backend_type text, xact_start timestamptz)
        SERVER %I OPTIONS (schema_name ''pg_catalog'', table_name ''pg_stat_activity'')', server.name);${openFor};
      longest := GREATEST(longest, open_for);
      DROP FOREIGN TABLE pg_temp.fdwsync_sessions;
    EXCEPTION WHEN OTHERS THEN
      -- The overlap alone counts, for example if the owner has no USAGE on the server. What fails for good fails once more when rows are read.
      NULL;
    END;
  END LOOP;
  PERFORM set_config('search_path', path, true);
  RETURN to_jsonb(EXTRACT(epoch FROM longest));
END`
}
