// The part of fdwsync.refresh() that finds what to refresh: the copy, or all copies of its group, and by which strategy each.
import { trusted } from '../../core/sql.ts'
import { fullNameIn } from '../../kinds/facets/copy/full-name.ts'
import { isMarked } from '../../kinds/facets/copy/table-mark.ts'
import { leaseKey } from '../lease-key.ts'
import { comparedBytes, findUndigested, rowsPerBlock } from './digests.ts'
import { findKnown, findScope, findUnusable, watermarkColumnOf } from './watermark.ts'

/**
 * A swap or an apply can commit at any time. An OID can be that of a relation which is gone, and a snapshot can be from before that.
 * @param copy its name, or its OID
 */
export const raiseReplaced = (copy: string) => `
        RAISE EXCEPTION '% was altered, dropped or replaced at the same time', ${copy}
          USING ERRCODE = 'serialization_failure', HINT = 'If a refresh or an apply has done that, call the function again, in a new transaction.';`

/** `entry` is the copy as the ledger knows it: under its present name, or under the declared one if it was renamed by hand. */
export const findEntry = `
  SELECT c.relkind IN ('m', 'r') AS is_copy, c.relkind = 'r' AS is_table, n.nspname, c.relname, format('%I.%I', n.nspname, c.relname) AS name,
         o.manifest, o.address, p.group_name
    INTO entry
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN fdwsync.object o
      ON o.address = format('["%s",%s,%s]', CASE c.relkind WHEN 'r' THEN 'table' ELSE 'materializedView' END,
                            to_json(n.nspname::text), to_json(c.relname::text))
      OR o.object_oid = c.oid AND o.address ~ '^\\["(materializedView|table)"'
         -- The OIDs in the ledger of a restored database are those of other relations.
         AND to_regclass(format('%I.%I', o.address::json ->> 1, o.address::json ->> 2)) IS NULL
    LEFT JOIN fdwsync.policy p ON p.address = regexp_replace(o.address, '^[^,]*', '["refreshPolicy"')
   WHERE c.oid = $1 ORDER BY o.object_oid = c.oid DESC NULLS LAST LIMIT 1;
  IF $1 IS NOT NULL AND entry.is_copy IS NULL THEN${raiseReplaced('$1')}
  ELSIF entry.is_copy IS NOT TRUE THEN
    RAISE EXCEPTION '% is neither a materialized view nor a table', coalesce(entry.name, $1::text) USING ERRCODE = 'wrong_object_type';
  END IF;
  IF entry.manifest IS NULL THEN
    RAISE EXCEPTION 'no manifest manages % %', CASE WHEN entry.is_table THEN 'table' ELSE 'materialized view' END, entry.name
      USING ERRCODE = 'undefined_object', HINT = 'Declare it in a manifest, and run fdwsync apply.';
  END IF;
  IF current_setting('transaction_read_only') = 'on' THEN
    RAISE EXCEPTION '% cannot be refreshed in a read-only transaction', entry.name
      USING ERRCODE = 'read_only_sql_transaction', HINT = CASE WHEN pg_is_in_recovery() THEN 'This server is a standby: call the function on its primary.'
                                                               ELSE 'Begin it with READ WRITE, or see default_transaction_read_only.' END;
  END IF;
  IF NOT has_table_privilege('fdwsync.refresh', 'INSERT') THEN
    RAISE EXCEPTION 'the refresh of % cannot be recorded: % has no INSERT on fdwsync.refresh', entry.name, current_user
      USING ERRCODE = 'insufficient_privilege', HINT = format('Grant it: GRANT INSERT ON fdwsync.refresh TO %I;', current_user);
  END IF;`

/**
 * As the command does, until the transaction ends: an apply may alter the server or the mapping that is read through. It does not wait,
 * since its transaction may hold what the apply waits for, which the server would not find to be a deadlock.
 */
export const takeLease = `
  IF NOT pg_try_advisory_xact_lock_shared(${leaseKey(trusted('entry.manifest'))}) THEN
    RAISE EXCEPTION 'an apply of "%" is running', entry.manifest
      USING ERRCODE = 'lock_not_available', HINT = format('Refresh %s once it has ended.', entry.name);
  END IF;`

// A copy reads what its rule depends on; the rule of a table is that of its view in fdwsync_source. A copy that reads other
// members, also through views, comes after them. All are found by name in one snapshot, as a swap may have replaced the named one
// since it was found; or by OID, if they were renamed by hand.
const membersQuery = `
    WITH RECURSIVE listed AS (
      SELECT o.address, o.manifest, coalesce(o.search_path, '{public}') AS path, p.strategy, p.timeout, p.skip_if_same, p.watermark,
             CASE o.address WHEN entry.address THEN entry.nspname ELSE (o.address::json ->> 1)::name END AS nspname,
             CASE o.address WHEN entry.address THEN entry.relname ELSE (o.address::json ->> 2)::name END AS relname, o.object_oid
        FROM fdwsync.object o LEFT JOIN fdwsync.policy p ON p.address = regexp_replace(o.address, '^[^,]*', '["refreshPolicy"')
       WHERE o.manifest = entry.manifest AND o.address ~ '^\\["(materializedView|table)"'
         AND (o.address = entry.address OR p.group_name = entry.group_name)
    ), found AS (
      SELECT l.*, c.oid, c.relkind = 'r' AS is_table, c.relowner, c.relnamespace, CASE c.relkind WHEN 'm' THEN c.oid ELSE v.oid END AS source,
             'fdwsync_source.' || quote_ident(v.relname) AS source_name,
             format('%I.%I', coalesce(n.nspname, l.nspname), coalesce(c.relname, l.relname)) AS name,
             CASE c.relkind WHEN 'm' THEN c.relispopulated ELSE obj_description(v.oid, 'pg_class') IS NULL END AS is_loaded,${watermarkColumnOf} AS grows
        FROM listed l
        LEFT JOIN LATERAL (
          SELECT named.* FROM pg_class named WHERE named.relkind IN ('m', 'r') AND
                 (named.relname = l.relname AND named.relnamespace = (SELECT s.oid FROM pg_namespace s WHERE s.nspname = l.nspname)
                  OR named.oid = l.object_oid)
           ORDER BY named.oid = l.object_oid LIMIT 1) AS c ON true
        LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_class v ON c.relkind = 'r' AND ${isMarked('c')} AND v.relkind = 'v' AND v.relnamespace = to_regnamespace('fdwsync_source')
              AND v.relname = (SELECT CASE WHEN octet_length(convert_to(full_name, 'UTF8')) > 63 THEN md5(convert_to(full_name, 'UTF8')) ELSE full_name END
                                 FROM (SELECT ${fullNameIn('c', 'n')}) AS of(full_name))
    ), reads(oid, what) AS (
      SELECT f.oid, d.refobjid FROM found f JOIN pg_rewrite r ON r.ev_class = f.source
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> f.source
      UNION
      SELECT reads.oid, d.refobjid FROM reads LEFT JOIN found f ON f.oid = reads.what
        JOIN pg_rewrite r ON r.ev_class = coalesce(f.source, reads.what)
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> reads.what
    )
    SELECT f.*, f.address = entry.address AS is_named, pg_get_userbyid(f.relowner) AS owner,
           CASE f.address WHEN entry.address THEN coalesce($2, f.strategy, 'auto') ELSE coalesce(f.strategy, 'auto') END AS asked,
           EXISTS (SELECT FROM pg_index i WHERE i.indrelid = f.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                      AND i.indpred IS NULL AND i.indexprs IS NULL) AS has_unique_index,
           CASE WHEN NOT has_schema_privilege(f.relowner, f.relnamespace, 'USAGE') THEN format('USAGE on schema %s', f.relnamespace::regnamespace)
                WHEN NOT has_database_privilege(f.relowner, current_database(), 'TEMPORARY') THEN format('TEMPORARY on database %I', current_database())
           END AS lacked,
           EXISTS (SELECT FROM pg_index i WHERE i.indrelid = f.oid AND i.indisprimary) AS has_key
      FROM found f ORDER BY (SELECT count(*) FROM reads JOIN found AS other ON other.oid = reads.what WHERE reads.oid = f.oid), f.address`

const tableStrategies = `'{auto,watermark,compare,merge}'::text[]`
const viewStrategies = `'{auto,concurrently,plain}'::text[]`

/** Appends the copies to `members` in the order of their refreshes: `how` is the strategy, `because` the reason. */
export const findMembers = `
  FOR member IN ${membersQuery}
  LOOP
    command := format('Run the command: fdwsync refresh %s', member.name);
    IF member.is_table IS NULL OR member.source IS NULL THEN
      RAISE EXCEPTION '% does not exist as it was applied', member.name
        USING ERRCODE = 'undefined_object', HINT = 'Run fdwsync apply first.';
    ELSIF member.asked = 'swap' THEN
      RAISE EXCEPTION '% cannot be refreshed by strategy swap from SQL', member.name
        USING ERRCODE = 'feature_not_supported',
              HINT = format('%s, or name another strategy: fdwsync.refresh(%L, ''auto'').', command, member.name);
    ELSIF member.asked <> ALL (CASE WHEN member.is_table THEN ${tableStrategies} ELSE ${viewStrategies} END) THEN
      RAISE EXCEPTION '% cannot be refreshed by strategy %: %', member.name, quote_ident(member.asked),
                      CASE WHEN member.asked <> ALL (${tableStrategies} || ${viewStrategies}) THEN 'there is none of that name'
                           WHEN member.is_table THEN 'it is a table' ELSE 'it is a materialized view' END
        USING ERRCODE = 'invalid_parameter_value',
              HINT = format('Name one of these: %s.', array_to_string(CASE WHEN member.is_table THEN ${tableStrategies} ELSE ${viewStrategies} END, ', '));
    ELSIF member.is_table AND NOT member.has_key THEN
      RAISE EXCEPTION 'table % has no primary key, and can only be swapped, not from SQL', member.name
        USING ERRCODE = 'feature_not_supported', HINT = command || '.';
    END IF;${findUnusable}
    IF member.asked = 'watermark' AND unusable IS NOT NULL THEN
      RAISE EXCEPTION '% cannot be refreshed by strategy watermark: %', member.name, unusable
        USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run fdwsync plan.';
    END IF;
    scope := '{}';
    IF member.is_table AND member.asked <> 'merge' THEN${findKnown}
      IF member.asked IN ('auto', 'watermark') AND unusable IS NULL THEN${findScope}
      ELSE${findUndigested}
        IF undigested IS NULL AND (member.asked = 'compare' OR pg_relation_size(member.oid) >= ${comparedBytes}) THEN
          scope := jsonb_build_object('how', 'compare', 'compared', 'all', 'per_block', ${rowsPerBlock});
        ELSE
          scope := jsonb_build_object('because', coalesce(undigested, 'it is small'));
        END IF;
      END IF;
    END IF;
    members := array_append(members, to_jsonb(member) || jsonb_build_object(
      'how', CASE WHEN member.is_table THEN 'merge' WHEN NOT member.is_loaded THEN 'plain' WHEN member.asked <> 'auto' THEN member.asked
                  WHEN member.has_unique_index AND member.lacked IS NULL THEN 'concurrently' ELSE 'plain' END,
      'because', CASE WHEN NOT member.is_table AND NOT member.is_loaded THEN 'it holds no data yet, so no reader waits'
                      WHEN member.asked <> 'auto' THEN CASE WHEN member.is_named AND $2 IS NOT NULL THEN 'as asked for' ELSE 'as declared' END
                      WHEN member.is_table THEN 'it has a primary key, so only blocks of rows that differ are read'
                      WHEN NOT member.has_unique_index THEN 'it has no unique index on plain columns'
                      WHEN member.lacked IS NULL THEN 'readers do not wait'
                      ELSE format('its owner %I has no %s, which CONCURRENTLY needs', member.owner, member.lacked) END) || scope);
  END LOOP;`

// PostgreSQL measures statement_timeout from the beginning of the statement that calls the function, so it cannot be set within it. A
// background worker of pg_cron applies only what it has when it begins.
export const requireTimeout = `
  SELECT min((each ->> 'timeout')::interval) INTO timeout FROM unnest(members) AS each;
  IF timeout IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_settings WHERE name = 'statement_timeout' AND setting::bigint > 0
         AND setting::bigint <= GREATEST(1, LEAST(2147483647, extract(epoch FROM timeout) * 1000))
         AND (source <> 'session' OR NOT is_worker)) THEN
    RAISE EXCEPTION 'the timeout of % cannot be applied to %: statement_timeout is %', timeout, entry.name, current_setting('statement_timeout')
      USING ERRCODE = 'feature_not_supported',
            HINT = CASE WHEN is_worker THEN 'Set cron.use_background_workers to off, or statement_timeout for the role.'
                        ELSE format('In a statement before it: SET statement_timeout = %L; or run the command: fdwsync refresh %s.',
                                    (extract(epoch FROM timeout) * 1000)::bigint || 'ms', entry.name) END;
  END IF;`
