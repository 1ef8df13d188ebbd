// The catalog queries of materialized and plain views.

import { type Sql, trusted } from '../../core/sql.ts'
import { relationAccessColumns } from '../facets/access-columns.ts'
import { commentColumn } from '../facets/comment.ts'
import { columnsOfRelation, optionsOf, readByQuery, storageOfRelation } from '../facets/copy/catalog.ts'
import { occupiedBy } from '../facets/relations.ts'

// pg_get_viewdef waits for a running REFRESH of this view, or of one that it reads. Which views are locked is known from a
// query before this one. Their definition is not read: the digest of the raw rule shows whether it is the recorded one.
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

export const viewCatalog: Sql = trusted(
  catalogOf('view', 'v', `'with', (SELECT coalesce(jsonb_object_agg(name, value), '{}') FROM (${optionsOf('c')}) o)`),
)

export const materializedViewCatalog: Sql = trusted(
  catalogOf('materializedView', 'm', `${storageOfRelation}, 'populated', c.relispopulated`),
)
