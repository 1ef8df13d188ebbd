// Parts of the catalog queries of copies and plain views.
import { tableMark } from '../../../core/table-mark.ts'
import { shortViewColumn } from '../columns/abbreviated.ts'
import { settingsColumns } from '../columns/settings.ts'
import { kindOfRelation } from '../relations.ts'
import { tablespaceColumns } from '../storage.ts'
import { typesUsed } from '../types-used.ts'

const column = `jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                               'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
                               'isDomain', t.typtype = 'd', ${settingsColumns})`

/** The attribute `columns` of a spec, for the relation `c`. */
export const columnsOfRelation = `
           'columns', (SELECT coalesce(jsonb_agg(${shortViewColumn(column)} ORDER BY a.attnum), '[]')
                         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)`

/** The relations that a query reads, as an array of ids. `r` is the rule that holds the query, which depends on its own view, too. */
export const relationsReadByQuery = `
         (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('kind', ${kindOfRelation('used.relkind')},
                   'schema', usedn.nspname, 'name', used.relname)), '[]')
            FROM pg_depend d
            JOIN pg_class used ON used.oid = d.refobjid AND used.relkind IN ('f', 'm', 'v', 'r', 'p') AND used.oid <> r.ev_class
            JOIN pg_namespace usedn ON usedn.oid = used.relnamespace
           WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
             AND d.refclassid = 'pg_class'::regclass)`

/** What the query of a relation reads, with the schema `n` of the relation `c`. `r` is the rule that holds the query. */
export const readByQuery = `
         ${typesUsed("((d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid) OR (d.classid = 'pg_class'::regclass AND d.objid = c.oid))")} ||
         jsonb_build_array(jsonb_build_object('kind', 'schema', 'name', n.nspname)) || ${relationsReadByQuery}`

/** The options of a relation. */
export const optionsOf = (relation: string) =>
  `SELECT option_name AS name, option_value AS value FROM pg_options_to_table(${relation}.reloptions)`

/** Attributes of the spec of a relation `c` that stores rows. */
export const storageOfRelation = `
           'accessMethod', (SELECT amname FROM pg_am WHERE oid = c.relam),
           'defaultAccessMethod', current_setting('default_table_access_method'),
           ${tablespaceColumns},
           'hasToast', c.reltoastrelid <> 0,
           'clusterOn', (SELECT relname FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
                          WHERE i.indrelid = c.oid AND i.indisclustered),
           'with', (SELECT coalesce(jsonb_object_agg(name, value), '{}') FROM (
                      ${optionsOf('c')} WHERE c.relkind <> 'r' OR option_name <> '${tableMark.name}'
                      UNION ALL SELECT 'toast.' || name, value
                        FROM pg_class toast, LATERAL (${optionsOf('toast')}) t WHERE toast.oid = c.reltoastrelid) o)`

/** The id of a copy in a catalog query, from the aliases of its rows in pg_class and pg_namespace. */
export function copyIdColumn(on: string, schema: string): string {
  return `jsonb_build_object('kind', CASE ${on}.relkind WHEN 'r' THEN 'table' ELSE 'materializedView' END, 'schema', ${schema}.nspname, 'name', ${on}.relname)`
}
