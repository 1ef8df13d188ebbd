// What a database holds beside the objects of catalog.ts, as text: tables, plain views, what is attached to relations, functions, rows.

import type pg from 'pg'
import { acl, columnsOf, described, isUserSchema, linesOf, notMember, relation } from './catalog.ts'

/** Everything that an apply could touch and that catalog.ts leaves out, in lines of the same form. */
export async function linesBeside(client: pg.Client): Promise<readonly string[]> {
  return linesOf(client, { ...tables, ...attached })
}

const ofRelation = (title: string) => `${title} AS name, pg_get_userbyid(c.relowner) AS owner`
const named = "format('%I.%I', n.nspname, c.relname)"
const relations = 'pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace'
const isUsers = `${isUserSchema('n.nspname')} AND n.nspname <> 'fdwsync_source' AND ${notMember('pg_class', 'c.oid')}`

/** Tables and plain views. */
export const tables: Readonly<Record<string, string>> = {
  table: `
    SELECT ${named} AS name, ${relation}, c.relpersistence::text AS persistence, c.relrowsecurity::text AS secured, c.relforcerowsecurity::text AS forced,
           c.relreplident::text AS replica_identity, (SELECT amname FROM pg_am WHERE oid = c.relam) AS access_method,
           (SELECT array_agg(inhparent::regclass::text ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = c.oid) AS inherits,
           (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
      FROM ${relations} WHERE c.relkind IN ('r', 'p') AND ${isUsers}`,

  'table column': columnsOf('r'),

  'table constraint': `
    SELECT format('%s.%I', c.oid::regclass, k.conname) AS name, pg_get_constraintdef(k.oid) AS definition,
           ${described('k.oid', 'pg_constraint')} AS comment
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid AND c.relkind IN ('r', 'p') JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE ${isUsers}`,

  'index of a table': `
    SELECT ${named} AS name, pg_get_indexdef(c.oid) AS definition, i.indisvalid::text AS valid,
           i.indisclustered::text AS clustered, i.indisreplident::text AS identifies, ${described('c.oid', 'pg_class')} AS comment
      FROM pg_index i JOIN pg_class r ON r.oid = i.indrelid AND r.relkind IN ('r', 'p') JOIN pg_class c ON c.oid = i.indexrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${isUsers}`,

  view: `
    SELECT ${ofRelation(named)}, 'yes' AS exists, pg_get_viewdef(c.oid) AS query, c.reloptions AS options,
           ${acl('c.relacl', "acldefault('r', c.relowner)")} AS grants, ${described('c.oid', 'pg_class')} AS comment
      FROM ${relations} WHERE c.relkind = 'v' AND ${isUsers}`,
}

const attached: Readonly<Record<string, string>> = {
  'statistics of a table': `
    SELECT format('%s.%I', s.stxnamespace::regnamespace, s.stxname) AS name, pg_get_statisticsobjdef(s.oid) AS definition
      FROM pg_statistic_ext s JOIN pg_class c ON c.oid = s.stxrelid AND c.relkind = 'r'`,

  trigger: `
    SELECT format('%s.%I', c.oid::regclass, t.tgname) AS name, pg_get_triggerdef(t.oid) AS definition, t.tgenabled::text AS enabled
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND ${isUsers}`,

  policy: `
    SELECT format('%s.%I', p.polrelid::regclass, p.polname) AS name, p.polcmd::text AS command, p.polroles::regrole[]::text AS roles,
           pg_get_expr(p.polqual, p.polrelid) AS condition
      FROM pg_policy p`,

  rule: `
    SELECT format('%s.%I', c.oid::regclass, r.rulename) AS name, pg_get_ruledef(r.oid) AS definition, r.ev_enabled::text AS enabled
      FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE r.rulename <> '_RETURN' AND ${isUsers}`,

  'table of a publication': `
    SELECT format('%s.%I', p.prrelid::regclass, b.pubname) AS name, 'yes' AS exists, to_jsonb(p) ->> 'prattrs' AS columns,
           pg_get_expr((to_jsonb(p) ->> 'prqual')::pg_node_tree, p.prrelid) AS condition
      FROM pg_publication_rel p JOIN pg_publication b ON b.oid = p.prpubid`,

  function: `
    SELECT p.oid::regprocedure::text AS name, pg_get_userbyid(p.proowner) AS owner,
           CASE WHEN p.prokind = 'f' THEN pg_get_functiondef(p.oid) END AS definition
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${isUserSchema('n.nspname')} AND ${notMember('pg_proc', 'p.oid')}`,

  'rows of': `
    SELECT ${named} AS name,
           CASE WHEN c.relkind = 'r' OR c.relispopulated
             THEN (xpath('/row/count/text()', query_to_xml(format('SELECT count(*) FROM ONLY %I.%I', n.nspname, c.relname), true, true, '')))[1]::text END AS number
      FROM ${relations} WHERE c.relkind IN ('r', 'm') AND ${isUsers}`,
}
