import type { FieldChange } from '../core/change.ts'
import { type IdOf, keyOf } from '../core/object.ts'
import type { Hazard } from '../core/plan.ts'
import { fragment, ident, join, qualified, type Sql, type Statement, sql, statement, trusted } from '../core/sql.ts'
import { alterStatements } from './facets/changes.ts'
import { type Comment, commentChange, newComment } from './facets/comment.ts'
import { nameOf, type ObjectName, objectName, showName } from './facets/names.ts'
import { notOfAnExtension, schemaOfPeople } from './facets/people.ts'
import { occupiedBy } from './facets/relations.ts'
import { relationNames } from './facets/renaming.ts'
import { settle } from './facets/settle.ts'
import { present, type Stanza, type Written, withoutBrackets, writtenName } from './facets/written.ts'
import type { Kind } from './kind.ts'

interface IndexColumn {
  readonly column?: string | null | undefined
  readonly expression?: string | null | undefined
  readonly collation: ObjectName | null
  readonly operatorClass: ObjectName | null
  readonly order: 'asc' | 'desc' | null
  readonly nulls: 'first' | 'last' | null
}

export interface IndexSpec {
  /** The materialized view. */
  readonly on: { readonly schema: string; readonly name: string }
  readonly method: string
  readonly unique: boolean
  readonly columns: readonly IndexColumn[]
  readonly include: readonly string[]
  readonly where: string | null
  /** Live only: CREATE INDEX CONCURRENTLY that failed leaves one that is not. */
  readonly valid?: boolean
  /** Live only: as PostgreSQL writes it out, without what is the default. */
  readonly definition?: string | null
  readonly nullsNotDistinct?: boolean
  readonly comment?: Comment
}

/** The new index's name for the length of the transaction that builds it. */
const buildName = 'fdwsync_build'

export const index: Kind<'index', IndexSpec> = {
  kind: 'index',
  rank: 6,
  catalog: 'pg_class',
  dropPolicy: 'owned',
  title: (id) => `index ${qualified(id.schema, id.name)}`,
  partOf: (spec) => keyOf({ kind: 'materializedView', ...spec.on }),

  probe: {
    how: 'read-back',
    wanted: (read, declared) => ({ ...read, on: declared.on }),
    standIn(object, scratch, standInOf) {
      const on = standInOf({ kind: 'materializedView', ...object.spec.on })
      const view = on.kind === 'materializedView' ? { schema: on.schema, name: on.name } : object.spec.on
      // An index lives in the schema of what it indexes, whatever the schema of the scratch names.
      return { id: { kind: 'index', schema: view.schema, name: scratch.name }, spec: { ...object.spec, on: view } }
    },
  },

  declare: (manifest) =>
    Object.entries(manifest.schemas ?? {}).flatMap(([schema, { materialized_views }]) =>
      Object.entries(materialized_views ?? {}).flatMap(([view, { indexes }]) =>
        Object.entries(indexes ?? {}).map(([name, declared]) => ({
          id: { kind: 'index', schema, name } satisfies IdOf<'index'>,
          spec: {
            on: { schema, name: view },
            method: declared.method ?? 'btree',
            unique: declared.unique ?? false,
            columns: declared.columns.map(declaredColumn),
            include: declared.include ?? [],
            where: declared.where ?? null,
            comment: declared.comment,
          } satisfies IndexSpec,
          needs: [keyOf({ kind: 'materializedView', schema, name: view })],
          path: ['schemas', schema, 'materialized_views', view, 'indexes', name],
        })),
      ),
    ),

  write: (id, spec) => writtenIndex(id, spec),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'index', 'schema', nspname, 'name', c.relname) AS id
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class view ON view.oid = i.indrelid AND view.relkind = 'm'
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE ${schemaOfPeople('nspname')} AND ${notOfAnExtension('pg_class', 'view.oid')}`),

  // Read in parts rather than by pg_get_indexdef as a whole, so that texts do not depend on the names of what is
  // indexed. Sort order is asked of indoption, which only access methods that can order use. An expression or predicate
  // is not read while the view is locked: pg_get_indexdef and pg_get_expr would wait for the lock.
  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'index', 'schema', n.nspname, 'name', c.relname) AS id, c.oid,
           ${occupiedBy("c.relkind <> 'i'")},
           view.oid = ANY (current_setting('fdwsync.locked')::oid[]) AS locked,
           md5(concat_ws(' ', i.indrelid, i.indkey, i.indclass, i.indcollation, i.indoption, i.indisunique, i.indisvalid, i.indnkeyatts,
                         i.indexprs, i.indpred, am.amname)) AS digest,
           jsonb_build_object(
             'on', jsonb_build_object('schema', viewn.nspname, 'name', view.relname),
             'method', am.amname,
             'unique', i.indisunique,
             'valid', i.indisvalid,
             'definition', CASE WHEN view.oid <> ALL (current_setting('fdwsync.locked')::oid[])
                                THEN pg_get_indexdef(i.indexrelid) END,
             -- Since 15; asked so that older servers understand it.
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
                        'order', CASE WHEN NOT pg_indexam_has_property(am.oid, 'can_order') THEN NULL
                                      WHEN i.indoption[k] & 1 = 1 THEN 'desc' ELSE 'asc' END,
                        'nulls', CASE WHEN NOT pg_indexam_has_property(am.oid, 'can_order') THEN NULL
                                      WHEN i.indoption[k] & 2 = 2 THEN 'first' ELSE 'last' END) ORDER BY k)
                 FROM generate_series(0, i.indnkeyatts - 1) AS k
                 LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] AND a.attnum > 0),
             'include', (SELECT coalesce(jsonb_agg(a.attname ORDER BY k), '[]')
                           FROM generate_series(i.indnkeyatts, i.indnatts - 1) AS k
                           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]),
             'where', CASE WHEN view.oid <> ALL (current_setting('fdwsync.locked')::oid[])
                           THEN pg_get_expr(i.indpred, i.indrelid) END,
             'comment', coalesce(obj_description(c.oid, 'pg_class'), '')) AS spec,
           jsonb_build_array(jsonb_build_object('kind', 'materializedView', 'schema', viewn.nspname, 'name', view.relname)) AS needs
      FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
      JOIN pg_namespace n ON n.nspname = wanted.schema
      JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
      LEFT JOIN pg_index i ON i.indexrelid = c.oid
      LEFT JOIN pg_am am ON am.oid = c.relam
      LEFT JOIN pg_class view ON view.oid = i.indrelid
      LEFT JOIN pg_namespace viewn ON viewn.oid = view.relnamespace`),

  renaming: {
    namesQuery: relationNames('index', 'i'),
    // It is always in the schema of what it indexes.
    rename: (from, to) => [statement(sql`ALTER INDEX ${qualified(to.schema, from.name)} RENAME TO ${ident(to.name)}`)],
    withNames(spec, nameOf) {
      const on = nameOf({ kind: 'materializedView', ...spec.on })
      return on.kind === 'materializedView' ? { ...spec, on: { schema: on.schema, name: on.name } } : spec
    },
  },

  settle: (wanted, last, live) => ({ ...wanted, comment: settle(wanted.comment, last?.comment, live?.comment, '') }),

  compare(id, from, to) {
    const before = definitionFields(from)
    const after = definitionFields(to)
    const fields = Object.keys(after).flatMap((field): readonly FieldChange[] =>
      before[field] === after[field]
        ? []
        : [{ field, from: before[field], to: after[field], effect: { how: 'replace' } }],
    )
    return [
      ...fields,
      ...commentChange(sql`INDEX ${qualified(id.schema, id.name)}`, 'comment', from.comment, to.comment),
    ]
  },

  create: createIndex,
  alter: (_id, fields) => alterStatements(sql``, [], fields),
  drop: (id) => [statement(sql`DROP INDEX ${qualified(id.schema, id.name)}`)],

  // The new one is made while the old one serves; then the old one goes and the new one takes its name.
  replacement: {
    onlyIfUsed: false,
    inScratch: false,
    carriesOver: false,
    build: (id, spec) => createIndex({ ...id, name: buildName }, spec),
    swap: (id) => ({
      out: [statement(sql`DROP INDEX ${qualified(id.schema, id.name)}`)],
      in: [statement(sql`ALTER INDEX ${qualified(id.schema, buildName)} RENAME TO ${ident(id.name)}`)],
    }),
  },
  asPart: (id, spec, schema) => createIndex({ ...id, schema }, { ...spec, on: { ...spec.on, schema } }),

  hazards: (change): readonly Hazard[] =>
    change.op === 'drop' || change.op === 'replace'
      ? [{ name: 'blocks-readers', detail: 'readers of the view wait for a moment while the old index goes' }]
      : [],
  summary: (spec) => `on ${qualified(spec.on.schema, spec.on.name)}`,
  details: (spec) => [['index', definitionText(spec)]],
}

function writtenIndex(id: IdOf<'index'>, spec: IndexSpec): Stanza {
  return {
    path: ['schemas', id.schema, 'materialized_views', spec.on.name, 'indexes', id.name],
    value: present({
      method: spec.method === 'btree' ? undefined : spec.method,
      unique: spec.unique,
      columns: spec.columns.map((column) => writtenColumn(column, spec.definition ?? '')),
      include: spec.include,
      where: spec.where === null ? undefined : withoutBrackets(spec.where),
      comment: spec.comment,
    }),
    notes: [
      ...(spec.valid === false ? ['it is not valid: what made it has failed; applying makes it anew'] : []),
      ...(spec.nullsNotDistinct ? ['it has NULLS NOT DISTINCT, which this release does not know'] : []),
    ],
  }
}

// The catalog does not tell a default collation or operator class from one that was given, the definition does: it leaves
// defaults out. A name that stands in it for another reason is spelled out needlessly, which does no harm.
function writtenColumn(column: IndexColumn, definition: string): Written {
  const given = (name: ObjectName | null) =>
    name && definition.includes(ident(name.name)) ? writtenName(name) : undefined
  const full = present({
    column: column.column,
    expression: column.expression && withoutBrackets(column.expression),
    collation: given(column.collation),
    operator_class: given(column.operatorClass),
    order: column.order === 'desc' ? 'desc' : undefined,
    nulls: column.nulls === (column.order === 'desc' ? 'first' : 'last') ? undefined : column.nulls,
  })
  return column.column && Object.keys(full).length === 1 ? column.column : full
}

function declaredColumn(short: DeclaredIndexColumn): IndexColumn {
  const declared = typeof short === 'string' ? { column: short } : short
  return {
    column: 'column' in declared ? declared.column : undefined,
    expression: 'expression' in declared ? declared.expression : undefined,
    collation: declared.collation === undefined ? null : objectName(declared.collation),
    operatorClass: declared.operator_class === undefined ? null : objectName(declared.operator_class),
    order: declared.order ?? null,
    nulls: declared.nulls ?? null,
  }
}

type DeclaredName = string | { readonly schema: string; readonly name: string }
type DeclaredIndexColumn =
  | string
  | {
      readonly column?: string
      readonly expression?: string
      readonly collation?: DeclaredName
      readonly operator_class?: DeclaredName
      readonly order?: 'asc' | 'desc'
      readonly nulls?: 'first' | 'last'
    }

function createIndex(id: IdOf<'index'>, spec: IndexSpec): readonly Statement[] {
  const unique = spec.unique ? sql`UNIQUE ` : sql``
  const include = spec.include.length === 0 ? sql`` : sql` INCLUDE (${join(spec.include.map(ident), ', ')})`
  const where = spec.where === null ? sql`` : sql` WHERE ${fragment(spec.where)}`
  const columns = join(spec.columns.map(columnSql), ', ')
  return [
    statement(
      sql`CREATE ${unique}INDEX ${ident(id.name)} ON ${qualified(spec.on.schema, spec.on.name)} USING ${ident(spec.method)} (${columns})${include}${where}`,
    ),
    ...newComment(sql`INDEX ${qualified(id.schema, id.name)}`, spec.comment),
  ]
}

function columnSql(column: IndexColumn): Sql {
  const key = column.column == null ? sql`(${fragment(column.expression ?? '')})` : ident(column.column)
  const collation = column.collation ? sql` COLLATE ${nameOf(column.collation)}` : sql``
  const operatorClass = column.operatorClass ? sql` ${nameOf(column.operatorClass)}` : sql``
  const order = column.order === null ? sql`` : column.order === 'desc' ? sql` DESC` : sql` ASC`
  const nulls = column.nulls === null ? sql`` : column.nulls === 'first' ? sql` NULLS FIRST` : sql` NULLS LAST`
  return sql`${key}${collation}${operatorClass}${order}${nulls}`
}

function columnText(column: IndexColumn): string {
  return [
    column.column == null ? `(${column.expression})` : ident(column.column),
    ...(column.collation ? [`collate ${showName(column.collation)}`] : []),
    ...(column.operatorClass ? [showName(column.operatorClass)] : []),
    ...(column.order ? [column.order] : []),
    ...(column.nulls ? [`nulls ${column.nulls}`] : []),
  ].join(' ')
}

/** `unique btree (id, day desc) include (name) where total > 0`. */
function definitionText(spec: IndexSpec): string {
  const include = spec.include.length === 0 ? '' : ` include (${spec.include.map(ident).join(', ')})`
  const where = spec.where === null ? '' : ` where ${spec.where}`
  return `${spec.unique ? 'unique ' : ''}${spec.method} (${spec.columns.map(columnText).join(', ')})${include}${where}`
}

function definitionFields(spec: IndexSpec): Readonly<Record<string, string | undefined>> {
  return {
    on: qualified(spec.on.schema, spec.on.name),
    method: spec.method,
    unique: spec.unique ? 'yes' : 'no',
    columns: spec.columns.map(columnText).join(', '),
    include: spec.include.map(ident).join(', ') || undefined,
    where: spec.where ?? undefined,
    valid: spec.valid === false ? 'no' : 'yes',
    'nulls distinct': spec.nullsNotDistinct === true ? 'no' : 'yes',
  }
}
