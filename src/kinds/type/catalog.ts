// The catalog queries of types.

import { type Sql, trusted } from '../../core/sql.ts'
import { accessColumns } from '../facets/access-columns.ts'
import { commentColumn } from '../facets/comment.ts'
import { typesUsed } from '../facets/types-used.ts'

/** A range whose definition a manifest can express. A canonical function exists before its type, as a shell type has to. */
export const isDeclarableRange = `(t.typtype = 'r' AND (SELECT rngcanonical = 0 AND opcdefault FROM pg_range JOIN pg_opclass o ON o.oid = rngsubopc
  WHERE rngtypid = t.oid))`

// Unlike on other objects, PUBLIC has a privilege on a type without any GRANT. So a NULL acl is expanded to its default.
export const typeCatalog: Sql = trusted(`
  SELECT jsonb_build_object('kind', 'type', 'schema', n.nspname, 'name', t.typname) AS id, t.oid,
         CASE WHEN t.typtype IN ('e', 'd') OR c.relkind = 'c' OR ${isDeclarableRange} THEN NULL
              WHEN t.typtype = 'c' THEN 'relation' ELSE 'type of another sort' END AS occupied_by,
         json_build_object( -- not jsonb, which would lose the order of the attributes
           'sort', CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'composite' END,
           'values', (SELECT coalesce(jsonb_agg(enumlabel ORDER BY enumsortorder), '[]') FROM pg_enum WHERE enumtypid = t.oid),
           'base', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
           'collation', CASE WHEN coalesce(range.rngcollation, t.typcollation) <> base.typcollation AND t.typtype IN ('d', 'r') THEN
              (SELECT jsonb_build_object('schema', cn.nspname, 'name', collname)
                 FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = coalesce(range.rngcollation, t.typcollation)) END,
           'subtype', format_type(range.rngsubtype, NULL),
           'subtypeDiff', (SELECT jsonb_build_object('schema', pn.nspname, 'name', proname)
                             FROM pg_proc p JOIN pg_namespace pn ON pn.oid = pronamespace WHERE p.oid = range.rngsubdiff),
           'multirange', (SELECT jsonb_build_object('schema', nullif(mn.nspname, n.nspname), 'name', m.typname)
                            FROM pg_type m JOIN pg_namespace mn ON mn.oid = m.typnamespace WHERE m.oid = range.rngmultitypid),
           'notNull', t.typnotnull,
           'default', CASE WHEN t.typtype = 'd' THEN pg_get_expr(t.typdefaultbin, 0) END,
           'checks', (SELECT coalesce(json_object_agg(conname, json_build_object(
               'expression', pg_get_expr(conbin, 0), 'noInherit', false,
               'mark', CASE WHEN NOT convalidated THEN 'NOT VALID' END,
               'comment', ${commentColumn('pg_constraint', 'k.oid')}) ORDER BY conname), '{}')
             FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
           'attributes', (SELECT coalesce(json_object_agg(a.attname, json_build_object(
               'type', format_type(a.atttypid, a.atttypmod),
               'collation', CASE WHEN a.attcollation <> own.typcollation THEN
                  (SELECT jsonb_build_object('schema', cn.nspname, 'name', collname)
                     FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
               'comment', ${commentColumn('pg_class', 'a.attrelid', 'a.attnum')}) ORDER BY a.attnum), '{}')
             FROM pg_attribute a JOIN pg_type own ON own.oid = a.atttypid
            WHERE a.attrelid = t.typrelid AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped),
           'order', ARRAY(SELECT attname FROM pg_attribute a
             WHERE a.attrelid = t.typrelid AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
           'comment', ${commentColumn('pg_type', 't.oid')},
           ${accessColumns('T', 't.typowner', 't.typacl', { defaultAcl: "acldefault('T', t.typowner)" })}) AS spec,
         jsonb_build_array(jsonb_build_object('kind', 'schema', 'name', n.nspname)) ||
           ${typesUsed("((d.classid = 'pg_type'::regclass AND d.objid = t.oid) OR (d.classid = 'pg_class'::regclass AND d.objid = t.typrelid AND t.typrelid <> 0))")} AS needs
    FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
    JOIN pg_namespace n ON n.nspname = wanted.schema
    JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = wanted.name
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    LEFT JOIN pg_range range ON range.rngtypid = t.oid
    LEFT JOIN pg_type base ON base.oid = coalesce(range.rngsubtype, t.typbasetype)`)
