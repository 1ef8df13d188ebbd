// The query for what was added by hand to relations that are about to be replaced, as statements that add it to the successors.

import { type Sql, trusted } from '../../core/sql.ts'

// The statements recreate what no manifest declares: indexes, constraints, extended statistics, triggers, rules, column defaults,
// identities, row-level security, places in publications, replica identities, security labels, dependencies on extensions, the position of
// identity columns, the comment and the privileges of row types, and what was set on the constraints that a manifest declares. Sequences of columns change hands. `$1` lists
// the relations, each with the scratch schema of its successor, which has the same name, and with its columns and constraints that
// the successor has too, whose names there may differ. `$2` lists the ids of all declared objects, `$3` those that are no longer
// declared, `$4` the attachments that the plan has named as lost.
// - Extended statistics may be in any schema and do not move with their relation. They are created in the scratch
//   schema under a temporary name, so that ANALYZE computes them there. They are renamed and moved after the swap,
//   when their own name is free.
// - pg_get_indexdef omits the tablespace of an index.
// - Statistics keep their owner if this role may give them to it. Otherwise they become this role's.
// - All privileges of a row type come from its owner afterwards.
// - A trigger that a partition inherits from its parent is created along with the partition.
export const attachmentsQuery: Sql = trusted(`
  WITH old AS (
    SELECT c.*, n.nspname, scratch, kept, format('%I.%I', scratch, c.relname) AS successor, columns, keys,
           kind = 'table' AND relkind = 'r' AS "isTable", kind <> 'materializedView' OR relkind = 'm' AS "hasTriggers",
           CASE kind WHEN 'foreignTable' THEN 'FOREIGN TABLE' WHEN 'view' THEN 'VIEW' WHEN 'table' THEN 'TABLE' ELSE 'MATERIALIZED VIEW' END AS word
      FROM jsonb_to_recordset($1) AS r(oid oid, scratch text, kept boolean, columns jsonb, keys jsonb, kind text) JOIN pg_class c USING (oid)
      JOIN pg_namespace n ON n.oid = c.relnamespace
  ), declared AS (
    SELECT * FROM jsonb_to_recordset($2) AS o(kind text, schema text, name text)
  ), dropped AS (
    SELECT * FROM jsonb_to_recordset($3) AS o(kind text, schema text, name text)
  ), lost AS (
    SELECT catalog::regclass AS classid, oid AS objid FROM jsonb_to_recordset($4) AS l(catalog text, oid oid)
  ), extended AS (
    SELECT classid, objid, extname FROM pg_depend JOIN pg_extension e ON e.oid = refobjid WHERE deptype = 'x'
  ), added_indexes AS (
    SELECT i.*, old.oid, old.nspname, old.relname AS of, scratch, successor, ic.relname,
           pg_get_indexdef(i.indexrelid) AS definition, t.spcname
      FROM old JOIN pg_index i ON i.indrelid = old.oid JOIN pg_class ic ON ic.oid = i.indexrelid
      LEFT JOIN pg_tablespace t ON t.oid = ic.reltablespace
     WHERE NOT EXISTS (SELECT FROM declared WHERE kind = 'index' AND schema = old.nspname AND name = ic.relname)
       AND NOT EXISTS (SELECT FROM dropped WHERE kind = 'index' AND schema = old.nspname AND name = ic.relname)
       AND NOT EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_class'::regclass, ic.oid))
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = ic.oid AND conrelid = old.oid)
  ), added_statistics AS (
    SELECT s.*, sn.nspname, scratch, successor, to_jsonb(s) ->> 'stxstattarget' AS target,
           format('%I.%I', scratch, 'fdwsync_' || s.oid) AS beside, format('%I.%I', sn.nspname, s.stxname) AS place
      FROM old JOIN pg_statistic_ext s ON s.stxrelid = old.oid JOIN pg_namespace sn ON sn.oid = s.stxnamespace
     WHERE NOT EXISTS (SELECT FROM declared WHERE kind = 'statistics' AND schema = sn.nspname AND name = s.stxname)
       AND NOT EXISTS (SELECT FROM dropped WHERE kind = 'statistics' AND schema = sn.nspname AND name = s.stxname)
       AND NOT EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_statistic_ext'::regclass, s.oid))
  ), triggers AS (
    SELECT t.*, format('%I.%I', nspname, relname) AS on_relation
      FROM old JOIN pg_trigger t ON t.tgrelid = old.oid AND "hasTriggers" WHERE NOT t.tgisinternal AND t.tgparentid = 0
       AND NOT EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_trigger'::regclass, t.oid))
  ), rules AS (
    SELECT old.oid, rulename, r.oid AS rule, ev_enabled, format('%I.%I', nspname, relname) AS on_relation,
           EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_rewrite'::regclass, r.oid)) AS "isLost"
      FROM old JOIN pg_rewrite r ON r.ev_class = old.oid AND rulename <> '_RETURN' AND "hasTriggers"
  ), constraints AS (
    SELECT k.*, scratch, successor, columns, contype = 'n' AS "isNotNull", coalesce(keys ->> conname, conname) AS name
      FROM old JOIN pg_constraint k ON conrelid = old.oid
     WHERE "isTable" AND (contype IN ('u', 'x', 'c', 'f', 'n') OR contype = 'p' AND keys ? conname)
       AND NOT EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_constraint'::regclass, k.oid))
  ), foreign_keys AS (
    SELECT k.*, r.successor AS referenced, coalesce(confrelid <> conrelid AND r.oid IS NOT NULL, false) AS "isBetween",
           pg_get_constraintdef(k.oid) AS definition, format(' REFERENCES %s(', confrelid::regclass) AS clause
      FROM constraints k LEFT JOIN old r ON r.oid = confrelid WHERE contype = 'f'
  ), constraint_indexes AS (
    SELECT k.*, format('%I.%I', scratch, name) AS index, ic.reloptions, spcname, indisclustered
      FROM constraints k JOIN pg_index i ON indexrelid = conindid JOIN pg_class ic ON ic.oid = indexrelid
      LEFT JOIN pg_tablespace t ON t.oid = ic.reltablespace
     WHERE contype IN ('p', 'u', 'x')
  ), sequences AS (
    SELECT old.oid, format('%I.%I', sn.nspname, s.relname) AS sequence,
           format('%I.%I.%I', old.nspname, old.relname, columns ->> attname) AS of_column
      FROM old JOIN pg_depend d ON (refclassid, refobjid) = ('pg_class'::regclass, old.oid) AND classid = 'pg_class'::regclass AND deptype = 'a'
      JOIN pg_class s ON s.oid = objid AND s.relkind = 'S' JOIN pg_namespace sn ON sn.oid = s.relnamespace
      JOIN pg_attribute a ON attrelid = old.oid AND attnum = refobjsubid
     WHERE NOT EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_sequence'::regclass, s.oid))
  ), policies AS (
    SELECT p.*, format('%I.%I', nspname, relname) AS on_relation
      FROM old JOIN pg_policy p ON polrelid = old.oid AND "isTable"
     WHERE NOT EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_policy'::regclass, p.oid))
  ), row_types AS (
    SELECT old.oid, successor, relowner, typacl, obj_description(t.oid, 'pg_type') AS comment FROM old JOIN pg_type t ON t.oid = reltype
  ), statements AS (
    SELECT oid, 3 AS place, CASE WHEN spcname IS NULL THEN '' ELSE format('SET LOCAL default_tablespace = %L; ', spcname) END ||
              left(definition, strpos(definition, on_old) - 1) || ' ON ' || successor ||
              substr(definition, strpos(definition, on_old) + length(on_old) - length(' USING ')) ||
              CASE WHEN spcname IS NULL THEN '' ELSE '; SET LOCAL default_tablespace = ''''' END AS sql
      FROM added_indexes, format(' ON %I.%I USING ', nspname, of) AS on_old
    UNION ALL
    SELECT oid, 4, format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', scratch, relname, attnum, attstattarget)
      FROM added_indexes JOIN pg_attribute ON attrelid = indexrelid AND attstattarget >= 0
    UNION ALL
    SELECT oid, 4, format('COMMENT ON INDEX %I.%I IS %L', scratch, relname, obj_description(indexrelid, 'pg_class'))
      FROM added_indexes WHERE obj_description(indexrelid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT oid, 4, format('ALTER TABLE %s CLUSTER ON %I', successor, relname)
      FROM added_indexes WHERE indisclustered
    UNION ALL
    -- The primary key and NOT NULL are declared.
    SELECT conrelid, 3, format('ALTER TABLE %s ADD CONSTRAINT %I %s', successor, conname, pg_get_constraintdef(oid))
      FROM constraints WHERE contype IN ('u', 'x', 'c')
    UNION ALL
    SELECT conrelid, CASE WHEN "isBetween" THEN 13 ELSE 5 END,
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', successor, conname, CASE WHEN referenced IS NULL THEN definition
                  ELSE overlay(definition PLACING format(' REFERENCES %s(', referenced) FROM strpos(definition, clause) FOR length(clause)) END)
      FROM foreign_keys
    UNION ALL
    SELECT conrelid, 8, format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM foreign_keys WHERE "isBetween"
    UNION ALL
    SELECT conrelid, CASE WHEN oid IN (SELECT oid FROM foreign_keys WHERE "isBetween") THEN 14 ELSE 6 END,
           format('COMMENT ON CONSTRAINT %I ON %s IS %L', name, successor, obj_description(oid, 'pg_constraint'))
      FROM constraints WHERE obj_description(oid, 'pg_constraint') IS NOT NULL
    UNION ALL
    -- The server has named those of the successor.
    SELECT conrelid, 4, format('DO %L', format('DECLARE named name := (SELECT conname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid ' ||
                    'AND attnum = ANY (conkey) WHERE conrelid = %L::regclass AND contype = %L AND attname = %L); ' ||
                    'BEGIN IF named <> %L THEN EXECUTE format(%L, named); END IF; END', successor, 'n', attname, conname,
                    replace(format('ALTER TABLE %s RENAME CONSTRAINT ', successor), '%', '%%') || '%I' || replace(format(' TO %I', conname), '%', '%%')))
      FROM constraints JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey) WHERE "isNotNull" AND columns ? attname
    UNION ALL
    SELECT conrelid, 4, format('ALTER INDEX %s SET (%s)', index, (SELECT string_agg(format('%I = %L', option_name, option_value), ', ') FROM pg_options_to_table(reloptions)))
      FROM constraint_indexes WHERE reloptions IS NOT NULL
    UNION ALL
    SELECT conrelid, 4, format('ALTER INDEX %s SET TABLESPACE %I', index, spcname) FROM constraint_indexes WHERE spcname IS NOT NULL
    UNION ALL
    SELECT conrelid, 4, format('ALTER TABLE %s CLUSTER ON %I', successor, name) FROM constraint_indexes WHERE indisclustered
    UNION ALL
    SELECT conrelid, 4, format('COMMENT ON INDEX %s IS %L', index, obj_description(conindid, 'pg_class'))
      FROM constraint_indexes WHERE obj_description(conindid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT stxrelid, 5, format('CREATE STATISTICS %s%s ON %s FROM %s', beside,
                     (SELECT ' (' || string_agg(CASE k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies'
                                                 WHEN 'm' THEN 'mcv' END, ', ') || ')'
                        FROM unnest(stxkind) k WHERE k <> 'e'),
                     pg_get_statisticsobjdef_columns(oid), successor)
      FROM added_statistics
    UNION ALL
    SELECT stxrelid, 6, format('ALTER STATISTICS %s SET STATISTICS %s', beside, target)
      FROM added_statistics WHERE target::int >= 0
    UNION ALL
    SELECT stxrelid, 6, format('COMMENT ON STATISTICS %s IS %L', beside, obj_description(oid, 'pg_statistic_ext'))
      FROM added_statistics WHERE obj_description(oid, 'pg_statistic_ext') IS NOT NULL
    UNION ALL
    -- Renamed and moved one at a time: statistics of two schemas may have the same name.
    SELECT stxrelid, 9, format('ALTER STATISTICS %s RENAME TO %I; ALTER STATISTICS %I.%I SET SCHEMA %I',
                               beside, stxname, scratch, stxname, nspname)
      FROM added_statistics
    UNION ALL
    SELECT stxrelid, 10, format('ALTER STATISTICS %s OWNER TO %I', place, pg_get_userbyid(stxowner))
      FROM added_statistics WHERE pg_get_userbyid(stxowner) <> current_user AND ((SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
       OR CASE WHEN current_setting('server_version_num')::int < 160000 THEN pg_has_role(stxowner, 'MEMBER') ELSE pg_has_role(stxowner, 'SET') END
          AND has_schema_privilege(stxowner, stxnamespace, 'CREATE'))
    UNION ALL
    SELECT old.oid, 6, format('ALTER %s %s ALTER COLUMN %I SET DEFAULT %s', word, successor, attname, pg_get_expr(adbin, adrelid))
      FROM old JOIN pg_attrdef d ON adrelid = old.oid JOIN pg_attribute a ON a.attrelid = old.oid AND a.attnum = adnum
     WHERE (relkind = 'v' OR "isTable") AND attgenerated = '' AND columns ? attname
       AND NOT EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_attrdef'::regclass, d.oid))
    UNION ALL
    SELECT old.oid, 5, format('ALTER TABLE %s ALTER COLUMN %I ADD GENERATED %s AS IDENTITY (INCREMENT %s MINVALUE %s MAXVALUE %s START %s CACHE %s%s)',
                              successor, attname, CASE attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, seqincrement, seqmin, seqmax, seqstart,
                              seqcache, CASE WHEN seqcycle THEN ' CYCLE' ELSE '' END)
      FROM old JOIN pg_attribute a ON attrelid = old.oid AND attidentity <> '' AND NOT attisdropped
      JOIN pg_sequence ON seqrelid = pg_get_serial_sequence(format('%I.%I', nspname, relname), attname)::regclass
     WHERE "isTable" AND columns ? attname AND NOT EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_sequence'::regclass, seqrelid))
    UNION ALL
    -- An identity column goes on counting where its predecessor was.
    SELECT old.oid, 6, format('SELECT setval(pg_get_serial_sequence(%L, attname), %s) FROM pg_attribute ' ||
                              'WHERE attrelid = %L::regclass AND attname = %L AND attidentity <> %L',
                              successor, last, successor, attname, '')
      FROM old JOIN pg_attribute a ON attrelid = old.oid AND attidentity <> '' AND NOT attisdropped
      CROSS JOIN pg_sequence_last_value(pg_get_serial_sequence(format('%I.%I', nspname, relname), attname)::regclass) AS last
     WHERE last IS NOT NULL
    UNION ALL
    SELECT oid, 6, format('COMMENT ON TYPE %s IS %L', successor, comment) FROM row_types WHERE comment IS NOT NULL
    UNION ALL
    SELECT oid, 6, format('REVOKE ALL ON TYPE %s FROM PUBLIC, %I', successor, pg_get_userbyid(relowner)) FROM row_types WHERE typacl IS NOT NULL
    UNION ALL
    SELECT oid, 7, format('GRANT USAGE ON TYPE %s TO %s%s', successor, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
                          CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM row_types, aclexplode(typacl)
    UNION ALL
    -- A rule depends on the relations that it reads: while it exists, these cannot be dropped before its view.
    SELECT oid, 8, format('DROP RULE %I ON %s', rulename, on_relation) FROM rules
    UNION ALL
    -- A sequence that belongs to a column is dropped with it.
    SELECT oid, 8, format('ALTER SEQUENCE %s OWNED BY NONE', sequence) FROM sequences
    UNION ALL
    SELECT oid, 10, format('ALTER SEQUENCE %s OWNED BY %s', sequence, of_column) FROM sequences
    UNION ALL
    -- An original that is kept for others leaves the names of its indexes and statistics to its successor, like its own.
    SELECT old.oid, 8, format('DROP INDEX %I.%I', nspname, ic.relname)
      FROM old JOIN pg_index i ON i.indrelid = old.oid JOIN pg_class ic ON ic.oid = i.indexrelid
     WHERE kept AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = ic.oid AND conrelid = old.oid)
    UNION ALL
    SELECT old.oid, 8, format('ALTER TABLE %I.%I DROP CONSTRAINT %I', nspname, relname, conname)
      FROM old JOIN pg_constraint k ON conrelid = old.oid WHERE kept AND relkind = 'r' AND contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT old.oid, 8, format('DROP STATISTICS %I.%I', sn.nspname, stxname)
      FROM old JOIN pg_statistic_ext ON stxrelid = old.oid JOIN pg_namespace sn ON sn.oid = stxnamespace WHERE kept
    UNION ALL
    SELECT oid, 11, pg_get_ruledef(rule) FROM rules WHERE NOT "isLost"
    UNION ALL
    SELECT oid, 12, format('ALTER TABLE %s %s RULE %I', on_relation, CASE ev_enabled WHEN 'D' THEN 'DISABLE'
                      WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END, rulename)
      FROM rules WHERE ev_enabled <> 'O' AND NOT "isLost"
    UNION ALL
    SELECT oid, 12, format('COMMENT ON RULE %I ON %s IS %L', rulename, on_relation, obj_description(rule, 'pg_rewrite'))
      FROM rules WHERE obj_description(rule, 'pg_rewrite') IS NOT NULL AND NOT "isLost"
    UNION ALL
    SELECT polrelid, 11, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', polname, on_relation,
                    CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                    CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                    (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ') FROM unnest(polroles) AS role),
                    ' USING (' || pg_get_expr(polqual, polrelid) || ')', ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')')
      FROM policies
    UNION ALL
    SELECT polrelid, 12, format('COMMENT ON POLICY %I ON %s IS %L', polname, on_relation, obj_description(oid, 'pg_policy'))
      FROM policies WHERE obj_description(oid, 'pg_policy') IS NOT NULL
    UNION ALL
    SELECT oid, 12, format('ALTER TABLE %I.%I %s ROW LEVEL SECURITY', nspname, relname, security)
      FROM old CROSS JOIN LATERAL (VALUES ('ENABLE', relrowsecurity), ('FORCE', relforcerowsecurity)) AS s(security, "isSet")
     WHERE "isTable" AND "isSet"
    UNION ALL
    -- Columns and conditions exist since 15. Read through JSON, so that the query works on older servers.
    SELECT old.oid, 11, format('ALTER PUBLICATION %I ADD TABLE ONLY %I.%I%s%s', b.pubname, nspname, relname,
                    (SELECT ' (' || string_agg(quote_ident(attname), ', ' ORDER BY attnum) || ')' FROM pg_attribute
                      WHERE attrelid = old.oid AND to_jsonb(p) -> 'prattrs' @> to_jsonb(attnum)),
                    ' WHERE (' || (to_jsonb(t) ->> 'rowfilter') || ')')
      FROM old JOIN pg_publication_rel p ON prrelid = old.oid JOIN pg_publication b ON b.oid = prpubid
      LEFT JOIN pg_publication_tables t ON (t.pubname, schemaname, tablename) = (b.pubname, nspname, relname)
     WHERE "isTable" AND NOT EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_publication_rel'::regclass, p.oid))
    UNION ALL
    SELECT old.oid, 12, format('ALTER TABLE %I.%I REPLICA IDENTITY %s', nspname, old.relname,
                    CASE old.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE 'USING INDEX ' || quote_ident(ic.relname) END)
      FROM old LEFT JOIN (pg_index i JOIN pg_class ic ON ic.oid = indexrelid) ON indrelid = old.oid AND indisreplident
     WHERE "isTable" AND (old.relreplident IN ('f', 'n') OR old.relreplident = 'i' AND ic.oid IS NOT NULL
       AND NOT EXISTS (SELECT FROM dropped WHERE kind = 'index' AND schema = old.nspname AND name = ic.relname)
       AND NOT EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_class'::regclass, ic.oid))
       AND NOT EXISTS (SELECT FROM lost JOIN pg_constraint k ON k.oid = objid WHERE classid = 'pg_constraint'::regclass AND conindid = ic.oid))
    UNION ALL
    -- The plan has named the parents that are lost. Any other one was given to it since.
    SELECT old.oid, 12, format('ALTER TABLE %I.%I INHERIT %s', nspname, relname, inhparent::regclass)
      FROM old JOIN pg_inherits ON inhrelid = old.oid
     WHERE relkind = 'r' AND NOT EXISTS (SELECT FROM lost WHERE (classid, objid) = ('pg_inherits'::regclass, inhparent))
    UNION ALL
    SELECT tgrelid, 11, pg_get_triggerdef(oid) FROM triggers
    UNION ALL
    SELECT tgrelid, 12, format('ALTER TABLE %s %s TRIGGER %I', on_relation, CASE tgenabled WHEN 'D' THEN 'DISABLE'
                      WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END, tgname)
      FROM triggers WHERE tgenabled <> 'O'
    UNION ALL
    SELECT tgrelid, 12, format('COMMENT ON TRIGGER %I ON %s IS %L', tgname, on_relation, obj_description(oid, 'pg_trigger'))
      FROM triggers WHERE obj_description(oid, 'pg_trigger') IS NOT NULL
    UNION ALL
    SELECT tgrelid, 12, format('ALTER TRIGGER %I ON %s DEPENDS ON EXTENSION %I', tgname, on_relation, extname)
      FROM triggers JOIN extended ON classid = 'pg_trigger'::regclass AND objid = triggers.oid
    UNION ALL
    SELECT old.oid, 12, format('ALTER %s %I.%I DEPENDS ON EXTENSION %I', word, nspname, relname, extname)
      FROM old JOIN extended ON classid = 'pg_class'::regclass AND objid = old.oid
    UNION ALL
    SELECT old.oid, 12, format('ALTER INDEX %I.%I DEPENDS ON EXTENSION %I', old.nspname, ic.relname, extname)
      FROM old JOIN pg_index i ON indrelid = old.oid JOIN pg_class ic ON ic.oid = indexrelid
      JOIN extended ON classid = 'pg_class'::regclass AND objid = ic.oid
     WHERE NOT EXISTS (SELECT FROM dropped WHERE kind = 'index' AND schema = old.nspname AND name = ic.relname)
       AND NOT EXISTS (SELECT FROM lost WHERE (lost.classid, lost.objid) = ('pg_class'::regclass, ic.oid))
    UNION ALL
    -- This fails if the module of the label provider is not loaded. It must, because the label would be lost.
    SELECT old.oid, 12, format('SECURITY LABEL FOR %I ON %s %I.%I%s IS %L', provider,
                               CASE WHEN attname IS NOT NULL THEN 'COLUMN' ELSE word END, nspname, relname, '.' || quote_ident(columns ->> attname), label)
      FROM old JOIN pg_seclabel l ON classoid = 'pg_class'::regclass AND objoid = old.oid
      LEFT JOIN pg_attribute ON attrelid = old.oid AND attnum = l.objsubid AND l.objsubid > 0
     WHERE attname IS NULL OR columns ? attname
  )
  SELECT oid, sql, CASE WHEN place < 8 THEN 'onSuccessor' WHEN place = 8 THEN 'beforeSwap' WHEN place < 13 THEN 'afterSwap'
                        ELSE 'betweenSuccessors' END AS phase
    FROM statements ORDER BY place, sql`)
