// The catalog query of tables.

import { type Sql, trusted } from '../../core/sql.ts'
import { relationAccessColumns } from '../facets/access-columns.ts'
import { columnsOfRelation, readByQuery, storageOfRelation } from '../facets/copy/catalog.ts'
import { isLoaded, sourceViewOid } from '../facets/copy/source-view.ts'
import { isAdopted, isMarked } from '../facets/copy/table-mark.ts'
import { occupant } from '../facets/relations.ts'

// Reading the size waits for locks.
const hasRows =
  "CASE WHEN c.oid = ANY (current_setting('fdwsync.locked')::oid[]) THEN true ELSE pg_relation_size(c.oid) > 0 END"

/**
 * The names that the query has for columns that were renamed by hand, by their present ones. The table was created with the columns of
 * its source view, so if none was dropped or added since, they have the same numbers. Names that both have are no renames.
 */
const formerNames = `CASE WHEN c.relnatts = v.relnatts AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attisdropped) THEN
             (SELECT coalesce(jsonb_object_agg(a.attname, q.attname), '{}')
                FROM pg_attribute a JOIN pg_attribute q ON q.attrelid = v.oid AND q.attnum = a.attnum
               WHERE a.attrelid = c.oid AND a.attnum > 0
                 AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = v.oid AND attname = a.attname)
                 AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = q.attname)) END`

/** Why a table cannot be adopted: a refresh cannot write it, or should not. */
const notAdoptable = `CASE
           WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND NOT attisdropped AND (attgenerated <> '' OR attidentity <> ''))
             THEN 'table with generated or identity columns'
           WHEN c.relispartition THEN 'partition'
           WHEN EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid OR inhparent = c.oid) THEN 'table with parents or children'
           WHEN EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e') THEN 'table of an extension' END`

/** A table without mark and source view is unmanaged: it only has the name, unless the manifest adopts it. */
const isUnmanaged = `(v.oid IS NULL AND NOT ${isMarked('c')})`

// A marked table without a source view has lost it to a DROP … CASCADE of what it read: its query is unknown.
export const tableCatalog: Sql = trusted(`
  SELECT jsonb_build_object('kind', 'table', 'schema', n.nspname, 'name', c.relname) AS id, c.oid,
         CASE WHEN c.relkind = 'r' AND ${isUnmanaged} AND ${isAdopted('c', 'n')} THEN ${notAdoptable}
              ELSE ${occupant(`c.relkind <> 'r' OR ${isUnmanaged}`)} END AS occupied_by,
         coalesce(v.oid = ANY (current_setting('fdwsync.locked')::oid[]), false) AS locked,
         (SELECT md5(concat_ws(' ', r.ev_action, v.relowner, c.relpersistence,
                   (SELECT string_agg(format('%I %s %s %s %s', attname, atttypid, atttypmod, attcollation, ${isNotNull('a')}), ',' ORDER BY attnum)
                      FROM pg_attribute a WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped), k.conname, k.conkey, k.condeferrable, CASE WHEN NOT i.indisvalid THEN 'invalid' END))) AS digest,
         jsonb_build_object(
           'query', CASE WHEN v.oid IS NULL OR v.oid = ANY (current_setting('fdwsync.locked')::oid[]) THEN '' ELSE rtrim(pg_get_viewdef(v.oid), ';') END,
           'queryOwner', pg_get_userbyid(coalesce(v.relowner, CASE WHEN NOT ${isUnmanaged} THEN c.relowner END)),
           ${columnsOfRelation},
           ${storageOfRelation},
           'populated', CASE WHEN v.oid IS NULL THEN ${hasRows} ELSE ${isLoaded('v')} END,
           'isUnmanaged', ${isUnmanaged},
           'unlogged', c.relpersistence = 'u',
           -- Of a loaded table it does not matter, and vacuum may change it.
           'hasRows', CASE WHEN ${isLoaded('v')} AND v.oid IS NOT NULL THEN true ELSE ${hasRows} END,
           'addedColumns', (SELECT coalesce(jsonb_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_attribute a
                             WHERE a.attrelid = c.oid AND v.oid IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped
                               AND NOT EXISTS (SELECT FROM pg_attribute q WHERE q.attrelid = v.oid AND q.attname = a.attname AND q.attnum > 0)),
           'formerNames', ${formerNames},
           'primaryKey', CASE WHEN k.oid IS NOT NULL THEN jsonb_build_object('name', k.conname, 'isDeferrable', k.condeferrable, 'isInvalid', NOT i.indisvalid,
              'columns', ${namesOf('i.indkey[0 : i.indnkeyatts - 1]')}, 'include', ${namesOf('i.indkey[i.indnkeyatts : i.indnatts - 1]')}) END,
           'notNull', (SELECT coalesce(jsonb_agg(a.attname ORDER BY a.attname), '[]') FROM pg_attribute a
                        WHERE a.attrelid = c.oid AND a.attnum > 0 AND ${isNotNull('a')} AND a.attnum <> ALL (coalesce(k.conkey, '{}'))),
           'comment', coalesce(obj_description(c.oid, 'pg_class'), ''),
           ${relationAccessColumns}) AS spec,
         ${readByQuery} AS needs
    FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
    JOIN pg_namespace n ON n.nspname = wanted.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
    LEFT JOIN pg_class v ON v.oid = CASE c.relkind WHEN 'r' THEN ${sourceViewOid()} END
    LEFT JOIN pg_rewrite r ON r.ev_class = v.oid AND r.rulename = '_RETURN'
    LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
    LEFT JOIN pg_index i ON i.indexrelid = k.conindid`)

/** Whether the column cannot be null. From PostgreSQL 18 on, rows that existed before a NOT VALID constraint may be. */
function isNotNull(column: string): string {
  return `(${column}.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = ${column}.attrelid
                                            AND contype = 'n' AND NOT convalidated AND conkey[1] = ${column}.attnum))`
}

/** The names of columns of `c`, given their numbers. */
function namesOf(numbers: string): string {
  return `(SELECT coalesce(jsonb_agg(a.attname ORDER BY place), '[]')
             FROM unnest((${numbers})::int2[]) WITH ORDINALITY AS keyed(attnum, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = keyed.attnum)`
}
