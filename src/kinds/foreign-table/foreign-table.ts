// Foreign tables, with their columns, checks and parents.
import { type IdOf, keyOf } from '../../core/object.ts'
import { ident, qualified, sql, statement, trusted } from '../../core/sql.ts'
import {
  accessChanges,
  accessNeedsNewer,
  declaredAccess,
  missingColumns,
  newAccess,
  onColumns,
  relationAccess,
  rolesOf,
  settleAccess,
  withoutAccess,
  writtenAccess,
} from '../facets/access.ts'
import { accessHazards } from '../facets/access-hazards.ts'
import { alterStatements, clausesOf, replacedBy } from '../facets/changes.ts'
import { abbreviateColumns, expandColumns } from '../facets/columns/abbreviated.ts'
import { columnChanges, columnsKept } from '../facets/columns/changes.ts'
import {
  checkChanges,
  checksNeedNewer,
  declaredChecks,
  newCheckComments,
  withExpressions,
  writtenChecks,
} from '../facets/columns/checks.ts'
import {
  type Column,
  columnsNeedNewer,
  columnTexts,
  columnTypes,
  declaredColumns,
  newColumnSettings,
  settleColumns,
  withTypes,
  writtenColumns,
} from '../facets/columns/columns.ts'
import {
  declaredColumnRenames,
  inheritedColumns,
  renameTableColumns,
  textsAsLive,
  underColumnNames,
  withTextsAsLive,
} from '../facets/columns/renames.ts'
import { commentChange, newComment } from '../facets/comment.ts'
import { settle, settleComments } from '../facets/defaults.ts'
import { declaredIgnore } from '../facets/ignored.ts'
import { hideSecrets, tableOptionChanges } from '../facets/options.ts'
import { declaredProtection } from '../facets/protection.ts'
import { asideInSchema, declaredRename, enterSchema, relationRenaming } from '../facets/renaming.ts'
import { declaredSecretOptions, settleSecretOptions } from '../facets/secret-options.ts'
import { present, secretVariable, writtenOptions } from '../facets/stanza.ts'
import { isUserSchema, notOfAnExtension } from '../facets/user-objects.ts'
import type { DeclaredKind } from '../kind.ts'
import { catalogQuery, plainCatalogQuery } from './catalog.ts'
import { certainTables } from './certain.ts'
import { connectivityProbe } from './connectivity.ts'
import { createForeignTable } from './create.ts'
import { display } from './display.ts'
import { viewOfGenerated } from './evaluated.ts'
import {
  comparedParts,
  followLinks,
  inheritedNotNull,
  ownChecks,
  ownColumns,
  sourceOf,
  withoutParents,
} from './inheritance.ts'
import { columnNames, withNames } from './names.ts'
import { parentStandIns } from './parent-stand-ins.ts'
import {
  declaredParents,
  hasParents,
  isUnlinked,
  linkParents,
  parentChanges,
  parentIds,
  parentsIn,
  unlinkParents,
  writtenParents,
} from './parents.ts'
import { dropRemoteSchema, keepRemoteSchema } from './remote-schema.ts'
import { lockBefore, secretsOfTable, tableSecrets } from './secrets.ts'
import { type ForeignTableSpec, typedExpressions } from './spec.ts'
import { withoutUnchangedOptions } from './unchanged-options.ts'

export const foreignTable: DeclaredKind<'foreignTable', ForeignTableSpec> = {
  kind: 'foreignTable',
  rank: 4,
  locks: { create: 1, drop: 6 },
  catalog: 'pg_class',
  dropPolicy: 'owned',
  title: (id) => `foreign table ${qualified(id.schema, id.name)}`,

  probe: {
    how: 'read-back',
    wanted: (read, declared, matched) => ({
      ...declared,
      ...(matched && { textsAsLive: textsAsLive(read, matched.read) }),
      ...parentsIn(read),
      columns: withTypes(read.columns, declared.columns, declared.liveColumns ?? []),
      checks: withExpressions(read.checks, declared.checks),
      grants: onColumns(declared, () => columnNames(read)).grants,
    }),
    isVerbatim: ({ columns, checks, ...parents }) =>
      !hasParents(parentsIn(parents)) &&
      Object.keys(checks).length === 0 &&
      Object.values(columns).every((column) => !column.default && !column.generated && !column.collation),
    certain: certainTables,
    withoutParents,
    withoutUnchangedOptions,
    standIn(object, scratch, standInOf) {
      const server = standInOf({ kind: 'server', name: object.spec.server })
      const spec = {
        ...withoutAccess(object.spec),
        server: server.kind === 'server' ? server.name : object.spec.server,
      }
      const { before, parents } = parentStandIns(spec, scratch, standInOf)
      return { id: { kind: 'foreignTable', ...scratch }, spec: { ...spec, ...parents }, before }
    },
  },

  declare: (manifest, digests) =>
    Object.entries(manifest.schemas ?? {}).flatMap(([schema, { foreign_tables }]) =>
      Object.entries(foreign_tables ?? {}).map(([name, declared]) => ({
        id: { kind: 'foreignTable', schema, name } satisfies IdOf<'foreignTable'>,
        spec: {
          ...declaredParents(declared, manifest),
          server: declared.server,
          options: hideSecrets(declared.options ?? {}, declared.secret_options, digests.ofRun),
          ...declaredSecretOptions(declared),
          columns: declaredColumns(declared.columns ?? {}, declared.secret_options, digests.ofRun),
          checks: declaredChecks(declared.checks ?? {}),
          comment: declared.comment,
          ...declaredProtection(declared),
          ...declaredIgnore(declared),
          ...declaredAccess(declared),
        } satisfies ForeignTableSpec,
        needs: [
          keyOf({ kind: 'schema', name: schema }),
          keyOf({ kind: 'server', name: declared.server }),
          ...parentIds(parentsIn(declaredParents(declared, manifest))).map(keyOf),
        ],
        ...declaredRename({ kind: 'foreignTable', schema, name } as const, declared),
        ...declaredColumnRenames(declared.columns ?? {}),
        path: ['schemas', schema, 'foreign_tables', name],
      })),
    ),

  write: (id, spec, context) => ({
    path: ['schemas', id.schema, 'foreign_tables', id.name],
    value: {
      ...present({
        server: spec.server,
        options: writtenOptions(spec.options, secretVariable(context, [id.schema, id.name], foreignTable.title(id))),
        secret_options: spec.secretOptions,
        ...writtenParents(parentsIn(spec)),
        columns: writtenColumns(ownColumns(spec.columns), (column) =>
          secretVariable(context, [id.schema, id.name, column], `column ${ident(column)} of ${foreignTable.title(id)}`),
        ),
        checks: writtenChecks(ownChecks(spec.checks)),
      }),
      ...writtenAccess(spec),
      ...present({ comment: spec.comment }),
    },
  }),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'foreignTable', 'schema', nspname, 'name', relname) AS id
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind = 'f' AND ${isUserSchema('nspname')} AND ${notOfAnExtension('pg_class', 'c.oid')}`),

  catalogQuery,
  plainCatalogQuery,
  expand: (read) => ({ ...read, columns: expandColumns(read.columns) }),
  abbreviate: (spec) => ({ ...spec, columns: abbreviateColumns(spec.columns) }),
  hasRowType: true,

  evaluated: {
    expressions: ({ spec }, view) => viewOfGenerated(spec.columns, parentsIn(spec), view),
    partitioned: ({ partitionOf }) =>
      partitionOf ? { name: partitionOf.parent, hasBound: partitionOf.bound !== 'DEFAULT' } : undefined,
  },

  settle: (wanted, last, live) => ({
    ...wanted,
    ...settleSecretOptions(wanted, last, last ? secretsOfTable(last) : []),
    columns: settleColumns(wanted.columns, last?.columns, live?.columns),
    liveColumns: Object.keys(live?.columns ?? {}),
    checks: settleComments(wanted.checks, last?.checks, live?.checks),
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
    ...settleAccess(wanted, last, live),
  }),

  compare(id, live, to, { declared, last, digests }) {
    const name = qualified(id.schema, id.name)
    const from = withTextsAsLive(live, to, to.textsAsLive)
    const { parents, columns, checks } = comparedParts(from, to, declared, last)
    const links = parentChanges(name, parents.from, parents.to, parentsIn(declared))
    const source = (column: string, wanted: Column) => sourceOf(column, wanted, declared.columns)
    const secrets = { named: to.secretOptions, digestOf: digests.ofRun }
    return [
      ...replacedBy('server', from.server, to.server),
      ...tableOptionChanges(from.options, to.options, secrets),
      ...links,
      ...followLinks(links, 'column', columns, columnChanges(name, { ...columns, sourceOf: source, secrets })),
      ...followLinks(links, 'check', checks, checkChanges(name, checks.from, checks.to, declared.checks)),
      ...commentChange(sql`FOREIGN TABLE ${name}`, 'comment', from.comment, to.comment),
      ...accessChanges(
        relationAccess(id),
        onColumns(from, () => columnsKept(columns.from, columns.to)),
        to,
      ),
    ]
  },

  create(id, spec) {
    const name = qualified(id.schema, id.name)
    return [
      ...createForeignTable(name, spec, parentsIn(spec)),
      ...newComment(sql`FOREIGN TABLE ${name}`, spec.comment),
      ...newColumnSettings(name, spec.columns),
      ...newCheckComments(name, spec.checks),
      ...newAccess(
        relationAccess(id),
        onColumns(spec, () => columnNames(spec)),
      ),
    ]
  },

  alter(id, fields) {
    const others = fields.filter((field) => !isUnlinked(field))
    const alter = sql`ALTER FOREIGN TABLE ${qualified(id.schema, id.name)} `
    return [...lockBefore(alter, others), ...alterStatements(alter, clausesOf(others), others)]
  },
  unlink: (id, fields, from) => unlinkParents(qualified(id.schema, id.name), fields, parentsIn(from)),
  drop: (id) => [statement(sql`DROP FOREIGN TABLE ${qualified(id.schema, id.name)}`)],

  replacement: {
    onlyIfUsed: true,
    inScratch: true,
    build: (id, spec, scratch, wanted) => [
      ...foreignTable.create({ ...id, schema: scratch }, withoutParents(spec, wanted)),
      ...keepRemoteSchema(qualified(scratch, id.name), spec.options, id.schema),
    ],
    swap: (id, scratch, _declared, wanted) => ({
      out: foreignTable.drop(id),
      in: [
        ...enterSchema(sql`FOREIGN TABLE`, scratch, id),
        ...dropRemoteSchema(qualified(id.schema, id.name), wanted.options),
        ...linkParents(qualified(id.schema, id.name), parentsIn(wanted)),
      ],
    }),
  },

  aside: {
    ...asideInSchema('foreignTable', sql`FOREIGN TABLE`),
    // Two partitions cannot have the same bounds, and a parent would return the rows of the old and the new child.
    isPossible: (live) => !hasParents(parentsIn(live)),
  },
  renaming: {
    ...relationRenaming('foreignTable', 'f', sql`FOREIGN TABLE`),
    renameColumns: (id, renamed) => renameTableColumns(qualified(id.schema, id.name), renamed),
    withColumns: underColumnNames,
    inheritedColumns,
    withNames,
  },

  connectivityProbe,
  // A table with parents has no digest: see definition-digest.ts.
  sqlFragments: (spec) =>
    hasParents(parentsIn(spec))
      ? []
      : [...columnTexts(spec.columns), ...Object.values(spec.checks).map(({ expression }) => expression)],
  typedExpressions,
  columns: (spec) => columnTypes(spec.columns),
  display,
  secrets: tableSecrets,
  preconditions: {
    roles: rolesOf,
    needsNewer: (spec, major) =>
      accessNeedsNewer(spec, major) ?? columnsNeedNewer(spec.columns, major) ?? checksNeedNewer(spec.checks, major),
    validateAgainstProbe: (written, wanted) =>
      missingColumns(written, columnNames(wanted)) ?? inheritedNotNull(written.columns, wanted.columns),
  },
  hazards: accessHazards,
}
