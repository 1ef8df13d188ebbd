// Extensions: which version in which schema. Their member objects are not managed.
import type { FieldChange } from '../core/change.ts'
import { keyOf } from '../core/object.ts'
import { ident, literal, sql, statement, trusted } from '../core/sql.ts'
import { alterStatements } from './facets/changes.ts'
import { type Comment, commentChange, commentColumn, commentStatement } from './facets/comment.ts'
import { settle } from './facets/defaults.ts'
import { declaredProtection, type Protection } from './facets/protection.ts'
import { present } from './facets/stanza.ts'
import type { DeclaredKind } from './kind.ts'

export interface ExtensionSpec extends Protection {
  readonly schema?: string | undefined
  readonly version?: string | undefined
  readonly comment?: Comment
  /** Live only: the comment in its control file. */
  readonly ownComment?: string | null
  /** Live only: it has tables, views or sequences. */
  readonly hasRelations?: boolean
}

const defaultSchema = 'public'

export const extension: DeclaredKind<'extension', ExtensionSpec> = {
  kind: 'extension',
  rank: 1,
  locks: { create: 10, drop: 100 },
  catalog: 'pg_extension',
  dropPolicy: 'unless-shared',
  // Others find its types and operators by its schema. A version update may run anything, and moving relations locks them.
  probe: { how: 'by-name', affectsOthers: ({ field }, live) => field === 'schema' && live.hasRelations !== true },
  title: (id) => `extension ${ident(id.name)}`,

  declare: (manifest) =>
    Object.entries(manifest.extensions ?? {}).map(([name, declared]) => ({
      id: { kind: 'extension', name },
      spec: {
        schema: declared?.schema,
        version: declared?.version,
        comment: declared?.comment,
        ...declaredProtection(declared ?? {}),
      } satisfies ExtensionSpec,
      needs: [keyOf({ kind: 'schema', name: declared?.schema ?? defaultSchema })],
      path: ['extensions', name],
    })),

  // The version is left out: a database that is set up from this manifest should get the newest.
  write: (id, { schema, comment, ownComment }) => ({
    path: ['extensions', id.name],
    value: {
      ...present({ schema: schema === defaultSchema ? undefined : schema }),
      // An empty comment removes the one from the control file.
      ...(comment === undefined || comment === (ownComment ?? '') ? {} : { comment }),
    },
  }),

  listQuery: trusted(`SELECT jsonb_build_object('kind', 'extension', 'name', extname) AS id FROM pg_extension`),

  // The extensions that it requires must exist or be declared before it.
  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'extension', 'name', extname) AS id, e.oid,
           jsonb_build_object('schema', n.nspname, 'version', e.extversion,
                              'comment', ${commentColumn('pg_extension', 'e.oid')},
                              'ownComment', (SELECT comment FROM pg_available_extensions WHERE name = extname),
                              'hasRelations', EXISTS (
                                SELECT FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
                                   AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass)) AS spec,
           jsonb_build_array(jsonb_build_object('kind', 'schema', 'name', n.nspname)) ||
             coalesce((SELECT jsonb_agg(jsonb_build_object('kind', 'extension', 'name', required.extname))
                         FROM pg_depend d JOIN pg_extension required ON required.oid = d.refobjid
                        WHERE d.classid = 'pg_extension'::regclass AND d.objid = e.oid
                          AND d.refclassid = 'pg_extension'::regclass), '[]') AS needs
      FROM jsonb_to_recordset($1) AS wanted(name text)
      JOIN pg_extension e ON e.extname = wanted.name
      JOIN pg_namespace n ON n.oid = e.extnamespace`),

  preconditions: {
    needsQuery: trusted(`
      SELECT jsonb_build_object('kind', 'extension', 'name', v.name) AS id,
             jsonb_agg(DISTINCT jsonb_build_object('kind', 'extension', 'name', required)) AS needs
        FROM jsonb_to_recordset($1) AS wanted(name text)
        JOIN pg_available_extension_versions v ON v.name = wanted.name
        CROSS JOIN unnest(v.requires) AS required
       GROUP BY v.name`),
    // An extension that is not installed can have any available version, an installed one those with an update path. To list
    // versions, the server reads a file for every version of every extension, so it is asked only if another version is declared.
    impossibleQuery: trusted(`
      WITH wanted AS (
        SELECT w.name, w.spec ->> 'version' AS version, w.spec ->> 'schema' AS schema,
               e.extversion, e.extrelocatable, n.nspname
          FROM jsonb_to_recordset($1) AS w(name text, spec jsonb)
          LEFT JOIN pg_extension e ON e.extname = w.name
          LEFT JOIN pg_namespace n ON n.oid = e.extnamespace
      ), other_version AS (
        SELECT * FROM wanted WHERE version IS NOT NULL AND version IS DISTINCT FROM extversion
      ), possible(name, version) AS (
        SELECT v.name, v.version
          FROM other_version w
          CROSS JOIN LATERAL (SELECT * FROM pg_available_extension_versions a WHERE a.name = w.name OFFSET 0) AS v
         WHERE w.extversion IS NULL
        UNION ALL
        SELECT v.name, p.target
          FROM other_version w
          CROSS JOIN LATERAL (SELECT * FROM pg_available_extensions a WHERE a.name = w.name OFFSET 0) AS v
          CROSS JOIN LATERAL pg_extension_update_paths(v.name) AS p
         WHERE p.source = w.extversion AND p.path IS NOT NULL
      ), listed AS (
        SELECT name, string_agg(version, ', ' ORDER BY
                 (SELECT array_agg(part[1]::int) FROM regexp_matches(version, '[0-9]{1,9}', 'g') AS part), version) AS versions
          FROM possible GROUP BY name
      )
      SELECT jsonb_build_object('kind', 'extension', 'name', w.name) AS id,
             format(CASE WHEN w.extversion IS NULL THEN 'version %s is not available on this server'
                         ELSE 'it cannot be updated to version %s from %s' END, w.version, w.extversion) AS reason,
             coalesce('Available: ' || versions || '.', 'This server has no other version of it.') AS hint
        FROM other_version w LEFT JOIN listed USING (name)
         -- The server itself reports an unknown extension.
       WHERE (w.extversion IS NOT NULL OR versions IS NOT NULL)
         AND NOT EXISTS (SELECT FROM possible p WHERE p.name = w.name AND p.version = w.version)
      UNION ALL
      SELECT jsonb_build_object('kind', 'extension', 'name', w.name),
             format('it cannot be moved from schema %I to %I: it is not relocatable', w.nspname, w.schema),
             format('Declare the schema that it is in: schema: %s. Or drop it by hand, so that it is created in the other one.', w.nspname)
        FROM wanted w
       WHERE w.schema <> w.nspname AND NOT w.extrelocatable`),
  },

  // An existing extension is moved only if the manifest names a schema; the default is for new ones.
  settle: (wanted, last, live) => ({
    schema: wanted.schema ?? live?.schema,
    version: wanted.version ?? live?.version,
    comment: settle(wanted.comment, last?.comment, live?.comment, live?.ownComment ?? ''),
  }),

  compare(id, from, to) {
    const alter = sql`ALTER EXTENSION ${ident(id.name)}`
    const fields: FieldChange[] = []
    if (to.version !== undefined && to.version !== from.version) {
      const update = statement(sql`${alter} UPDATE TO ${literal(to.version)}`)
      fields.push({
        field: 'version',
        from: from.version,
        to: to.version,
        effect: { how: 'statement', statement: update },
      })
    }
    if (to.schema !== undefined && to.schema !== from.schema) {
      const move = statement(sql`${alter} SET SCHEMA ${ident(to.schema)}`)
      fields.push({ field: 'schema', from: from.schema, to: to.schema, effect: { how: 'statement', statement: move } })
    }
    return [...fields, ...commentChange(sql`EXTENSION ${ident(id.name)}`, 'comment', from.comment, to.comment)]
  },

  create: (id, spec) => [
    statement(
      sql`CREATE EXTENSION ${ident(id.name)} SCHEMA ${ident(spec.schema ?? defaultSchema)}${
        spec.version === undefined ? sql`` : sql` VERSION ${literal(spec.version)}`
      }`,
    ),
    ...(spec.comment === undefined ? [] : [commentStatement(sql`EXTENSION ${ident(id.name)}`, spec.comment)]),
  ],
  alter: (_id, fields) => alterStatements(sql``, [], fields),
  drop: (id) => [statement(sql`DROP EXTENSION ${ident(id.name)}`)],
  display: {
    summary: (spec) => `in schema ${spec.schema ?? defaultSchema}${spec.version ? ` · version ${spec.version}` : ''}`,
  },
}
