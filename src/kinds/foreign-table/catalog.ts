// The catalog query of foreign tables.

import { trusted } from '../../core/sql.ts'
import { relationAccessColumns } from '../facets/access-columns.ts'
import { identityColumn } from '../facets/columns/identity.ts'
import { settingsColumns } from '../facets/columns/settings.ts'
import { occupiedBy, typesInTheWay } from '../facets/relations.ts'
import { typesUsed } from '../facets/types-used.ts'
import { definitionDigest } from './definition-digest.ts'
import { checkParents, columnParents, parentNeeds, parentsColumns } from './parents.ts'

export const catalogQuery = trusted(`
  SELECT jsonb_build_object('kind', 'foreignTable', 'schema', n.nspname, 'name', c.relname) AS id, c.oid,
         ${occupiedBy("c.relkind <> 'f'")},
         ${definitionDigest} AS digest,
         json_build_object( -- not jsonb, which would lose the order of the columns
           'server', s.srvname,
           'options', (SELECT coalesce(jsonb_object_agg(option_name, coalesce(option_value, '')), '{}')
                         FROM pg_options_to_table(f.ftoptions)),
           'columns', (SELECT coalesce(json_object_agg(a.attname, json_build_object(
               'type', format_type(a.atttypid, a.atttypmod),
               'collation', CASE WHEN a.attcollation <> t.typcollation THEN
                  (SELECT json_build_object('schema', cn.nspname, 'name', collname)
                     FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
                    WHERE co.oid = a.attcollation) END,
               'notNull', a.attnotnull,
               'notNullMark', CASE WHEN a.attnotnull THEN (SELECT nullif(concat_ws(' ', CASE WHEN connoinherit THEN 'NO INHERIT' END,
                                                                               CASE WHEN NOT convalidated THEN 'NOT VALID' END), '')
                                 FROM pg_constraint WHERE conrelid = c.oid AND contype = 'n' AND conkey = ARRAY[a.attnum]) END,
               'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
               'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
               'virtual', a.attgenerated = 'v',
               ${identityColumn},
               'options', (SELECT coalesce(jsonb_object_agg(option_name, coalesce(option_value, '')), '{}')
                             FROM pg_options_to_table(a.attfdwoptions)),
               ${columnParents},
               ${settingsColumns}) ORDER BY a.attnum), '{}')
             FROM pg_attribute a
             JOIN pg_type t ON t.oid = a.atttypid
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
           'checks', (SELECT coalesce(json_object_agg(conname, json_build_object(
               'expression', pg_get_expr(conbin, conrelid), 'noInherit', connoinherit,
               'mark', CASE WHEN to_jsonb(k) ->> 'conenforced' = 'false' THEN 'NOT ENFORCED'
                            WHEN NOT convalidated THEN 'NOT VALID' END,
               ${checkParents},
               'comment', coalesce(obj_description(k.oid, 'pg_constraint'), '')) ORDER BY conname), '{}')
             FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'),
           'comment', coalesce(obj_description(c.oid, 'pg_class'), ''),
           ${parentsColumns},
           ${relationAccessColumns}) AS spec,
         jsonb_build_array(jsonb_build_object('kind', 'schema', 'name', n.nspname),
                           jsonb_build_object('kind', 'server', 'name', s.srvname)) || ${parentNeeds} ||
           ${typesUsed("d.classid = 'pg_class'::regclass AND d.objid = c.oid")} AS needs
    FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
    JOIN pg_namespace n ON n.nspname = wanted.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
    LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
    LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
    ${typesInTheWay('foreignTable', "NULL, '{}'::json, NULL")}`)
