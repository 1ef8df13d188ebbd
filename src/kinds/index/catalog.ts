// The catalog query of indexes.

import { type Sql, trusted } from '../../core/sql.ts'
import { commentColumn } from '../facets/comment.ts'
import { copyIdColumn } from '../facets/copy/catalog.ts'
import { isCopy } from '../facets/copy/source-view.ts'
import { occupiedBy } from '../facets/relations.ts'
import { tablespaceColumns } from '../facets/storage.ts'

// Read in parts rather than by pg_get_indexdef as a whole, so that texts do not depend on the name of the relation. indoption
// holds the sort order only for access methods that can order. Expressions and predicates are not read while the view is
// locked: pg_get_indexdef and pg_get_expr would wait for the lock.
export const indexCatalog: Sql = trusted(`
  SELECT jsonb_build_object('kind', 'index', 'schema', n.nspname, 'name', c.relname) AS id, c.oid,
         -- An index of another table, or of a constraint, must not be replaced. In the scratch schema, indexes of a source are
         -- tried out on tables.
         ${occupiedBy(`c.relkind <> 'i' OR EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid AND contype IN ('p', 'u', 'x'))
            OR NOT ${isCopy('view', 'viewn')} AND n.nspname <> current_setting('fdwsync.scratch_schema')`)},
         view.oid = ANY (current_setting('fdwsync.locked')::oid[]) AS locked,
         md5(concat_ws(' ', i.indrelid, i.indkey, i.indclass, i.indcollation, i.indoption, i.indisunique, i.indisvalid, i.indnkeyatts,
                       i.indexprs, i.indpred, am.amname)) AS digest,
         jsonb_build_object(
           'on', ${copyIdColumn('view', 'viewn')},
           'method', am.amname,
           'unique', i.indisunique,
           'valid', i.indisvalid,
           'definition', CASE WHEN view.oid <> ALL (current_setting('fdwsync.locked')::oid[])
                              THEN pg_get_indexdef(i.indexrelid) END,
           -- Exists since 15. Read through JSON, so that the query works on older servers.
           'nullsNotDistinct', coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
           'columns', (
             SELECT jsonb_agg(jsonb_build_object(
                      'column', a.attname,
                      'expression', CASE WHEN i.indkey[k] = 0 AND view.oid <> ALL (current_setting('fdwsync.locked')::oid[])
                                         THEN pg_get_indexdef(i.indexrelid, k + 1, false) END,
                      'collation', (SELECT jsonb_build_object('schema', cn.nspname, 'name', co.collname)
                                      FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
                                     WHERE co.oid = i.indcollation[k]),
                      'operatorClass', (SELECT jsonb_build_object('schema', opn.nspname, 'name', op.opcname)
                                          FROM pg_opclass op JOIN pg_namespace opn ON opn.oid = op.opcnamespace
                                         WHERE op.oid = i.indclass[k]),
                      'parameters', (SELECT coalesce(jsonb_object_agg(option_name, option_value), '{}')
                                       FROM pg_options_to_table(own.attoptions)),
                      -- The default is null from 17 on, and -1 before.
                      'statistics', nullif((to_jsonb(own) ->> 'attstattarget')::int, -1),
                      'order', CASE WHEN NOT pg_indexam_has_property(am.oid, 'can_order') THEN NULL
                                    WHEN i.indoption[k] & 1 = 1 THEN 'desc' ELSE 'asc' END,
                      'nulls', CASE WHEN NOT pg_indexam_has_property(am.oid, 'can_order') THEN NULL
                                    WHEN i.indoption[k] & 2 = 2 THEN 'first' ELSE 'last' END) ORDER BY k)
               FROM generate_series(0, i.indnkeyatts - 1) AS k
               LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] AND a.attnum > 0
               LEFT JOIN pg_attribute own ON own.attrelid = i.indexrelid AND own.attnum = k + 1),
           'with', (SELECT coalesce(jsonb_object_agg(option_name, option_value), '{}')
                      FROM pg_options_to_table(c.reloptions)),
           ${tablespaceColumns},
           'clusterOn', (SELECT marked.relname FROM pg_index m JOIN pg_class marked ON marked.oid = m.indexrelid
                          WHERE m.indrelid = i.indrelid AND m.indisclustered),
           'include', (SELECT coalesce(jsonb_agg(a.attname ORDER BY k), '[]')
                         FROM generate_series(i.indnkeyatts, i.indnatts - 1) AS k
                         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]),
           'where', CASE WHEN view.oid <> ALL (current_setting('fdwsync.locked')::oid[])
                         THEN pg_get_expr(i.indpred, i.indrelid) END,
           'comment', ${commentColumn('pg_class', 'c.oid')}) AS spec,
         jsonb_build_array(${copyIdColumn('view', 'viewn')}) AS needs
    FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
    JOIN pg_namespace n ON n.nspname = wanted.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    LEFT JOIN pg_am am ON am.oid = c.relam
    LEFT JOIN pg_class view ON view.oid = i.indrelid
    LEFT JOIN pg_namespace viewn ON viewn.oid = view.relnamespace`)
