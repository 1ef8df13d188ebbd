// The catalog as text, for comparing databases. It shares no code with src/introspector.

import type pg from 'pg'

/**
 * The objects that fdwsync manages, as lines of text that are equal where the databases are. Everything is identified by name, and
 * read in another way than by the introspector where possible.
 */
export function catalogLines(client: pg.Client): Promise<readonly string[]> {
  return linesOf(client, queries)
}

/** The same for queries by title. Each returns a name, and attributes as further columns. */
export async function linesOf(
  client: pg.Client,
  queriesByTitle: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  await client.query('SET search_path = pg_catalog')
  const lines: string[] = []
  for (const [title, query] of Object.entries(queriesByTitle)) {
    const { rows } = await client.query<Record<string, unknown>>(query)
    for (const { name, ...attributes } of rows) {
      for (const [attribute, value] of Object.entries(attributes)) {
        if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) continue
        lines.push(
          `${title} ${String(name)}: ${attribute} = ${typeof value === 'string' ? value : JSON.stringify(value)}`,
        )
      }
    }
  }
  return lines.sort()
}

export const isUserSchema = (schema: string) =>
  `${schema} !~ '^pg_' AND ${schema} NOT IN ('information_schema', 'fdwsync')`
export const notMember = (catalog: string, oid: string) =>
  `NOT EXISTS (SELECT 1 FROM pg_depend x WHERE x.classid = '${catalog}'::regclass AND x.objid = ${oid} AND x.deptype = 'e')`
/** Sorted, since the order of grants and options has no meaning. `normal` is the meaning of NULL. */
export const acl = (column: string, normal: string) =>
  `(SELECT array_agg(a::text ORDER BY a::text) FROM unnest(coalesce(${column}, ${normal})) a)`
const sorted = (column: string) => `(SELECT array_agg(o ORDER BY o) FROM unnest(${column}) o)`
export const described = (oid: string, catalog: string) => `obj_description(${oid}, '${catalog}')`

/** Columns of relations of some kinds, at their names; `relkind` is one letter. */
export const columnsOf = (relkind: string) => `
  SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname) AS name,
         'yes' AS exists,
         format_type(a.atttypid, a.atttypmod) AS type,
         CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
         a.attnotnull::text AS not_null,
         a.attgenerated::text AS generated, a.attidentity::text AS identity,
         pg_get_expr(d.adbin, d.adrelid) AS expression,
         ${sorted('a.attfdwoptions')} AS options,
         (SELECT array_agg(o ORDER BY o) FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg_attver=%') AS attributes,
         a.attstorage::text AS storage,
         to_jsonb(a) ->> 'attcompression' AS compression,
         nullif(coalesce(to_jsonb(a) ->> 'attstattarget', '-1'), '-1') AS statistics,
         a.attislocal::text AS local,
         nullif(a.attinhcount, 0)::text AS inherited,
         ${acl('a.attacl', "'{}'::aclitem[]")} AS grants,
         col_description(c.oid, a.attnum) AS comment
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
   WHERE c.relkind = '${relkind}' AND ${isUserSchema('n.nspname')} AND ${notMember('pg_class', 'c.oid')}`

export const relation = `
         'yes' AS exists,
         pg_get_userbyid(c.relowner) AS owner,
         ${acl('c.relacl', "acldefault('r', c.relowner)")} AS grants,
         ${sorted('c.reloptions')} AS parameters,
         (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace) AS tablespace,
         ${described('c.oid', 'pg_class')} AS comment`

const queries: Readonly<Record<string, string>> = {
  schema: `
    SELECT quote_ident(nspname) AS name, pg_get_userbyid(nspowner) AS owner,
           ${acl('nspacl', "acldefault('n', nspowner)")} AS grants, ${described('oid', 'pg_namespace')} AS comment
      FROM pg_namespace n WHERE ${isUserSchema('nspname')} AND ${notMember('pg_namespace', 'n.oid')}`,

  extension: `
    SELECT quote_ident(extname) AS name, extversion AS version, extnamespace::regnamespace::text AS schema,
           ${described('oid', 'pg_extension')} AS comment
      FROM pg_extension`,

  'foreign-data wrapper': `
    SELECT quote_ident(fdwname) AS name, pg_get_userbyid(fdwowner) AS owner,
           nullif(fdwhandler, 0)::regproc::text AS handler, nullif(fdwvalidator, 0)::regproc::text AS validator,
           ${sorted('fdwoptions')} AS options, ${acl('fdwacl', "acldefault('F', fdwowner)")} AS grants,
           ${described('oid', 'pg_foreign_data_wrapper')} AS comment
      FROM pg_foreign_data_wrapper`,

  server: `
    SELECT quote_ident(srvname) AS name, pg_get_userbyid(srvowner) AS owner, srvtype AS type, srvversion AS version,
           (SELECT fdwname FROM pg_foreign_data_wrapper w WHERE w.oid = srvfdw) AS wrapper,
           ${sorted('srvoptions')} AS options, ${acl('srvacl', "acldefault('S', srvowner)")} AS grants,
           ${described('oid', 'pg_foreign_server')} AS comment
      FROM pg_foreign_server`,

  'user mapping': `
    SELECT format('%s on %I', CASE WHEN umuser = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(umuser)) END, srvname) AS name,
           'yes' AS exists, ${sorted('umoptions')} AS options
      FROM pg_user_mapping m JOIN pg_foreign_server s ON s.oid = umserver`,

  'foreign table': `
    SELECT format('%I.%I', n.nspname, c.relname) AS name, ${relation},
           (SELECT srvname FROM pg_foreign_server s WHERE s.oid = f.ftserver) AS server,
           ${sorted('f.ftoptions')} AS options,
           (SELECT array_agg(inhparent::regclass::text ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = c.oid) AS inherits,
           pg_get_expr(c.relpartbound, c.oid) AS bound,
           (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_foreign_table f ON f.ftrelid = c.oid
     WHERE ${isUserSchema('n.nspname')} AND ${notMember('pg_class', 'c.oid')}`,

  'foreign table column': columnsOf('f'),

  'foreign table constraint': `
    SELECT format('%s.%I', k.conrelid::regclass, k.conname) AS name, pg_get_constraintdef(k.oid) AS definition,
           k.conislocal::text AS local, nullif(k.coninhcount, 0)::text AS inherited, ${described('k.oid', 'pg_constraint')} AS comment
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid AND c.relkind = 'f'`,

  'foreign table trigger': `
    SELECT format('%s.%I', t.tgrelid::regclass, t.tgname) AS name, pg_get_triggerdef(t.oid) AS definition
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid AND c.relkind = 'f' WHERE NOT t.tgisinternal`,

  'materialized view': `
    SELECT format('%I.%I', n.nspname, c.relname) AS name, ${relation},
           c.relispopulated::text AS populated,
           -- A view of VALUES is shown in one way, and in the other once it was created from that: a dump does not keep it either.
           replace(pg_get_viewdef(c.oid), 'FROM ( VALUES (', 'FROM (VALUES (') AS query,
           (SELECT amname FROM pg_am WHERE oid = c.relam) AS access_method,
           (SELECT ${sorted('t.reloptions')} FROM pg_class t WHERE t.oid = c.reltoastrelid) AS toast_parameters,
           (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'm' AND ${isUserSchema('n.nspname')} AND ${notMember('pg_class', 'c.oid')}`,

  'materialized view column': columnsOf('m'),

  index: `
    SELECT format('%I.%I', n.nspname, c.relname) AS name, pg_get_indexdef(c.oid) AS definition,
           i.indisvalid::text AS valid, i.indisclustered::text AS clustered,
           (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace) AS tablespace,
           (SELECT array_agg(format('%s: %s', attnum, to_jsonb(a) ->> 'attstattarget') ORDER BY attnum) FROM pg_attribute a
             WHERE attrelid = c.oid AND coalesce(to_jsonb(a) ->> 'attstattarget', '-1') <> '-1') AS statistics,
           ${described('c.oid', 'pg_class')} AS comment
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indexrelid
      JOIN pg_class v ON v.oid = i.indrelid AND v.relkind = 'm'
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE ${isUserSchema('n.nspname')}`,

  statistics: `
    SELECT format('%s.%I', s.stxnamespace::regnamespace, s.stxname) AS name, pg_get_statisticsobjdef(s.oid) AS definition,
           pg_get_userbyid(s.stxowner) AS owner, nullif(coalesce(to_jsonb(s) ->> 'stxstattarget', '-1'), '-1') AS target,
           ${described('s.oid', 'pg_statistic_ext')} AS comment
      FROM pg_statistic_ext s JOIN pg_class c ON c.oid = s.stxrelid AND c.relkind IN ('f', 'm')`,

  type: `
    SELECT format('%I.%I', n.nspname, t.typname) AS name, t.typtype::text AS sort, pg_get_userbyid(t.typowner) AS owner,
           ${acl('t.typacl', "acldefault('T', t.typowner)")} AS grants, ${described('t.oid', 'pg_type')} AS comment,
           (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) AS values,
           CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base,
           CASE WHEN t.typtype = 'd' THEN nullif(t.typcollation, 0)::regcollation::text END AS collation,
           t.typdefault AS default, t.typnotnull::text AS not_null,
           (SELECT array_agg(conname || ' ' || pg_get_constraintdef(oid) || coalesce(' ' || obj_description(oid, 'pg_constraint'), '') ORDER BY conname)
              FROM pg_constraint WHERE contypid = t.oid) AS constraints,
           (SELECT array_agg(format('%I %s', attname, format_type(atttypid, atttypmod)) ORDER BY attnum)
              FROM pg_attribute WHERE attrelid = t.typrelid AND t.typtype = 'c' AND NOT attisdropped) AS attributes
      FROM pg_type t
      JOIN pg_namespace n ON n.oid = t.typnamespace
      LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE ${isUserSchema('n.nspname')} AND ${notMember('pg_type', 't.oid')} AND t.typtype IN ('e', 'd', 'c', 'r')
       AND (c.relkind IS NULL OR c.relkind = 'c')`,

  'default privileges': `
    SELECT format('%s in %s for %s', defaclobjtype, coalesce(nullif(defaclnamespace, 0)::regnamespace::text, 'all'), pg_get_userbyid(defaclrole)) AS name,
           ${acl('defaclacl', "'{}'::aclitem[]")} AS grants
      FROM pg_default_acl`,
}
