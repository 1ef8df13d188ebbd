import type { FieldChange } from '../core/change.ts'
import { type IdOf, keyOf } from '../core/object.ts'
import type { Hazard } from '../core/plan.ts'
import {
  fragment,
  ident,
  join,
  literal,
  qualified,
  type Sql,
  type Statement,
  sql,
  statement,
  trusted,
  withoutSemicolon,
} from '../core/sql.ts'
import {
  type Access,
  accessChanges,
  accessDetails,
  accessHazards,
  accessNeedsNewer,
  declaredAccess,
  missingColumns,
  newAccess,
  onColumns,
  relationAccess,
  relationAccessColumns,
  rolesOf,
  settleAccess,
  withoutAccess,
  writtenAccess,
} from './facets/access.ts'
import { alterStatements, clausesOf } from './facets/changes.ts'
import { type Comment, commentChange, newComment } from './facets/comment.ts'
import { type Options, optionEdits, record } from './facets/options.ts'
import { notOfAnExtension, schemaOfPeople } from './facets/people.ts'
import { occupiedBy } from './facets/relations.ts'
import { relationNames, renameRelation } from './facets/renaming.ts'
import { settle } from './facets/settle.ts'
import { present, writtenOptions } from './facets/written.ts'
import type { Kind } from './kind.ts'

export interface MaterializedViewSpec extends Access {
  readonly query: string
  /** As the server derived them from the query; empty where only the query is known. */
  readonly columns: readonly { readonly name: string; readonly type: string; readonly collation: string | null }[]
  readonly with?: Options | undefined
  /** Wanted: whether fdwsync fills it. Live: whether it holds data. Only "wanted, and not there" is a difference. */
  readonly populated: boolean
  readonly comment?: Comment
}

export const materializedView: Kind<'materializedView', MaterializedViewSpec> = {
  kind: 'materializedView',
  rank: 5,
  catalog: 'pg_class',
  dropPolicy: 'owned',
  title: (id) => `materialized view ${qualified(id.schema, id.name)}`,

  probe: {
    how: 'read-back',
    wanted: (read, declared) => ({
      ...read,
      with: declared.with,
      populated: declared.populated,
      owner: declared.owner,
      grants: onColumns(declared, columnNames(read)).grants,
    }),
    standIn: (object, scratch) => ({ id: { kind: 'materializedView', ...scratch }, spec: withoutAccess(object.spec) }),
  },

  declare: (manifest) =>
    Object.entries(manifest.schemas ?? {}).flatMap(([schema, { materialized_views }]) =>
      Object.entries(materialized_views ?? {}).map(([name, declared]) => ({
        id: { kind: 'materializedView', schema, name } satisfies IdOf<'materializedView'>,
        spec: {
          query: withoutSemicolon(declared.query),
          columns: [],
          with: declared.with && record(Object.entries(declared.with)),
          populated: declared.populate ?? true,
          comment: declared.comment,
          ...declaredAccess(declared),
        } satisfies MaterializedViewSpec,
        needs: [keyOf({ kind: 'schema', name: schema })],
        path: ['schemas', schema, 'materialized_views', name],
      })),
    ),

  // Only the blanks before the query go: those within may be a part of a string.
  write: (id, spec) => ({
    path: ['schemas', id.schema, 'materialized_views', id.name],
    value: {
      query: spec.query.trimStart(),
      ...(spec.populated ? {} : { populate: false }),
      ...present({ with: writtenOptions(spec.with), ...writtenAccess(spec), comment: spec.comment }),
    },
  }),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'materializedView', 'schema', nspname, 'name', relname) AS id
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind = 'm' AND ${schemaOfPeople('nspname')} AND ${notOfAnExtension('pg_class', 'c.oid')}`),

  // pg_get_viewdef waits for a running REFRESH, of this view or of one that it reads. Which are locked was asked before;
  // their definition stays unread, and the digest of the raw rule says whether it is the one that was recorded.
  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'materializedView', 'schema', n.nspname, 'name', c.relname) AS id, c.oid,
           ${occupiedBy("c.relkind <> 'm'")},
           c.oid = ANY (current_setting('fdwsync.locked')::oid[]) AS locked,
           (SELECT md5(r.ev_action::text || string_agg(format('%s %s %s', atttypid, atttypmod, attcollation), ',' ORDER BY attnum))
              FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) AS digest,
           jsonb_build_object(
             'query', CASE WHEN c.oid = ANY (current_setting('fdwsync.locked')::oid[]) THEN ''
                           WHEN c.relkind = 'm' THEN rtrim(pg_get_viewdef(c.oid), ';') END,
             'columns', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
                                 'collation', CASE WHEN attcollation <> 0 THEN attcollation::regcollation::text END)
                                 ORDER BY attnum), '[]')
                           FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
             'with', (SELECT coalesce(jsonb_object_agg(name, value), '{}') FROM (
                        SELECT option_name AS name, option_value AS value FROM pg_options_to_table(c.reloptions)
                        UNION ALL SELECT 'toast.' || option_name, option_value
                          FROM pg_class toast, pg_options_to_table(toast.reloptions) WHERE toast.oid = c.reltoastrelid) o),
             'populated', c.relispopulated,
             'comment', coalesce(obj_description(c.oid, 'pg_class'), ''),
             ${relationAccessColumns}) AS spec,
           (SELECT jsonb_build_array(jsonb_build_object('kind', 'schema', 'name', n.nspname)) ||
                   coalesce(jsonb_agg(DISTINCT jsonb_build_object(
                     'kind', CASE used.relkind WHEN 'f' THEN 'foreignTable' ELSE 'materializedView' END,
                     'schema', usedn.nspname, 'name', used.relname)), '[]')
              FROM pg_depend d
              JOIN pg_class used ON used.oid = d.refobjid AND used.relkind IN ('f', 'm') AND used.oid <> c.oid
              JOIN pg_namespace usedn ON usedn.oid = used.relnamespace
             WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
               AND d.refclassid = 'pg_class'::regclass) AS needs
      FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
      JOIN pg_namespace n ON n.nspname = wanted.schema
      JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
      LEFT JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'`),

  settle: (wanted, last, live) => ({
    ...wanted,
    with: settle(wanted.with, last?.with, live?.with, {}),
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
    ...settleAccess(wanted, last, live),
  }),

  compare(id, from, to) {
    const name = qualified(id.schema, id.name)
    return [
      ...queryChanges(from, to),
      ...storageChanges(name, from.with ?? {}, to.with ?? from.with ?? {}),
      ...(to.populated && !from.populated ? [unpopulated] : []),
      ...commentChange(sql`MATERIALIZED VIEW ${name}`, 'comment', from.comment, to.comment),
      ...accessChanges(relationAccess(id), from, to),
    ]
  },

  create: (id, spec) => [...createAs(id, spec), ...newAccess(relationAccess(id), spec)],
  alter: (id, fields) =>
    alterStatements(sql`ALTER MATERIALIZED VIEW ${qualified(id.schema, id.name)} `, clausesOf(fields), fields),
  drop: (id) => [statement(sql`DROP MATERIALIZED VIEW ${qualified(id.schema, id.name)}`)],
  renaming: {
    namesQuery: relationNames('materializedView', 'm'),
    rename: (from, to) => renameRelation(sql`MATERIALIZED VIEW`, from, to),
  },
  query: (spec) => spec.query,
  withQuery: (spec, query) => ({ ...spec, query }),
  columns: (spec) =>
    new Map(spec.columns.map(({ name, type, collation }) => [name, JSON.stringify([type, collation])])),
  wantsData: (spec) => spec.populated,
  populate: (id) => [refreshStatement(id, false), statement(sql`ANALYZE ${qualified(id.schema, id.name)}`)],

  replacement: {
    onlyIfUsed: false,
    inScratch: true,
    carriesOver: true,
    build: (id, spec, scratch) => createAs({ ...id, schema: scratch }, spec),
    load: (id, scratch) => [refreshStatement({ ...id, schema: scratch }, false)],
    swap: (id, scratch, declared, wanted) => ({
      out: [statement(sql`DROP MATERIALIZED VIEW ${qualified(id.schema, id.name)}`)],
      in: [
        statement(sql`ALTER MATERIALIZED VIEW ${qualified(scratch, id.name)} SET SCHEMA ${ident(id.schema)}`),
        ...newAccess(relationAccess(id), onColumns(declared, columnNames(wanted))),
      ],
    }),
  },

  hazards(change): readonly Hazard[] {
    if (change.op === 'drop') {
      // A kind sees only its own objects: a change of this kind carries specs of this kind.
      const live = change.from.spec as MaterializedViewSpec
      return live.populated ? [{ name: 'drops-data', detail: 'its data goes with it' }] : []
    }
    return accessHazards(change)
  },
  details: (spec) => [['query', spec.query], ...accessDetails(spec)],
  roles: rolesOf,
  misfit: (written, wanted) => missingColumns(written, columnNames(wanted)),
  needsNewer: accessNeedsNewer,
}

const unpopulated: FieldChange = { field: 'populated', from: 'no', to: 'yes', effect: { how: 'populate' } }

/** REFRESH of a view; CONCURRENTLY only where the view is populated and has a usable unique index. */
export function refreshStatement(id: IdOf<'materializedView'>, concurrently: boolean): Statement {
  const mode = concurrently ? sql`CONCURRENTLY ` : sql``
  return statement(sql`REFRESH MATERIALIZED VIEW ${mode}${qualified(id.schema, id.name)}`)
}

function createAs(id: IdOf<'materializedView'>, spec: MaterializedViewSpec): readonly Statement[] {
  const name = qualified(id.schema, id.name)
  const parameters = storageList(Object.entries(spec.with ?? {}))
  return [
    statement(
      sql`CREATE MATERIALIZED VIEW ${name}${parameters ? sql` WITH (${parameters})` : sql``} AS\n${fragment(spec.query)}\nWITH NO DATA`,
    ),
    ...newComment(sql`MATERIALIZED VIEW ${name}`, spec.comment),
  ]
}

// The same text can mean other columns: when the type of a column below has changed, for instance.
function queryChanges(from: MaterializedViewSpec, to: MaterializedViewSpec): readonly FieldChange[] {
  if (from.query !== to.query) return [{ field: 'query', from: from.query, to: to.query, effect: { how: 'replace' } }]
  const before = columnsText(from)
  const after = columnsText(to)
  return before === after ? [] : [{ field: 'columns', from: before, to: after, effect: { how: 'replace' } }]
}

function columnNames({ columns }: MaterializedViewSpec): ReadonlySet<string> {
  return new Set(columns.map(({ name }) => name))
}

function columnsText({ columns }: MaterializedViewSpec): string {
  return columns
    .map(({ name, type, collation }) => `${ident(name)} ${type}${collation === null ? '' : ` COLLATE ${collation}`}`)
    .join(', ')
}

function storageChanges(name: Sql, from: Options, to: Options): readonly FieldChange[] {
  return optionEdits(from, to).map((edit) => {
    const change =
      typeof edit.to === 'string'
        ? sql`SET (${storageList([[edit.name, edit.to]])})`
        : sql`RESET (${parameter(edit.name)})`
    return {
      field: `with ${edit.name}`,
      from: edit.from as string | undefined, // storage parameters are never secret
      to: edit.to as string | undefined,
      effect: { how: 'statement', statement: statement(sql`ALTER MATERIALIZED VIEW ${name} ${change}`) },
    }
  })
}

function storageList(parameters: readonly (readonly [string, string])[]): Sql {
  return join(
    parameters.map(([name, value]) => sql`${parameter(name)} = ${literal(value)}`),
    ', ',
  )
}

/** `toast.autovacuum_enabled` is two names with a dot between them. */
function parameter(name: string): Sql {
  return join(name.split('.').map(ident), '.')
}
