import { groupBy } from '../../core/data.ts'
import type { ObjectId } from '../../core/object.ts'
import { type Sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'

// Statements that give another relation what people have made on this one and no manifest declares: indexes, extended
// statistics, triggers, rules and defaults of views, security labels, what it depends on. `$1` has the relations, each with the
// schema of its successor, which has the same name, `$2` the ids of all that is declared, and `$3` of what no longer is.
// Statistics may stand in any schema and do not move with their relation: they are made beside under a name of their own, so that
// ANALYZE fills them there, and are moved after the swap, when their names are free. The text of an index has no tablespace. A
// trigger that a partition has from its parent comes with that.
const attachmentsQuery: Sql = trusted(`
  WITH old AS (
    SELECT c.*, n.nspname, scratch, format('%I.%I', scratch, c.relname) AS successor
      FROM jsonb_to_recordset($1) AS r(oid oid, scratch text) JOIN pg_class c USING (oid)
      JOIN pg_namespace n ON n.oid = c.relnamespace
  ), ours AS (
    SELECT * FROM jsonb_to_recordset($2) AS o(kind text, schema text, name text)
  ), gone AS (
    SELECT * FROM jsonb_to_recordset($3) AS o(kind text, schema text, name text)
  ), extended AS (
    SELECT classid, objid, extname FROM pg_depend JOIN pg_extension e ON e.oid = refobjid WHERE deptype = 'x'
  ), foreign_indexes AS (
    SELECT i.*, old.oid, old.nspname, old.relname AS of, scratch, successor, ic.relname,
           pg_get_indexdef(i.indexrelid) AS definition, t.spcname
      FROM old JOIN pg_index i ON i.indrelid = old.oid JOIN pg_class ic ON ic.oid = i.indexrelid
      LEFT JOIN pg_tablespace t ON t.oid = ic.reltablespace
     WHERE NOT EXISTS (SELECT FROM ours WHERE kind = 'index' AND schema = old.nspname AND name = ic.relname)
       AND NOT EXISTS (SELECT FROM gone WHERE kind = 'index' AND schema = old.nspname AND name = ic.relname)
  ), foreign_statistics AS (
    SELECT s.*, sn.nspname, scratch, successor, to_jsonb(s) ->> 'stxstattarget' AS target,
           format('%I.%I', scratch, 'fdwsync_' || s.oid) AS beside, format('%I.%I', sn.nspname, s.stxname) AS place
      FROM old JOIN pg_statistic_ext s ON s.stxrelid = old.oid JOIN pg_namespace sn ON sn.oid = s.stxnamespace
     WHERE NOT EXISTS (SELECT FROM ours WHERE kind = 'statistics' AND schema = sn.nspname AND name = s.stxname)
       AND NOT EXISTS (SELECT FROM gone WHERE kind = 'statistics' AND schema = sn.nspname AND name = s.stxname)
  ), triggers AS (
    SELECT t.*, format('%I.%I', nspname, relname) AS on_relation
      FROM old JOIN pg_trigger t ON t.tgrelid = old.oid WHERE NOT t.tgisinternal AND t.tgparentid = 0
  ), rules AS (
    SELECT old.oid, rulename, r.oid AS rule, format('%I.%I', nspname, relname) AS on_relation
      FROM old JOIN pg_rewrite r ON r.ev_class = old.oid AND rulename <> '_RETURN'
  ), statements AS (
    SELECT oid, 3 AS place, CASE WHEN spcname IS NULL THEN '' ELSE format('SET LOCAL default_tablespace = %L; ', spcname) END ||
              left(definition, strpos(definition, on_old) - 1) || ' ON ' || successor ||
              substr(definition, strpos(definition, on_old) + length(on_old) - length(' USING ')) ||
              CASE WHEN spcname IS NULL THEN '' ELSE '; SET LOCAL default_tablespace = ''''' END AS sql
      FROM foreign_indexes, format(' ON %I.%I USING ', nspname, of) AS on_old
    UNION ALL
    SELECT oid, 4, format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', scratch, relname, attnum, attstattarget)
      FROM foreign_indexes JOIN pg_attribute ON attrelid = indexrelid AND attstattarget >= 0
    UNION ALL
    SELECT oid, 4, format('COMMENT ON INDEX %I.%I IS %L', scratch, relname, obj_description(indexrelid, 'pg_class'))
      FROM foreign_indexes WHERE obj_description(indexrelid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT oid, 4, format('ALTER MATERIALIZED VIEW %s CLUSTER ON %I', successor, relname)
      FROM foreign_indexes WHERE indisclustered
    UNION ALL
    SELECT stxrelid, 5, format('CREATE STATISTICS %s%s ON %s FROM %s', beside,
                     (SELECT ' (' || string_agg(CASE k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies'
                                                 WHEN 'm' THEN 'mcv' END, ', ') || ')'
                        FROM unnest(stxkind) k WHERE k <> 'e'),
                     pg_get_statisticsobjdef_columns(oid), successor)
      FROM foreign_statistics
    UNION ALL
    SELECT stxrelid, 6, format('ALTER STATISTICS %s SET STATISTICS %s', beside, target)
      FROM foreign_statistics WHERE target::int >= 0
    UNION ALL
    SELECT stxrelid, 6, format('COMMENT ON STATISTICS %s IS %L', beside, obj_description(oid, 'pg_statistic_ext'))
      FROM foreign_statistics WHERE obj_description(oid, 'pg_statistic_ext') IS NOT NULL
    UNION ALL
    -- One after the other, since two of the same name may stand in two schemas.
    SELECT stxrelid, 9, format('ALTER STATISTICS %s RENAME TO %I; ALTER STATISTICS %I.%I SET SCHEMA %I',
                               beside, stxname, scratch, stxname, nspname)
      FROM foreign_statistics
    UNION ALL
    SELECT stxrelid, 10, format('ALTER STATISTICS %s OWNER TO %I', place, pg_get_userbyid(stxowner))
      FROM foreign_statistics WHERE pg_get_userbyid(stxowner) <> current_user
    UNION ALL
    SELECT old.oid, 6, format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', successor, attname, pg_get_expr(adbin, adrelid))
      FROM old JOIN pg_attrdef ON adrelid = old.oid JOIN pg_attribute a ON a.attrelid = old.oid AND a.attnum = adnum
     WHERE relkind = 'v'
    UNION ALL
    -- What a rule reads could not be dropped before its view.
    SELECT oid, 8, format('DROP RULE %I ON %s', rulename, on_relation) FROM rules
    UNION ALL
    SELECT oid, 11, pg_get_ruledef(rule) FROM rules
    UNION ALL
    SELECT oid, 12, format('COMMENT ON RULE %I ON %s IS %L', rulename, on_relation, obj_description(rule, 'pg_rewrite'))
      FROM rules WHERE obj_description(rule, 'pg_rewrite') IS NOT NULL
    UNION ALL
    SELECT tgrelid, 11, pg_get_triggerdef(oid) FROM triggers
    UNION ALL
    SELECT tgrelid, 12, format('ALTER FOREIGN TABLE %s %s TRIGGER %I', on_relation, CASE tgenabled WHEN 'D' THEN 'DISABLE'
                      WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END, tgname)
      FROM triggers WHERE tgenabled <> 'O'
    UNION ALL
    SELECT tgrelid, 12, format('COMMENT ON TRIGGER %I ON %s IS %L', tgname, on_relation, obj_description(oid, 'pg_trigger'))
      FROM triggers WHERE obj_description(oid, 'pg_trigger') IS NOT NULL
    UNION ALL
    SELECT tgrelid, 12, format('ALTER TRIGGER %I ON %s DEPENDS ON EXTENSION %I', tgname, on_relation, extname)
      FROM triggers JOIN extended ON classid = 'pg_trigger'::regclass AND objid = triggers.oid
    UNION ALL
    SELECT old.oid, 12, format('ALTER MATERIALIZED VIEW %I.%I DEPENDS ON EXTENSION %I', nspname, relname, extname)
      FROM old JOIN extended ON classid = 'pg_class'::regclass AND objid = old.oid
    UNION ALL
    SELECT old.oid, 12, format('ALTER INDEX %I.%I DEPENDS ON EXTENSION %I', old.nspname, ic.relname, extname)
      FROM old JOIN pg_index i ON indrelid = old.oid JOIN pg_class ic ON ic.oid = indexrelid
      JOIN extended ON classid = 'pg_class'::regclass AND objid = ic.oid
     WHERE NOT EXISTS (SELECT FROM gone WHERE kind = 'index' AND schema = old.nspname AND name = ic.relname)
    UNION ALL
    -- Where no module of that provider is loaded this fails, as it must: the label would be lost.
    SELECT old.oid, 12, format('SECURITY LABEL FOR %I ON %s %I.%I%s IS %L', provider,
                               CASE WHEN attname IS NOT NULL THEN 'COLUMN' WHEN relkind = 'f' THEN 'FOREIGN TABLE'
                                    WHEN relkind = 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, nspname, relname, '.' || quote_ident(attname), label)
      FROM old JOIN pg_seclabel l ON classoid = 'pg_class'::regclass AND objoid = old.oid
      LEFT JOIN pg_attribute ON attrelid = old.oid AND attnum = l.objsubid AND l.objsubid > 0
  )
  SELECT oid, sql, CASE WHEN place < 8 THEN 'beside' WHEN place = 8 THEN 'before' ELSE 'inPlace' END AS "when"
    FROM statements ORDER BY place, sql`)

export interface Attachments {
  /** For the successor while it stands beside. */
  readonly beside: readonly Sql[]
  /** Before anything goes. */
  readonly before: readonly Sql[]
  /** For when it has taken the place: its statistics, whose names were taken until then, its triggers and rules. */
  readonly inPlace: readonly Sql[]
}

/**
 * The statements, by OID, that carry over to successors what relations were given by hand. Runs under the reading path.
 * @param relations with the schemas in which their successors stand
 * @param ours what is declared, which a successor has, or will have elsewhere
 * @param gone what is no longer declared, and goes
 */
export async function readAttachments(
  session: Session,
  relations: readonly { readonly oid: number; readonly scratch: string }[],
  ours: readonly ObjectId[],
  gone: readonly ObjectId[],
): Promise<ReadonlyMap<number, Attachments>> {
  const rows = await session.query<{ oid: number; sql: string; when: keyof Attachments }>(attachmentsQuery, [
    JSON.stringify(relations),
    JSON.stringify(ours),
    JSON.stringify(gone),
  ])
  const byOid = groupBy(rows, ({ oid }) => oid)
  return new Map(
    relations.map(({ oid }) => {
      const statements = (time: keyof Attachments) =>
        (byOid.get(oid) ?? []).filter(({ when }) => when === time).map(({ sql }) => trusted(sql))
      return [oid, { beside: statements('beside'), before: statements('before'), inPlace: statements('inPlace') }]
    }),
  )
}
