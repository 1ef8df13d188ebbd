// Materialized views. Their indexes and statistics are kinds of their own.
import type { FieldChange } from '../../core/change.ts'
import { type IdOf, keyOf } from '../../core/object.ts'
import {
  fragment,
  ident,
  qualified,
  type Statement,
  sql,
  statement,
  trusted,
  withoutSemicolon,
} from '../../core/sql.ts'
import {
  type Access,
  accessChanges,
  accessDetails,
  accessNeedsNewer,
  declaredAccess,
  grantsUnder,
  missingColumns,
  newAccess,
  onColumns,
  relationAccess,
  rolesOf,
  settleAccess,
  withoutAccess,
  writtenAccess,
} from '../facets/access.ts'
import { alterStatements, clausesOf, replacedBy } from '../facets/changes.ts'
import { type Comment, commentChange, newComment } from '../facets/comment.ts'
import { settle } from '../facets/defaults.ts'
import { declaredIgnore, type Ignoring } from '../facets/ignored.ts'
import { type Options, record } from '../facets/options.ts'
import { declaredProtection, type Protection } from '../facets/protection.ts'
import { asideInSchema, declaredRename, enterSchema, relationRenaming } from '../facets/renaming.ts'
import { present, writtenOptions } from '../facets/stanza.ts'
import {
  storageChanges,
  storageClause,
  type Tablespace,
  tablespaceChange,
  untoastable,
  writtenTablespace,
} from '../facets/storage.ts'
import { isUserSchema, notOfAnExtension } from '../facets/user-objects.ts'
import type { DeclaredKind } from '../kind.ts'
import type { MatchedToLive } from '../probing.ts'
import { materializedViewCatalog } from './catalog.ts'
import { columnRenames, renameChange, renameColumns, settingsUnder, underNewNames } from './column-renames.ts'
import {
  columnTypes,
  type DeclaredViewColumns,
  declaredViewColumns,
  missingViewColumns,
  namesClause,
  newViewColumnSettings,
  settingsOf,
  settleViewColumns,
  viewColumnChanges,
  withSettings,
  writtenViewColumns,
} from './columns.ts'
import { viewHazards } from './hazards.ts'
import { queryChanges, renamesIn, renamesOf, typeChanges, type ViewQuery } from './query.ts'

export interface MaterializedViewSpec extends Access, Ignoring, Protection, Tablespace, ViewQuery {
  readonly declaredColumns?: DeclaredViewColumns
  /** Null: the server's default. */
  readonly accessMethod: string | null
  /** Live only. */
  readonly defaultAccessMethod?: string
  /** Live only: whether it has a TOAST table, which stores `toast.*` parameters. */
  readonly hasToast?: boolean | undefined
  /** Live only, for exports: the index that it is clustered on. The mark is an attribute of the index. */
  readonly clusterOn?: string | null
  readonly with?: Options | undefined
  /** Declared: whether fdwsync loads it. Live: whether it holds data. It is never emptied. */
  readonly populated: boolean
  readonly comment?: Comment
}

export const materializedView: DeclaredKind<'materializedView', MaterializedViewSpec> = {
  kind: 'materializedView',
  rank: 5,
  locks: { create: 4, drop: 8 },
  catalog: 'pg_class',
  dropPolicy: 'owned',
  title: (id) => `materialized view ${qualified(id.schema, id.name)}`,

  probe: {
    how: 'read-back',
    wanted: (read, declared, matched, equivalentDeparse) => ({
      ...declared,
      query: read.query,
      equivalentDeparse,
      columns: withSettings(
        read.columns,
        settingsUnder(columnsDeclared(declared), renamesOf(read, matched), matched?.live.columns ?? []),
      ),
      queryUnderLiveNames: matched?.read.query,
      hasToast: read.hasToast,
      grants: wantedGrants(read, declared, matched),
    }),
    matchLive: (id, read, live) =>
      renameColumns(qualified(id.schema, id.name), read.columns, columnRenames(read.columns, live.columns)),
    standIn: (object, scratch) => ({
      id: { kind: 'materializedView', ...scratch },
      // Settled settings may be of columns that the query no longer has.
      spec: { ...withoutAccess(object.spec), declaredColumns: { ...columnsDeclared(object.spec), settings: {} } },
    }),
  },

  declare: (manifest) =>
    Object.entries(manifest.schemas ?? {}).flatMap(([schema, { materialized_views }]) =>
      Object.entries(materialized_views ?? {}).map(([name, declared]) => ({
        id: { kind: 'materializedView', schema, name } satisfies IdOf<'materializedView'>,
        spec: {
          query: withoutSemicolon(declared.query),
          columns: [],
          declaredColumns: declaredViewColumns(declared.columns),
          accessMethod: declared.access_method ?? null,
          tablespace: declared.tablespace ?? null,
          with: declared.with && record(Object.entries(declared.with)),
          populated: declared.populate ?? true,
          comment: declared.comment,
          ...declaredProtection(declared),
          ...declaredIgnore(declared),
          ...declaredAccess(declared),
        } satisfies MaterializedViewSpec,
        needs: [keyOf({ kind: 'schema', name: schema })],
        ...declaredRename({ kind: 'materializedView', schema, name } as const, declared),
        path: ['schemas', schema, 'materialized_views', name],
      })),
    ),

  // Only white space before the query is removed: within it may be part of a string.
  write: (id, spec) => ({
    path: ['schemas', id.schema, 'materialized_views', id.name],
    value: {
      query: spec.query.trimStart(),
      ...(spec.populated ? {} : { populate: false }),
      ...present({
        columns: writtenViewColumns(spec.columns),
        access_method: spec.accessMethod === spec.defaultAccessMethod ? undefined : spec.accessMethod,
        with: writtenOptions(spec.with),
        tablespace: writtenTablespace(spec),
        cluster_on: spec.clusterOn,
      }),
      ...writtenAccess(spec),
      ...present({ comment: spec.comment }),
    },
  }),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'materializedView', 'schema', nspname, 'name', relname) AS id
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind = 'm' AND ${isUserSchema('nspname')} AND ${notOfAnExtension('pg_class', 'c.oid')}`),

  catalogQuery: materializedViewCatalog,
  hasRowType: true,
  readsLocked: true,

  settle: (wanted, last, live) => ({
    ...wanted,
    declaredColumns: settleViewColumns(columnsDeclared(wanted), last?.declaredColumns, live?.columns ?? []),
    with: settle(wanted.with, last?.with, live?.with, {}),
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
    ...settleAccess(wanted, last, live),
  }),

  compare(id, live, to) {
    const name = qualified(id.schema, id.name)
    const renames = renamesIn(live, to)
    const from = underNewNames(live, renames)
    return [
      ...(renames.size > 0
        ? [renameChange(name, live.columns, renames), ...typeChanges(from, to)]
        : queryChanges(from, to)),
      // ALTER is possible from 15 on, but rewrites the view while readers wait.
      ...replacedBy('access method', from.accessMethod ?? undefined, to.accessMethod ?? from.defaultAccessMethod),
      ...tablespaceChange(sql`ALTER MATERIALIZED VIEW ${name}`, from, to),
      ...storageChanges(sql`ALTER MATERIALIZED VIEW ${name}`, from.with ?? {}, to.with ?? from.with ?? {}),
      ...viewColumnChanges(name, from.columns, to.columns),
      ...(to.populated && !from.populated ? [unpopulated] : []),
      ...commentChange(sql`MATERIALIZED VIEW ${name}`, 'comment', from.comment, to.comment),
      ...accessChanges(relationAccess(id), from, to),
    ]
  },

  create(id, spec) {
    const settings = newViewColumnSettings(qualified(id.schema, id.name), columnsDeclared(spec), settingsNames(spec))
    return [...createAs(id, spec), ...settings, ...newAccess(relationAccess(id), spec)]
  },
  alter: (id, fields) =>
    alterStatements(sql`ALTER MATERIALIZED VIEW ${qualified(id.schema, id.name)} `, clausesOf(fields), fields),
  drop: (id) => [statement(sql`DROP MATERIALIZED VIEW ${qualified(id.schema, id.name)}`)],
  aside: asideInSchema('materializedView', sql`MATERIALIZED VIEW`),
  renaming: {
    ...relationRenaming('materializedView', 'm', sql`MATERIALIZED VIEW`),
    renameColumns: ({ schema, name }, renames) => renameColumns(qualified(schema, name), [], renames),
    alteredColumnNames: renamesIn,
  },
  query: {
    text: (spec) => spec.query,
    withText: (spec, query) => ({ ...spec, query }),
  },
  ownerOf: ({ owner }) => owner,
  sqlFragments: (spec) => [spec.query],
  columns: (spec) => columnTypes(spec.columns),
  data: {
    isPopulated: (spec) => spec.populated,
    populate: (id) => [refreshStatement(id, false), statement(sql`ANALYZE ${qualified(id.schema, id.name)}`)],
  },

  replacement: {
    onlyIfUsed: false,
    inScratch: true,
    build: (id, spec, scratch, wanted) => [
      ...createAs({ ...id, schema: scratch }, spec),
      // A column that is also renamed has its settings and grants under the new name only in what is wanted.
      ...newViewColumnSettings(qualified(scratch, id.name), settingsOf(wanted.columns), columnNames(wanted)),
      ...newAccess(
        relationAccess({ ...id, schema: scratch }),
        onColumns({ ...spec, grants: wanted.grants }, columnNames(wanted)),
      ),
    ],
    load: (id, scratch) => [refreshStatement({ ...id, schema: scratch }, false)],
    swap: (id, scratch) => ({
      out: [statement(sql`DROP MATERIALIZED VIEW ${qualified(id.schema, id.name)}`)],
      in: enterSchema(sql`MATERIALIZED VIEW`, scratch, id),
    }),
  },

  hazards: viewHazards,
  display: {
    details: (spec) => [['query', spec.query], ...accessDetails(spec)],
  },
  preconditions: {
    roles: rolesOf,
    needsNewer: accessNeedsNewer,
    validateAgainstProbe: (written, wanted) =>
      missingColumns(written, columnNames(wanted)) ??
      missingViewColumns(columnsDeclared(written), columnNames(wanted)) ??
      untoastable(written.with, wanted.hasToast),
  },
}

const unpopulated: FieldChange = { field: 'populated', from: 'no', to: 'yes', effect: { how: 'populate' } }

/** REFRESH of a view; CONCURRENTLY only where the view is populated and has a usable unique index. */
export function refreshStatement(id: IdOf<'materializedView'>, concurrently: boolean): Statement {
  const mode = concurrently ? sql`CONCURRENTLY ` : sql``
  return statement(sql`REFRESH MATERIALIZED VIEW ${mode}${qualified(id.schema, id.name)}`)
}

function createAs(id: IdOf<'materializedView'>, spec: MaterializedViewSpec): readonly Statement[] {
  const name = qualified(id.schema, id.name)
  const method = spec.accessMethod === null ? sql`` : sql` USING ${ident(spec.accessMethod)}`
  const tablespace = spec.tablespace === null ? sql`` : sql` TABLESPACE ${ident(spec.tablespace)}`
  const head = sql`${namesClause(columnsDeclared(spec))}${method}${storageClause(spec.with)}${tablespace}`
  return [
    statement(sql`CREATE MATERIALIZED VIEW ${name}${head} AS\n${fragment(spec.query)}\nWITH NO DATA`),
    ...newComment(sql`MATERIALIZED VIEW ${name}`, spec.comment),
  ]
}

/** Grants that the manifest leaves open stay with columns that are renamed. */
function wantedGrants(
  read: MaterializedViewSpec,
  declared: MaterializedViewSpec,
  matched: MatchedToLive<MaterializedViewSpec> | undefined,
): Access['grants'] {
  const isLeftAlone = matched?.live.query === matched?.read.query && declared.grants === matched?.live.grants
  if (matched && isLeftAlone) return grantsUnder(declared.grants, renamesOf(read, matched))
  return onColumns(declared, columnNames(read)).grants
}

function columnsDeclared({ declaredColumns }: MaterializedViewSpec): DeclaredViewColumns {
  return declaredColumns ?? { names: [], settings: {} }
}

function settingsNames(spec: MaterializedViewSpec): ReadonlySet<string> {
  return new Set(Object.keys(columnsDeclared(spec).settings))
}

function columnNames({ columns }: MaterializedViewSpec): ReadonlySet<string> {
  return new Set(columns.map(({ name }) => name))
}
