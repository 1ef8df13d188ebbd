// The body of fdwsync.refresh(). A change of it needs a migration of the ledger, and its digest in ./refresh-function.ts.
//
// The manifest's search_path applies to the queries alone, as it does to those of the command: before PostgreSQL 17 the functions in a
// query find names by it. What runs under that path names its functions with pg_catalog.

import { settingsOfRole } from '../../introspector/transaction-settings.ts'
import { recordedAnswer } from '../answers.ts'
import { findEntry, findMembers, requireTimeout, takeLease } from './members.ts'
import { askIfSame } from './skip.ts'
import { refreshTable } from './table.ts'
import { findOpenTransactions } from './watermark.ts'

const refreshView = `
      inserted := pg_stat_get_xact_tuples_inserted((member ->> 'oid')::oid);
      deleted := pg_stat_get_xact_tuples_deleted((member ->> 'oid')::oid);
      PERFORM set_config('search_path', path, true);
      EXECUTE pg_catalog.concat('REFRESH MATERIALIZED VIEW ', CASE member ->> 'how' WHEN 'concurrently' THEN 'CONCURRENTLY ' END, member ->> 'name');
      PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
      -- REFRESH has waited for a swap, and has refreshed the successor.
      member := member || jsonb_build_object('oid', to_regclass(member ->> 'name')::oid);
      inserted := CASE current_setting('track_counts') WHEN 'on' THEN pg_stat_get_xact_tuples_inserted((member ->> 'oid')::oid) - inserted END;
      deleted := CASE WHEN current_setting('track_counts') = 'on' AND member ->> 'how' = 'concurrently'
                      THEN pg_stat_get_xact_tuples_deleted((member ->> 'oid')::oid) - deleted END;
      updated := NULL;
      row_count := CASE member ->> 'how' WHEN 'plain' THEN inserted END;
      found_state := NULL;`

// A transaction may read a source as it was at the beginning of the transaction. So the age counts from there.
const record = `
    INSERT INTO fdwsync.refresh (id, manifest, address, origin, asked, how, because, refreshed_by, started_at, ended_at, row_count, inserted,
           updated, deleted, bytes, answer, state, outcome, reason)
    VALUES (gen_random_uuid(), member ->> 'manifest', member ->> 'address', origin, member ->> 'asked', member ->> 'how', member ->> 'because',
            current_user, now(), clock_timestamp(), row_count, inserted, updated, deleted,
            CASE WHEN NOT is_same THEN pg_relation_size((member ->> 'oid')::oid) END, CASE WHEN NOT is_same THEN ${recordedAnswer("answers ->> (member ->> 'address')", "(member ->> 'oid')::oid")} END, CASE WHEN NOT is_same THEN found_state END,
            CASE WHEN is_same THEN 'skipped' ELSE 'applied' END, reason)
    RETURNING * INTO written;
    IF (member ->> 'is_named')::bool THEN
      result := written;
    END IF;`

const clearMark = `
      IF has_column_privilege('fdwsync.object', 'outdated_by', 'UPDATE') THEN
        UPDATE fdwsync.object o SET outdated_by = NULL
         WHERE o.manifest = member ->> 'manifest' AND o.address = member ->> 'address' AND o.outdated_by IS NOT NULL;
      END IF;`

// Other sessions compare the number of writes with what is recorded. This one may report it much later.
const reportWrites = `
  IF answers <> '{}' AND current_setting('server_version_num')::int >= 150000 THEN
    PERFORM pg_stat_force_next_flush();
  END IF;`

/** As in a REFRESH by the command: see loader/load-settings.ts. They are in effect until the function returns. */
const useSettingsOfRole = `
  PERFORM set_config(name, reset_val, true) FROM pg_settings WHERE name = ANY ('{${settingsOfRole.join()}}');`

export const body = `
DECLARE
  entry record;
  members jsonb[] := '{}';
  present jsonb;
  command text;
  timeout interval;
  -- pg_cron runs its jobs over connections or in background workers. Both have its name, but only one as a setting.
  is_worker boolean := EXISTS (SELECT FROM pg_stat_activity WHERE pid = pg_backend_pid() AND backend_type LIKE 'pg\\_cron%');
  origin text := CASE WHEN is_worker OR current_setting('application_name') LIKE 'pg\\_cron%' THEN 'cron' ELSE 'function' END;
  role text := current_setting('role');
  path text;
  block text;
  answer text;
  answers jsonb := '{}';
  open_seconds jsonb := '{}';
  unusable text;
  undigested text;
  known record;
  scope jsonb;
  counts jsonb;
  found_state jsonb;
  age interval;
  oldest interval;
  is_same boolean := true;
  reason text;
  row_count bigint;
  inserted bigint;
  updated bigint;
  deleted bigint;
  written fdwsync.refresh;
  result fdwsync.refresh;
BEGIN${findEntry}${takeLease}
  DECLARE
    member record;
  BEGIN${findMembers}
  END;${requireTimeout}
  DECLARE
    member jsonb;
  BEGIN${findOpenTransactions}${askIfSame}${useSettingsOfRole}
  FOREACH member IN ARRAY members LOOP
    SELECT coalesce(string_agg(quote_ident(name), ', '), '') INTO path FROM jsonb_array_elements_text(member -> 'path') AS name;
    IF NOT is_same THEN
      IF (member ->> 'is_table')::bool THEN${refreshTable}
      ELSE${refreshView}
      END IF;${clearMark}
    END IF;${record}
  END LOOP;
  END;${reportWrites}
  RETURN result;
END`
