// The function fdwsync.refresh(), by which SQL refreshes a copy: from psql, from functions and from pg_cron.

import { createHash } from 'node:crypto'
import { join, literal, type Sql, sql, trusted } from '../core/sql.ts'

// The manifest's search_path applies to the REFRESH alone, as it does to that of the command: before PostgreSQL 17 the functions in
// a query find names by it. What runs under that path names its functions with pg_catalog.
//
// Under REPEATABLE READ the data is as of the beginning of the transaction, so the age counts from there.
const body = `
DECLARE
  class record;
  entry record;
  asked text;
  how text;
  because text;
  command text;
  started timestamptz;
  inserted bigint;
  deleted bigint;
  is_job boolean;
  written fdwsync.refresh;
BEGIN
  SELECT c.relkind, c.relispopulated, n.nspname, c.relname, format('%I.%I', n.nspname, c.relname) AS name,
         EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                    AND i.indpred IS NULL AND i.indexprs IS NULL) AS has_unique_index
    INTO class FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1;
  IF class.relkind IS DISTINCT FROM 'm' THEN
    RAISE EXCEPTION '% is not a materialized view', coalesce(class.name, $1::text) USING ERRCODE = 'wrong_object_type';
  END IF;
  -- Under its present name, or under the declared one if it was renamed by hand.
  SELECT o.manifest, o.address, coalesce(o.search_path, '{public}') AS path, p.strategy
    INTO entry
    FROM fdwsync.object o LEFT JOIN fdwsync.policy p ON p.address = regexp_replace(o.address, '^[^,]*', '["refreshPolicy"')
   WHERE o.object_oid = $1 AND o.address LIKE '["materializedView",%'
      OR o.address = format('["materializedView",%s,%s]', to_json(class.nspname::text), to_json(class.relname::text))
   ORDER BY o.object_oid = $1 DESC LIMIT 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no manifest manages materialized view %', class.name
      USING ERRCODE = 'undefined_object', HINT = 'Declare it in a manifest, and run fdwsync apply.';
  END IF;
  asked := coalesce($2, entry.strategy, 'auto');
  IF asked = 'swap' THEN
    RAISE EXCEPTION 'materialized view % cannot be refreshed by strategy swap from SQL', class.name
      USING ERRCODE = 'feature_not_supported',
            HINT = format('Run the command fdwsync refresh, or name another strategy: fdwsync.refresh(%L, ''auto'').', class.name);
  ELSIF asked NOT IN ('auto', 'plain', 'concurrently') THEN
    RAISE EXCEPTION 'unknown strategy "%"', asked
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Strategies are auto, plain and concurrently.';
  END IF;
  IF NOT has_table_privilege('fdwsync.refresh', 'INSERT') THEN
    RAISE EXCEPTION 'the refresh of % cannot be recorded: % has no INSERT on fdwsync.refresh', class.name, current_user
      USING ERRCODE = 'insufficient_privilege', HINT = format('Grant it: GRANT INSERT ON fdwsync.refresh TO %I;', current_user);
  END IF;
  how := CASE WHEN NOT class.relispopulated THEN 'plain'
              WHEN asked = 'auto' AND class.has_unique_index THEN 'concurrently'
              WHEN asked = 'auto' THEN 'plain' ELSE asked END;
  because := CASE WHEN NOT class.relispopulated THEN 'it holds no data yet, so no reader waits'
                  WHEN asked <> 'auto' THEN 'as declared'
                  WHEN class.has_unique_index THEN 'readers do not wait' ELSE 'it has no unique index on plain columns' END;
  command := format('REFRESH MATERIALIZED VIEW %s%s', CASE how WHEN 'concurrently' THEN 'CONCURRENTLY ' END, class.name);
  inserted := pg_stat_get_xact_tuples_inserted($1);
  deleted := pg_stat_get_xact_tuples_deleted($1);
  started := CASE current_setting('transaction_isolation') WHEN 'read committed' THEN clock_timestamp() ELSE now() END;
  PERFORM pg_catalog.set_config('search_path', coalesce((SELECT string_agg(quote_ident(name), ', ') FROM unnest(entry.path) AS name), ''), true);
  EXECUTE command;
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  inserted := pg_stat_get_xact_tuples_inserted($1) - inserted;
  deleted := pg_stat_get_xact_tuples_deleted($1) - deleted;
  IF current_setting('track_counts') <> 'on' THEN
    inserted := NULL;
    deleted := NULL;
  END IF;
  -- pg_cron runs its jobs over connections or in background workers. Both have its name, but only one as a setting.
  is_job := EXISTS (SELECT FROM pg_stat_activity
                     WHERE pid = pg_backend_pid() AND (application_name LIKE 'pg\\_cron%' OR backend_type LIKE 'pg\\_cron%'));
  INSERT INTO fdwsync.refresh (id, manifest, address, origin, asked, how, because, refreshed_by, started_at, ended_at, row_count, inserted,
         deleted, bytes, outcome)
  VALUES (gen_random_uuid(), entry.manifest, entry.address,
          CASE WHEN is_job THEN 'cron' ELSE 'function' END, asked, how, because,
          current_user, started, clock_timestamp(), CASE how WHEN 'plain' THEN inserted END, inserted,
          CASE how WHEN 'concurrently' THEN deleted END, pg_relation_size($1), 'applied')
  RETURNING * INTO written;
  RETURN written;
END`

const settings = 'search_path=pg_catalog, pg_temp'
const signature = 'copy regclass, strategy text DEFAULT NULL::text'

export const createRefreshFunction: Sql = sql`
  CREATE OR REPLACE FUNCTION fdwsync.refresh(copy regclass, strategy text DEFAULT NULL) RETURNS fdwsync.refresh
  LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS ${literal(body)}`

export const commentOnRefreshFunction: Sql = sql`COMMENT ON FUNCTION fdwsync.refresh(regclass, text) IS ${literal(
  'Refreshes a copy by its policy, plain or concurrently, and records it. Returns the row that it has written.',
)}`

/** The MD5 of the body in this release and in older ones, whose ledgers are read as they are. */
const knownBodies: readonly string[] = [
  createHash('md5').update(body).digest('hex'),
  '8c3967d264fed1241607db65137e0ed4', // version 15 of the ledger
]

/** Whether the function `p` is just as a release of fdwsync has created it. Its owner is checked apart. */
export const isRefreshFunction: Sql = sql`
  (p.proname = 'refresh' AND NOT p.prosecdef AND p.probin IS NULL AND p.proconfig = ARRAY[${literal(settings)}]
   AND p.prolang = (SELECT oid FROM pg_catalog.pg_language WHERE lanname = 'plpgsql')
   AND pg_catalog.pg_get_function_arguments(p.oid) = ${literal(signature)}
   AND pg_catalog.md5(p.prosrc) IN (${join(knownBodies.map(literal), ', ')}))`

/** For the query of another file: the function of the ledger's schema, if it exists. It goes by the index on the name. */
export const refreshFunctions = (schema: 'n.oid' | 'ns.oid'): Sql =>
  trusted(`pg_catalog.pg_proc p WHERE p.proname = 'refresh' AND p.pronamespace = ${schema}`)
