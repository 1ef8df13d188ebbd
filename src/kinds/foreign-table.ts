import type { FieldChange } from '../core/change.ts'
import { type IdOf, keyOf } from '../core/object.ts'
import { ident, join, qualified, type Sql, sql, statement, trusted } from '../core/sql.ts'
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
import { alterStatements, clausesOf, replacedBy } from './facets/changes.ts'
import {
  type Check,
  checkChanges,
  checkClause,
  checkNotes,
  declaredChecks,
  newCheckComments,
  withExpressions,
  writtenChecks,
} from './facets/checks.ts'
import { columnChanges, columnsKept } from './facets/column-changes.ts'
import { settingsColumns } from './facets/column-settings.ts'
import {
  type Column,
  columnDefinition,
  columnsNeedNewer,
  declaredColumns,
  describeColumn,
  newColumnSettings,
  settleColumns,
  withTypes,
  writtenColumns,
} from './facets/columns.ts'
import { type Comment, commentChange, newComment } from './facets/comment.ts'
import { definitionDigest } from './facets/definition-digest.ts'
import { describeOptions, type Options, optionChanges, optionsClause, record } from './facets/options.ts'
import { notOfAnExtension, schemaOfPeople } from './facets/people.ts'
import { occupiedBy } from './facets/relations.ts'
import { relationRenaming } from './facets/renaming.ts'
import { settle } from './facets/settle.ts'
import { typesUsed } from './facets/types-used.ts'
import { present, writtenOptions } from './facets/written.ts'
import type { Kind } from './kind.ts'

export interface ForeignTableSpec extends Access {
  readonly server: string
  readonly options: Options
  readonly columns: Readonly<Record<string, Column>>
  readonly checks: Readonly<Record<string, Check>>
  readonly comment?: Comment
}

export const foreignTable: Kind<'foreignTable', ForeignTableSpec> = {
  kind: 'foreignTable',
  rank: 4,
  catalog: 'pg_class',
  dropPolicy: 'owned',
  title: (id) => `foreign table ${qualified(id.schema, id.name)}`,

  probe: {
    how: 'read-back',
    wanted: (read, declared) => ({
      ...declared,
      columns: withTypes(read.columns, declared.columns),
      checks: withExpressions(read.checks, declared.checks),
      grants: onColumns(declared, columnNames(read)).grants,
    }),
    plain: ({ columns, checks }) =>
      Object.keys(checks).length === 0 &&
      Object.values(columns).every((column) => !column.default && !column.generated && !column.collation),
    standIn(object, scratch, standInOf) {
      const server = standInOf({ kind: 'server', name: object.spec.server })
      return {
        id: { kind: 'foreignTable', ...scratch },
        spec: { ...withoutAccess(object.spec), server: server.kind === 'server' ? server.name : object.spec.server },
      }
    },
  },

  declare: (manifest) =>
    Object.entries(manifest.schemas ?? {}).flatMap(([schema, { foreign_tables }]) =>
      Object.entries(foreign_tables ?? {}).map(([name, declared]) => ({
        id: { kind: 'foreignTable', schema, name } satisfies IdOf<'foreignTable'>,
        spec: {
          server: declared.server,
          options: record(Object.entries(declared.options ?? {})),
          columns: declaredColumns(declared.columns ?? {}),
          checks: declaredChecks(declared.checks ?? {}),
          comment: declared.comment,
          ...declaredAccess(declared),
        } satisfies ForeignTableSpec,
        needs: [keyOf({ kind: 'schema', name: schema }), keyOf({ kind: 'server', name: declared.server })],
        path: ['schemas', schema, 'foreign_tables', name],
      })),
    ),

  write: (id, spec) => ({
    path: ['schemas', id.schema, 'foreign_tables', id.name],
    value: present({
      server: spec.server,
      options: writtenOptions(spec.options),
      columns: writtenColumns(spec.columns),
      checks: writtenChecks(spec.checks),
      ...writtenAccess(spec),
      comment: spec.comment,
    }),
    notes: checkNotes(spec.checks),
  }),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'foreignTable', 'schema', nspname, 'name', relname) AS id
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind = 'f' AND ${schemaOfPeople('nspname')} AND ${notOfAnExtension('pg_class', 'c.oid')}`),

  catalogQuery: trusted(`
    SELECT jsonb_build_object('kind', 'foreignTable', 'schema', n.nspname, 'name', c.relname) AS id, c.oid,
           ${occupiedBy("c.relkind <> 'f'")},
           ${definitionDigest} AS digest,
           json_build_object( -- not jsonb, which would lose the order of the columns
             'server', s.srvname,
             'options', (SELECT coalesce(jsonb_object_agg(option_name, coalesce(option_value, '')), '{}')
                           FROM pg_options_to_table(f.ftoptions)),
             'columns', (SELECT coalesce(json_object_agg(a.attname, json_build_object(
                 'type', format_type(a.atttypid, a.atttypmod),
                 'collation', CASE WHEN a.attcollation <> t.typcollation THEN
                    (SELECT json_build_object('schema', cn.nspname, 'name', collname)
                       FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
                      WHERE co.oid = a.attcollation) END,
                 'notNull', a.attnotnull,
                 'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
                 'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
                 'virtual', a.attgenerated = 'v',
                 'options', (SELECT coalesce(jsonb_object_agg(option_name, coalesce(option_value, '')), '{}')
                               FROM pg_options_to_table(a.attfdwoptions)),
                 ${settingsColumns}) ORDER BY a.attnum), '{}')
               FROM pg_attribute a
               JOIN pg_type t ON t.oid = a.atttypid
               LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
             'checks', (SELECT coalesce(json_object_agg(conname, json_build_object(
                 'expression', pg_get_expr(conbin, conrelid), 'noInherit', connoinherit,
                 'mark', CASE WHEN to_jsonb(k) ->> 'conenforced' = 'false' THEN ' NOT ENFORCED'
                              WHEN NOT convalidated THEN ' NOT VALID' END,
                 'comment', coalesce(obj_description(k.oid, 'pg_constraint'), '')) ORDER BY conname), '{}')
               FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'),
             'comment', coalesce(obj_description(c.oid, 'pg_class'), ''),
             ${relationAccessColumns}) AS spec,
           jsonb_build_array(jsonb_build_object('kind', 'schema', 'name', n.nspname),
                             jsonb_build_object('kind', 'server', 'name', s.srvname)) ||
             ${typesUsed("d.classid = 'pg_class'::regclass AND d.objid = c.oid")} AS needs
      FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
      JOIN pg_namespace n ON n.nspname = wanted.schema
      JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
      LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
      LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver`),

  settle: (wanted, last, live) => ({
    ...wanted,
    columns: settleColumns(wanted.columns, last?.columns, live?.columns),
    checks: record(
      Object.entries(wanted.checks).map(([name, check]) => [
        name,
        { ...check, comment: settle(check.comment, last?.checks[name]?.comment, live?.checks[name]?.comment, '') },
      ]),
    ),
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
    ...settleAccess(wanted, last, live),
  }),

  compare(id, from, to, { declared }) {
    const name = qualified(id.schema, id.name)
    return [
      ...replacedBy('server', from.server, to.server),
      ...tableOptionChanges(from.options, to.options),
      ...columnChanges(name, from.columns, to.columns, declared.columns),
      ...checkChanges(name, from.checks, to.checks, declared.checks),
      ...commentChange(sql`FOREIGN TABLE ${name}`, 'comment', from.comment, to.comment),
      ...accessChanges(relationAccess(id), onColumns(from, columnsKept(from.columns, to.columns)), to),
    ]
  },

  create(id, spec) {
    const name = qualified(id.schema, id.name)
    const elements = [
      ...Object.entries(spec.columns).map(([column, definition]) => columnDefinition(column, definition)),
      ...Object.entries(spec.checks).map(([name, check]) => checkClause(name, check)),
    ]
    return [
      statement(
        sql`CREATE FOREIGN TABLE ${name} (${list(elements)}) SERVER ${ident(spec.server)}${optionsClause(spec.options)}`,
      ),
      ...newComment(sql`FOREIGN TABLE ${name}`, spec.comment),
      ...newColumnSettings(name, spec.columns),
      ...newCheckComments(name, spec.checks),
      ...newAccess(relationAccess(id), onColumns(spec, columnNames(spec))),
    ]
  },

  alter: (id, fields) =>
    alterStatements(sql`ALTER FOREIGN TABLE ${qualified(id.schema, id.name)} `, clausesOf(fields), fields),
  drop: (id) => [statement(sql`DROP FOREIGN TABLE ${qualified(id.schema, id.name)}`)],

  replacement: {
    onlyIfUsed: true,
    inScratch: true,
    carriesOver: false,
    build: (id, spec, scratch) => foreignTable.create({ ...id, schema: scratch }, withoutAccess(spec)),
    swap: (id, scratch, declared) => ({
      out: foreignTable.drop(id),
      in: [
        statement(sql`ALTER FOREIGN TABLE ${qualified(scratch, id.name)} SET SCHEMA ${ident(id.schema)}`),
        ...newAccess(relationAccess(id), onColumns(declared, columnNames(declared))),
      ],
    }),
  },

  renaming: {
    ...relationRenaming('foreignTable', 'f', sql`FOREIGN TABLE`),
    withNames(spec, nameOf) {
      const server = nameOf({ kind: 'server', name: spec.server })
      return server.kind === 'server' ? { ...spec, server: server.name } : spec
    },
  },

  // LIMIT 0 fetches nothing, but a foreign scan connects as soon as it begins.
  reach: (id, spec) => ({
    source: spec.server,
    statement: statement(sql`SELECT FROM ${qualified(id.schema, id.name)} LIMIT 0`),
  }),
  texts: ({ columns, checks }) => [
    ...Object.values(columns).flatMap(textsOf),
    ...Object.values(checks).map(({ expression }) => expression),
  ],
  columns: (spec) =>
    new Map(
      Object.entries(spec.columns).map(([name, { type, collation }]) => [name, JSON.stringify([type, collation])]),
    ),
  summary: (spec) => `on server ${spec.server}`,
  details: (spec) => [
    ...(Object.keys(spec.options).length === 0 ? [] : [['options', describeOptions(spec.options)] as const]),
    [
      'columns',
      Object.entries(spec.columns)
        .map(([name, column]) => describeColumn(name, column))
        .join(' · '),
    ],
    ...Object.entries(spec.checks).map(([name, { expression }]) => [`check ${name}`, expression] as const),
    ...accessDetails(spec),
  ],
  roles: rolesOf,
  hazards: accessHazards,
  misfit: (written, wanted) => missingColumns(written, columnNames(wanted)),
  needsNewer: (spec, major) => accessNeedsNewer(spec, major) ?? columnsNeedNewer(spec.columns, major),
}

function columnNames({ columns }: ForeignTableSpec): ReadonlySet<string> {
  return new Set(Object.keys(columns))
}

function textsOf({ type, collation, default: value, generated }: Column): readonly string[] {
  return [type, value ?? '', generated ?? '', collation ? ident(collation.name) : '']
}

function list(elements: readonly Sql[]): Sql {
  return elements.length === 0 ? sql`` : sql`\n  ${join(elements, ',\n  ')}\n`
}

// The table's options are one clause; a column's, and every other, is a clause of its own.
function tableOptionChanges(from: Options, to: Options): readonly FieldChange[] {
  return optionChanges(from, to).map((field) =>
    field.effect.how === 'clause'
      ? { ...field, effect: { how: 'clause', clause: [sql`OPTIONS (`, ...field.effect.clause, sql`)`] } }
      : field,
  )
}
