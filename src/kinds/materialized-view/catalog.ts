// The catalog queries of materialized and plain views.

import { type Sql, trusted } from '../../core/sql.ts'
import { relationAccessColumns } from '../facets/access-columns.ts'
import { settingsColumns } from '../facets/columns/settings.ts'
import { commentColumn } from '../facets/comment.ts'
import { kindOfRelation, occupiedBy } from '../facets/relations.ts'
import { tablespaceColumns } from '../facets/storage.ts'
import { typesUsed } from '../facets/types-used.ts'

// pg_get_viewdef waits for a running REFRESH of this view, or of one that it reads. Which views are locked is known from a
// query before this one. Their definition is not read: the digest of the raw rule shows whether it is the recorded one.
/** The attribute `columns` of a spec, for the relation `c`. */
export const columnsOfRelation = `
           'columns', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                               'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
                               ${settingsColumns}) ORDER BY a.attnum), '[]')
                         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)`

/** What the query of a relation reads, with the schema `n` of the relation `c`. `r` is the rule that holds the query. */
export const readByQuery = `
         ${typesUsed("((d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid) OR (d.classid = 'pg_class'::regclass AND d.objid = c.oid))")} ||
         (SELECT jsonb_build_array(jsonb_build_object('kind', 'schema', 'name', n.nspname)) ||
                 coalesce(jsonb_agg(DISTINCT jsonb_build_object('kind', ${kindOfRelation('used.relkind')},
                   'schema', usedn.nspname, 'name', used.relname)), '[]')
            FROM pg_depend d
            JOIN pg_class used ON used.oid = d.refobjid AND used.relkind IN ('f', 'm', 'v', 'r') AND used.oid <> c.oid
            JOIN pg_namespace usedn ON usedn.oid = used.relnamespace
           WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
             AND d.refclassid = 'pg_class'::regclass)`

const catalogOf = (kind: 'materializedView' | 'view', relkind: 'm' | 'v', moreOfSpec: string) => `
  SELECT jsonb_build_object('kind', '${kind}', 'schema', n.nspname, 'name', c.relname) AS id, c.oid,
         ${occupiedBy(`c.relkind <> '${relkind}'`)},
         c.oid = ANY (current_setting('fdwsync.locked')::oid[]) AS locked,
         (SELECT md5(r.ev_action::text || string_agg(format('%I %s %s %s', attname, atttypid, atttypmod, attcollation), ',' ORDER BY attnum))
            FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) AS digest,
         jsonb_build_object(
           'query', CASE WHEN c.oid = ANY (current_setting('fdwsync.locked')::oid[]) THEN ''
                         WHEN c.relkind = '${relkind}' THEN rtrim(pg_get_viewdef(c.oid), ';') END,
           ${columnsOfRelation},
           ${moreOfSpec},
           'comment', ${commentColumn('pg_class', 'c.oid')},
           ${relationAccessColumns}) AS spec,
${readByQuery} AS needs
    FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
    JOIN pg_namespace n ON n.nspname = wanted.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
    LEFT JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'`

const optionsOf = (relation: string) =>
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
                      ${optionsOf('c')}
                      UNION ALL SELECT 'toast.' || name, value
                        FROM pg_class toast, LATERAL (${optionsOf('toast')}) t WHERE toast.oid = c.reltoastrelid) o)`

export const viewCatalog: Sql = trusted(
  catalogOf('view', 'v', `'with', (SELECT coalesce(jsonb_object_agg(name, value), '{}') FROM (${optionsOf('c')}) o)`),
)

export const materializedViewCatalog: Sql = trusted(
  catalogOf('materializedView', 'm', `${storageOfRelation}, 'populated', c.relispopulated`),
)
