// Indexes of materialized views and tables.
import type { FieldChange } from '../../core/change.ts'
import { copyOf, type IdOf, keyOf } from '../../core/object.ts'
import type { Hazard } from '../../core/plan.ts'
import { fragment, ident, join, qualified, type Statement, sql, statement, trusted } from '../../core/sql.ts'
import { copiesIn, copyPath } from '../../manifest/copies.ts'
import { alterStatements } from '../facets/changes.ts'
import { commentChange, commentDetails, newComment } from '../facets/comment.ts'
import { isCopy } from '../facets/copy/source-view.ts'
import { settle } from '../facets/defaults.ts'
import { nameOf } from '../facets/names.ts'
import { describeOptions, record } from '../facets/options.ts'
import { declaredProtection } from '../facets/protection.ts'
import { asideInSchema, declaredRename, indexRenaming, withCopyNames } from '../facets/renaming.ts'
import { present, type Stanza, withoutBrackets, writtenOptions } from '../facets/stanza.ts'
import { storageChanges, storageClause, tablespaceChange, writtenTablespace } from '../facets/storage.ts'
import { isUserSchema, notOfAnExtension } from '../facets/user-objects.ts'
import type { DeclaredKind } from '../kind.ts'
import { alikeIndexes } from './alike.ts'
import { indexCatalog } from './catalog.ts'
import { clusterChange, clusterOn } from './cluster.ts'
import { columnSql, declaredColumn, statisticsChanges, statisticsStatements, writtenColumn } from './columns.ts'
import { definitionFields, definitionText } from './definition.ts'
import type { IndexSpec } from './spec.ts'

export const index: DeclaredKind<'index', IndexSpec> = {
  kind: 'index',
  rank: 6,
  locks: { create: 1, drop: 2 },
  catalog: 'pg_class',
  dropPolicy: 'owned',
  title: (id) => `index ${qualified(id.schema, id.name)}`,
  child: {
    parentOf: (spec) => keyOf(copyOf(spec.on)),
    createIn: (id, spec, schema) => createIndex({ ...id, schema }, { ...spec, on: { ...spec.on, schema } }, id.name),
    movesWithParent: true,
    alike: alikeIndexes,
  },

  probe: {
    how: 'read-back',
    wanted: (read, declared, matched) => ({
      ...read,
      ...(matched && { underLiveNames: expressionsOf(matched.read) }),
      on: declared.on,
      with: declared.with,
      tablespace: declared.tablespace,
      clusterOn: declared.clusterOn,
      comment: declared.comment,
      columns: read.columns.map((column, at) => ({ ...column, statistics: declared.columns[at]?.statistics })),
    }),
    standIn(object, scratch, standInOf) {
      const spec = withCopyNames(object.spec, standInOf)
      // An index is always in the schema of its relation.
      return { id: { kind: 'index', schema: spec.on.schema, name: scratch.name }, spec }
    },
  },

  declare: (manifest) =>
    copiesIn(manifest).flatMap(({ id: on, path, declared: { indexes, cluster_on } }) =>
      Object.entries(indexes ?? {}).map(([name, declared]) => ({
        id: { kind: 'index', schema: on.schema, name } satisfies IdOf<'index'>,
        spec: {
          on,
          method: declared.method ?? 'btree',
          unique: declared.unique ?? false,
          columns: declared.columns.map(declaredColumn),
          include: declared.include ?? [],
          where: declared.where ?? null,
          nullsNotDistinct: declared.nulls_not_distinct ?? false,
          with: declared.with && record(Object.entries(declared.with)),
          tablespace: declared.tablespace ?? null,
          clusterOn: cluster_on,
          comment: declared.comment,
          ...declaredProtection(declared),
        } satisfies IndexSpec,
        needs: [keyOf(on)],
        ...declaredRename({ kind: 'index', schema: on.schema, name } as const, declared),
        path: [...path, 'indexes', name],
      })),
    ),

  write: (id, spec) => writtenIndex(id, spec),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'index', 'schema', nspname, 'name', c.relname) AS id
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class view ON view.oid = i.indrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE ${isCopy('view', 'n')} AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid) AND ${isUserSchema('nspname')} AND ${notOfAnExtension('pg_class', 'view.oid')}`),

  catalogQuery: indexCatalog,
  readsLocked: true,
  evaluated: { expressions: ({ spec }, view) => viewOfExpressions(spec, view) },

  aside: asideInSchema('index', sql`INDEX`),
  renaming: {
    ...indexRenaming,
    withColumns: (spec, renamed) => ({
      ...spec,
      columns: spec.columns.map((each) => ({
        ...each,
        column: each.column && (renamed.get(each.column) ?? each.column),
      })),
      include: spec.include.map((name) => renamed.get(name) ?? name),
    }),
  },

  settle: (wanted, last, live) => ({
    ...wanted,
    with: settle(wanted.with, last?.with, live?.with, {}),
    clusterOn: settle<string | null>(wanted.clusterOn, last?.clusterOn, live?.clusterOn, null),
    columns: wanted.columns.map((column, at) => ({
      ...column,
      statistics: settle<number | null>(
        column.statistics,
        last?.columns[at]?.statistics,
        live?.columns[at]?.statistics,
        null,
      ),
    })),
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
  }),

  compare(id, live, to) {
    const from = withNewNames(live, to)
    const before = definitionFields(from)
    const after = definitionFields(to)
    const fields = Object.keys(after).flatMap((field): readonly FieldChange[] =>
      before[field] === after[field]
        ? []
        : [{ field, from: before[field], to: after[field], effect: { how: 'replace' } }],
    )
    const alter = sql`ALTER INDEX ${qualified(id.schema, id.name)}`
    return [
      ...fields,
      ...tablespaceChange(alter, from, to),
      ...storageChanges(alter, from.with ?? {}, to.with ?? from.with ?? {}),
      ...statisticsChanges(alter, from.columns, to.columns),
      ...clusterChange(id, from, to),
      ...commentChange(sql`INDEX ${qualified(id.schema, id.name)}`, 'comment', from.comment, to.comment),
    ]
  },

  create: (id, spec) => createIndex(id, spec, id.name),
  alter: (_id, fields) => alterStatements(sql``, [], fields),
  // If it moves to another view, it may be gone with the old one.
  drop: (id) => [statement(sql`DROP INDEX IF EXISTS ${qualified(id.schema, id.name)}`)],

  // Built under another name while the old index serves.
  replacement: {
    onlyIfUsed: false,
    inScratch: false,
    build: createIndex,
    swap: (id, scratch) => ({
      out: index.drop(id),
      in: [statement(sql`ALTER INDEX ${qualified(id.schema, scratch)} RENAME TO ${ident(id.name)}`)],
    }),
  },

  // The view's name too, since its columns are indexed.
  sqlFragments: ({ on, columns, where }) => [
    qualified(on.schema, on.name),
    where ?? '',
    ...columns.flatMap(({ expression, operatorClass, collation }) => [
      expression ?? '',
      ...[operatorClass, collation].flatMap((each) => (each ? [nameOf(each)] : [])),
    ]),
  ],
  hazards: (change): readonly Hazard[] =>
    change.op === 'drop' || change.op === 'replace'
      ? [{ name: 'blocks-readers', detail: 'readers of the view wait briefly while the old index is dropped' }]
      : [],
  display: {
    summary: (spec) => `on ${qualified(spec.on.schema, spec.on.name)}`,
    details: (spec) => [
      ['index', definitionText(spec)],
      ...(Object.keys(spec.with ?? {}).length === 0 ? [] : [['with', describeOptions(spec.with ?? {})] as const]),
      ...(spec.tablespace === null ? [] : [['tablespace', ident(spec.tablespace)] as const]),
      ...commentDetails(spec),
    ],
  },
  preconditions: {
    needsNewer: ({ nullsNotDistinct }, major) =>
      nullsNotDistinct && major < 15 ? 'NULLS NOT DISTINCT requires PostgreSQL 15 or later' : undefined,
  },
}

function writtenIndex(id: IdOf<'index'>, spec: IndexSpec): Stanza {
  return {
    path: [...copyPath(spec.on), 'indexes', id.name],
    value: present({
      method: spec.method === 'btree' ? undefined : spec.method,
      unique: spec.unique,
      columns: spec.columns.map((column) => writtenColumn(column, spec.definition ?? '')),
      include: spec.include,
      where: spec.where === null ? undefined : withoutBrackets(spec.where),
      nulls_not_distinct: spec.nullsNotDistinct,
      with: writtenOptions(spec.with),
      tablespace: writtenTablespace(spec),
      comment: spec.comment,
    }),
    notes: [...(spec.valid === false ? ['it is invalid, since its creation failed; apply rebuilds it'] : [])],
  }
}

/** Creates a view of the index's expressions and its predicate, over the same relation. */
function viewOfExpressions(
  { on, columns, where }: IndexSpec,
  view: { readonly schema: string; readonly name: string },
): readonly Statement[] {
  const expressions = columns.flatMap(({ expression, collation }) => (expression ? [{ expression, collation }] : []))
  if (expressions.length === 0 && where === null) return []
  // Without the collation of the index, that of `a || b` may be ambiguous.
  const targets = expressions.map(
    ({ expression, collation }, at) =>
      sql`(${fragment(expression)}\n)${collation ? sql` COLLATE ${nameOf(collation)}` : sql``} AS ${ident(`c${at}`)}`,
  )
  const condition = where === null ? sql`` : sql` WHERE (${fragment(where)}\n)`
  return [
    statement(
      sql`CREATE VIEW ${qualified(view.schema, view.name)} AS SELECT ${join(targets, ', ')} FROM ${qualified(on.schema, on.name)}${condition}`,
    ),
  ]
}

/** @param name the name that it is created under */
function createIndex(own: IdOf<'index'>, spec: IndexSpec, name: string): readonly Statement[] {
  const id = { ...own, name }
  const isMarked = spec.clusterOn === own.name
  const unique = spec.unique ? sql`UNIQUE ` : sql``
  const include = spec.include.length === 0 ? sql`` : sql` INCLUDE (${join(spec.include.map(ident), ', ')})`
  const where = spec.where === null ? sql`` : sql` WHERE ${fragment(spec.where)}`
  const columns = join(spec.columns.map(columnSql), ', ')
  const nulls = spec.nullsNotDistinct ? sql` NULLS NOT DISTINCT` : sql``
  const tablespace = spec.tablespace === null ? sql`` : sql` TABLESPACE ${ident(spec.tablespace)}`
  const more = sql`${include}${nulls}${storageClause(spec.with)}${tablespace}${where}`
  return [
    statement(
      sql`CREATE ${unique}INDEX ${ident(id.name)} ON ${qualified(spec.on.schema, spec.on.name)} USING ${ident(spec.method)} (${columns})${more}`,
    ),
    ...statisticsStatements(sql`ALTER INDEX ${qualified(id.schema, id.name)}`, spec.columns),
    ...(isMarked ? [clusterOn(id, spec)] : []),
    ...newComment(sql`INDEX ${qualified(id.schema, id.name)}`, spec.comment),
  ]
}

function expressionsOf({ columns, where }: IndexSpec): NonNullable<IndexSpec['underLiveNames']> {
  return { expressions: columns.map(({ expression }) => expression ?? null), where }
}

/** The live index with the expressions as they will be once columns of its view are renamed, where nothing else differs. */
function withNewNames(live: IndexSpec, { underLiveNames, columns, where }: IndexSpec): IndexSpec {
  if (!underLiveNames) return live
  const { expressions } = underLiveNames
  return {
    ...live,
    columns: live.columns.map((column, at) =>
      column.expression && column.expression === expressions[at]
        ? { ...column, expression: columns[at]?.expression }
        : column,
    ),
    where: live.where === underLiveNames.where ? where : live.where,
  }
}
