// The catalog query of foreign tables.

import { trusted } from '../../core/sql.ts'
import { relationAccessColumns } from '../facets/access-columns.ts'
import { shortColumn } from '../facets/columns/abbreviated.ts'
import { identityColumn } from '../facets/columns/identity.ts'
import { settingsColumns } from '../facets/columns/settings.ts'
import { commentColumn } from '../facets/comment.ts'
import { occupiedBy } from '../facets/relations.ts'
import { typesUsed } from '../facets/types-used.ts'
import { definitionDigest } from './definition-digest.ts'
import { checkParents, columnParents, parentNeeds, parentsColumns } from './parents.ts'

interface Inherited {
  /** Of the column `a`. */
  readonly column: string
  /** Of the check `k`. */
  readonly check: string
  readonly parents: string
  readonly needs: string
}

const inherited: Inherited = { column: columnParents, check: checkParents, parents: parentsColumns, needs: parentNeeds }

/** What the above are without parents. */
const nothingInherited: Inherited = {
  column: `'inheritedFrom', '[]'::jsonb, 'parents', NULL::jsonb`,
  check: `'inheritedFrom', '[]'::jsonb`,
  parents: `'inherits', '[]'::jsonb, 'partitionOf', NULL::jsonb`,
  needs: `'[]'::jsonb`,
}

/** The column `a`, of type `t` and with the default `d`. */
const columnOf = (inherited: string) => `json_build_object(
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
               'options', CASE WHEN a.attfdwoptions IS NULL THEN '{}' ELSE (
                  SELECT coalesce(jsonb_object_agg(option_name, coalesce(option_value, '')), '{}')
                    FROM pg_options_to_table(a.attfdwoptions)) END,
               ${inherited},
               ${settingsColumns})`

const catalogOf = ({ column, check, parents, needs }: Inherited, digest: string, shorten: (column: string) => string) =>
  trusted(`
  SELECT jsonb_build_object('kind', 'foreignTable', 'schema', n.nspname, 'name', c.relname) AS id, c.oid,
         ${occupiedBy("c.relkind <> 'f'")},
         ${digest} AS digest,
         json_build_object( -- not jsonb, which would lose the order of the columns
           'server', s.srvname,
           'options', (SELECT coalesce(jsonb_object_agg(option_name, coalesce(option_value, '')), '{}')
                         FROM pg_options_to_table(f.ftoptions)),
           'columns', (SELECT coalesce(json_object_agg(a.attname, ${shorten(columnOf(column))} ORDER BY a.attnum), '{}')
             FROM pg_attribute a
             JOIN pg_type t ON t.oid = a.atttypid
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
           'checks', (SELECT coalesce(json_object_agg(conname, json_build_object(
               'expression', pg_get_expr(conbin, conrelid), 'noInherit', connoinherit,
               'mark', CASE WHEN to_jsonb(k) ->> 'conenforced' = 'false' THEN 'NOT ENFORCED'
                            WHEN NOT convalidated THEN 'NOT VALID' END,
               ${check},
               'comment', ${commentColumn('pg_constraint', 'k.oid')}) ORDER BY conname), '{}')
             FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'),
           'comment', ${commentColumn('pg_class', 'c.oid')},
           ${parents},
           ${relationAccessColumns}) AS spec,
         jsonb_build_array(jsonb_build_object('kind', 'schema', 'name', n.nspname),
                           jsonb_build_object('kind', 'server', 'name', s.srvname)) || ${needs} ||
           ${typesUsed("d.classid = 'pg_class'::regclass AND d.objid = c.oid")} AS needs
    FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
    JOIN pg_namespace n ON n.nspname = wanted.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
    LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
    LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver`)

/** Tables with parents have no digest: what they inherit is always read. */
export const catalogQuery = catalogOf(inherited, 'NULL', (column) => column)

/** Of the 29 subqueries of the other it lacks the dozen that read parents, and takes 1.7 ms to plan instead of 3.6. */
export const plainCatalogQuery = catalogOf(nothingInherited, definitionDigest, shortColumn)
