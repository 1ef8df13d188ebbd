// Extended statistics of a materialized view or table. They are in its schema, but do not move with it to another one.
import type { FieldChange } from '../core/change.ts'
import { type CopyId, copyOf, type IdOf, keyOf } from '../core/object.ts'
import {
  fragment,
  ident,
  join,
  number,
  qualified,
  type Sql,
  type Statement,
  sql,
  statement,
  trusted,
} from '../core/sql.ts'
import { copiesIn, copyPath } from '../manifest/copies.ts'
import { type Access, type AccessTarget, accessChanges, newAccess, rolesOf, settleAccess } from './facets/access.ts'
import { alterStatements, replacedBy } from './facets/changes.ts'
import { type Comment, commentChange, commentColumn, commentDetails, newComment } from './facets/comment.ts'
import { copyIdColumn } from './facets/copy/catalog.ts'
import { isCopy } from './facets/copy/source-view.ts'
import { settle } from './facets/defaults.ts'
import { asideInSchema, statisticsRenaming, withCopyNames } from './facets/renaming.ts'
import { present, withoutBrackets } from './facets/stanza.ts'
import { isUserSchema, notOfAnExtension } from './facets/user-objects.ts'
import type { DeclaredKind } from './kind.ts'

/** In PostgreSQL's order. */
const allKinds = ['ndistinct', 'dependencies', 'mcv'] as const
type StatisticsKind = (typeof allKinds)[number]

/** Statistics have an owner, but no privileges. */
export interface StatisticsSpec extends Pick<Access, 'owner' | 'ownedByCurrentRole'> {
  /** The materialized view or table. */
  readonly on: CopyId
  /** In the order of the view's columns. */
  readonly columns: readonly string[]
  readonly expressions: readonly string[]
  /** Wanted only: the expressions with the present column names of the view. */
  readonly expressionsUnderLiveNames?: readonly string[]
  /** Declared null: the default, which is all kinds, or none for a single expression. */
  readonly kinds: readonly StatisticsKind[] | null
  /** Undefined: not declared. Null: the default. */
  readonly target?: number | null | undefined
  readonly comment?: Comment
}

export const statistics: DeclaredKind<'statistics', StatisticsSpec> = {
  kind: 'statistics',
  rank: 7,
  locks: { create: 1, drop: 1 },
  catalog: 'pg_statistic_ext',
  dropPolicy: 'owned',
  title: (id) => `statistics ${qualified(id.schema, id.name)}`,
  child: {
    parentOf: (spec) => keyOf(copyOf(spec.on)),
    createIn: (id, spec, schema) => statistics.create({ ...id, schema }, { ...spec, on: { ...spec.on, schema } }),
    finishAfterSwap: (id, schema) => [
      statement(sql`ALTER STATISTICS ${qualified(schema, id.name)} SET SCHEMA ${ident(id.schema)}`),
    ],
    // New statistics are empty until the next ANALYZE.
    buildContents: (_id, spec) => [analyze(spec)],
  },

  probe: {
    how: 'read-back',
    wanted: (read, declared, matched) => ({
      ...declared,
      ...(matched && { expressionsUnderLiveNames: matched.read.expressions }),
      columns: read.columns,
      expressions: read.expressions,
      kinds: read.kinds,
    }),
    standIn(object, scratch, standInOf) {
      const spec = withCopyNames(object.spec, standInOf)
      return { id: { kind: 'statistics', ...scratch }, spec: { ...spec, owner: undefined } }
    },
  },

  declare: (manifest) =>
    copiesIn(manifest).flatMap(({ id: on, path, declared: { statistics } }) =>
      Object.entries(statistics ?? {}).map(([name, declared]) => ({
        id: { kind: 'statistics', schema: on.schema, name } satisfies IdOf<'statistics'>,
        spec: {
          on,
          columns: declared.columns ?? [],
          expressions: declared.expressions ?? [],
          kinds: declared.kinds ?? null,
          target: declared.target === undefined ? undefined : Number(declared.target),
          comment: declared.comment,
          owner: declared.owner,
        } satisfies StatisticsSpec,
        needs: [keyOf(on)],
        path: [...path, 'statistics', name],
      })),
    ),

  write: (id, spec) => ({
    path: [...copyPath(spec.on), 'statistics', id.name],
    value: present({
      columns: spec.columns,
      expressions: spec.expressions.map(withoutBrackets),
      kinds: spec.kinds?.length === allKinds.length ? undefined : spec.kinds,
      ...(typeof spec.target === 'number' ? { target: spec.target } : {}),
      owner: spec.ownedByCurrentRole ? undefined : spec.owner,
      comment: spec.comment,
    }),
  }),

  // A manifest cannot declare statistics in another schema than their view.
  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'statistics', 'schema', nspname, 'name', stxname) AS id
      FROM pg_statistic_ext s
      JOIN pg_class view ON view.oid = s.stxrelid AND view.relnamespace = s.stxnamespace
      JOIN pg_namespace n ON n.oid = s.stxnamespace
     WHERE ${isCopy('view', 'n')} AND ${isUserSchema('nspname')} AND ${notOfAnExtension('pg_class', 'view.oid')}`),

  // Deparsing expressions would wait for a lock on the view, so they are not read while it is locked.
  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'statistics', 'schema', n.nspname, 'name', s.stxname) AS id, s.oid,
           CASE WHEN NOT ${isCopy('view', 'viewn')} THEN 'statistics object of another relation' END AS occupied_by,
           view.oid = ANY (current_setting('fdwsync.locked')::oid[]) AS locked,
           md5(concat_ws(' ', s.stxrelid, s.stxkeys, s.stxkind, s.stxexprs)) AS digest,
           jsonb_build_object(
             'on', ${copyIdColumn('view', 'viewn')},
             'columns', (SELECT coalesce(jsonb_agg(a.attname ORDER BY a.attnum), '[]')
                           FROM pg_attribute a WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys)),
             'expressions', CASE WHEN view.oid <> ALL (current_setting('fdwsync.locked')::oid[])
                                 THEN to_jsonb(coalesce(pg_get_statisticsobjdef_expressions(s.oid), '{}')) ELSE '[]' END,
             'kinds', (SELECT coalesce(jsonb_agg(name ORDER BY place), '[]')
                         FROM (VALUES (1, 'd', 'ndistinct'), (2, 'f', 'dependencies'), (3, 'm', 'mcv')) AS k(place, letter, name)
                        WHERE k.letter::"char" = ANY (s.stxkind)),
             -- The default is null from 17 on, and -1 before.
             'target', nullif((to_jsonb(s) ->> 'stxstattarget')::int, -1),
             'owner', pg_get_userbyid(s.stxowner),
             'ownedByCurrentRole', s.stxowner = quote_ident(current_user)::regrole,
             'comment', ${commentColumn('pg_statistic_ext', 's.oid')}) AS spec,
           jsonb_build_array(${copyIdColumn('view', 'viewn')}) AS needs
      FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
      JOIN pg_namespace n ON n.nspname = wanted.schema
      JOIN pg_statistic_ext s ON s.stxnamespace = n.oid AND s.stxname = wanted.name
      JOIN pg_class view ON view.oid = s.stxrelid
      JOIN pg_namespace viewn ON viewn.oid = view.relnamespace`),
  readsLocked: true,

  aside: asideInSchema('statistics', sql`STATISTICS`),
  renaming: {
    ...statisticsRenaming,
    withColumns: (spec, renamed) => ({ ...spec, columns: spec.columns.map((name) => renamed.get(name) ?? name) }),
  },

  settle: (wanted, last, live) => ({
    ...wanted,
    target: settle<number | null>(wanted.target, last?.target, live?.target, null),
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
    owner: settleAccess(wanted, last, live).owner,
  }),

  compare(id, from, to) {
    const name = qualified(id.schema, id.name)
    return [
      ...replacedBy('on', qualified(from.on.schema, from.on.name), qualified(to.on.schema, to.on.name)),
      ...replacedBy('columns', columnsText(from), columnsText(to)),
      ...replacedBy('expressions', expressionsText(withNewNames(from, to)), expressionsText(to)),
      ...replacedBy('kinds', kindsText(from), kindsText(to)),
      ...targetChange(name, from.target ?? null, to.target),
      ...commentChange(sql`STATISTICS ${name}`, 'comment', from.comment, to.comment),
      ...accessChanges(target(id), from, to),
    ]
  },

  create: (id, spec) => [...createStatistics(id, spec), ...newAccess(target(id), spec)],
  alter: (_id, fields) => alterStatements(sql``, [], fields),
  // PostgreSQL drops them with their view, and with any of their columns.
  drop: (id) => [statement(sql`DROP STATISTICS IF EXISTS ${qualified(id.schema, id.name)}`)],

  replacement: {
    onlyIfUsed: false,
    inScratch: false,
    build: (id, spec, scratch) => [...createStatistics({ ...id, name: scratch }, spec), analyze(spec)],
    swap: (id, scratch, declared) => ({
      out: statistics.drop(id),
      in: [
        statement(sql`ALTER STATISTICS ${qualified(id.schema, scratch)} RENAME TO ${ident(id.name)}`),
        ...newAccess(target(id), declared),
      ],
    }),
  },

  // The name of the view is included, since the columns belong to it.
  sqlFragments: ({ on, expressions }) => [qualified(on.schema, on.name), ...expressions],
  display: {
    summary: (spec) => `on ${qualified(spec.on.schema, spec.on.name)}`,
    details: (spec) => [
      ...(spec.columns.length === 0 ? [] : [['columns', columnsText(spec) ?? ''] as const]),
      ...(spec.expressions.length === 0 ? [] : [['expressions', expressionsText(spec) ?? ''] as const]),
      ...(spec.kinds === null ? [] : [['kinds', spec.kinds.join(', ')] as const]),
      ...(typeof spec.target === 'number' ? [['target', String(spec.target)] as const] : []),
      ...commentDetails(spec),
      ...(typeof spec.owner === 'string' ? [['owner', ident(spec.owner)] as const] : []),
    ],
  },
  preconditions: { roles: rolesOf },
}

function target(id: IdOf<'statistics'>): AccessTarget {
  const object = sql`STATISTICS ${qualified(id.schema, id.name)}`
  return { object, securable: object }
}

function createStatistics(id: IdOf<'statistics'>, spec: StatisticsSpec): readonly Statement[] {
  const name = qualified(id.schema, id.name)
  // The catalog shows no kinds for a single expression, and the grammar accepts none for it.
  const kinds = !spec.kinds?.length ? sql`` : sql` (${join(spec.kinds.map(ident), ', ')})`
  const of = [...spec.columns.map(ident), ...spec.expressions.map((expression) => sql`(${fragment(expression)})`)]
  return [
    statement(
      sql`CREATE STATISTICS ${name}${kinds} ON ${join(of, ', ')} FROM ${qualified(spec.on.schema, spec.on.name)}`,
    ),
    ...(typeof spec.target === 'number' ? [targetStatement(name, spec.target)] : []),
    ...newComment(sql`STATISTICS ${name}`, spec.comment),
  ]
}

function analyze({ on }: StatisticsSpec): Statement {
  return statement(sql`ANALYZE ${qualified(on.schema, on.name)}`)
}

/** -1 sets the default in every major. */
function targetStatement(name: Sql, target: number | null): Statement {
  return statement(sql`ALTER STATISTICS ${name} SET STATISTICS ${number(target ?? -1)}`)
}

function targetChange(name: Sql, from: number | null, to: number | null | undefined): readonly FieldChange[] {
  if (to === undefined || from === to) return []
  const shown = (target: number | null) => (target === null ? undefined : String(target))
  const effect = { how: 'statement', statement: targetStatement(name, to) } as const
  return [{ field: 'target', from: shown(from), to: shown(to), effect }]
}

/** Sorted, since the order has no meaning. */
function columnsText({ columns }: StatisticsSpec): string | undefined {
  return columns.map(ident).toSorted().join(', ') || undefined
}

/** The live statistics with the expressions as they will be once columns of their view are renamed, where nothing else differs. */
function withNewNames(live: StatisticsSpec, to: StatisticsSpec): StatisticsSpec {
  const expressions = live.expressions.map((expression, at) =>
    expression === to.expressionsUnderLiveNames?.[at] ? (to.expressions[at] ?? expression) : expression,
  )
  return { ...live, expressions }
}

function expressionsText({ expressions }: StatisticsSpec): string | undefined {
  return expressions.toSorted().join(', ') || undefined
}

function kindsText({ kinds }: StatisticsSpec): string | undefined {
  return allKinds.filter((kind) => kinds?.includes(kind)).join(', ') || undefined
}
