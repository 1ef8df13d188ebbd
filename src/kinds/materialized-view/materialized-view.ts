// Materialized views. Their indexes and statistics are kinds of their own.

import { type IdOf, keyOf, type Relation } from '../../core/object.ts'
import { fragment, qualified, type Sql, type Statement, sql, statement, trusted } from '../../core/sql.ts'
import { accessDetails } from '../facets/access.ts'
import { alterStatements, clausesOf } from '../facets/changes.ts'
import { expandViewColumns } from '../facets/columns/abbreviated.ts'
import { commentDetails } from '../facets/comment.ts'
import { renameColumns } from '../facets/copy/column-renames.ts'
import { columnTypes, namesClause } from '../facets/copy/columns.ts'
import {
  type CopySpec,
  columnsDeclared,
  copyChanges,
  copyMembers,
  copyPreconditions,
  copyProbe,
  declaredCopy,
  newCopyComment,
  newCopySettings,
  settleCopy,
  storageClauses,
  successorSettings,
  writtenCopy,
} from '../facets/copy/copy.ts'
import { copyHazards } from '../facets/copy/hazards.ts'
import { renamesIn } from '../facets/copy/query.ts'
import { asideInSchema, declaredRename, enterSchema, relationRenaming } from '../facets/renaming.ts'
import { isUserSchema, notOfAnExtension } from '../facets/user-objects.ts'
import type { DeclaredKind } from '../kind.ts'
import { materializedViewCatalog } from './catalog.ts'
import { certainViews } from './certain.ts'

const word = sql`MATERIALIZED VIEW`

export const materializedView: DeclaredKind<'materializedView', CopySpec> = {
  kind: 'materializedView',
  rank: 5,
  locks: { create: 4, drop: 8 },
  catalog: 'pg_class',
  dropPolicy: 'owned',
  title: (id) => `materialized view ${qualified(id.schema, id.name)}`,

  probe: copyProbe<IdOf<'materializedView'>, CopySpec>('materializedView', objectsOf),

  declare: (manifest) =>
    Object.entries(manifest.schemas ?? {}).flatMap(([schema, { materialized_views }]) =>
      Object.entries(materialized_views ?? {}).map(([name, declared]) => ({
        id: { kind: 'materializedView', schema, name } satisfies IdOf<'materializedView'>,
        spec: declaredCopy(declared),
        needs: [keyOf({ kind: 'schema', name: schema })],
        ...declaredRename({ kind: 'materializedView', schema, name } as const, declared),
        path: ['schemas', schema, 'materialized_views', name],
      })),
    ),

  write: (id, spec) => ({ path: ['schemas', id.schema, 'materialized_views', id.name], value: writtenCopy(spec) }),

  listQuery: trusted(`
    SELECT jsonb_build_object('kind', 'materializedView', 'schema', nspname, 'name', relname) AS id
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind = 'm' AND ${isUserSchema('nspname')} AND ${notOfAnExtension('pg_class', 'c.oid')}`),

  catalogQuery: materializedViewCatalog,
  expand: (read) => ({ ...read, columns: expandViewColumns(read.columns) }),
  hasRowType: true,
  readsLocked: true,

  settle: settleCopy,
  compare: (id, live, to) => copyChanges(id, word, objectsOf(id), live, to),

  create: (id, spec) => [...createAs(id, spec), ...newCopySettings(id, word, spec)],
  alter: (id, fields) =>
    alterStatements(sql`ALTER ${word} ${qualified(id.schema, id.name)} `, clausesOf(fields), fields),
  drop: (id) => [statement(sql`DROP MATERIALIZED VIEW ${qualified(id.schema, id.name)}`)],
  aside: asideInSchema('materializedView', word),
  renaming: {
    ...relationRenaming('materializedView', 'm', word),
    renameColumns: (id, renames) => renameColumns(objectsOf(id), [], renames),
    alteredColumnNames: renamesIn,
  },
  ...copyMembers,
  query: { ...copyMembers.query, certain: certainViews },
  columns: (spec) => columnTypes(spec.columns),
  data: {
    isPopulated: (spec) => spec.populated,
    populate: (id) => [refreshStatement(id), statement(sql`ANALYZE ${qualified(id.schema, id.name)}`)],
  },

  replacement: {
    onlyIfUsed: false,
    inScratch: true,
    attachable: ['pg_class', 'pg_statistic_ext'],
    build: (id, spec, scratch, wanted) => [
      ...createAs({ ...id, schema: scratch }, spec),
      ...successorSettings({ ...id, schema: scratch }, word, spec, wanted),
    ],
    load: (id, scratch) => [refreshStatement({ ...id, schema: scratch })],
    swap: (id, scratch) => ({
      out: [statement(sql`DROP MATERIALIZED VIEW ${qualified(id.schema, id.name)}`)],
      in: enterSchema(word, scratch, id),
    }),
  },

  hazards: copyHazards,
  display: {
    details: (spec) => [['query', spec.query], ...commentDetails(spec), ...accessDetails(spec)],
  },
  preconditions: copyPreconditions,
}

function objectsOf({ schema, name }: Relation): readonly Sql[] {
  return [sql`${word} ${qualified(schema, name)}`]
}

/** REFRESH of a view; CONCURRENTLY only where the view is populated and has a usable unique index. */
export function refreshStatement({ schema, name }: Relation): Statement {
  return statement(sql`REFRESH MATERIALIZED VIEW ${qualified(schema, name)}`)
}

export function refreshConcurrentlyStatement({ schema, name }: Relation): Statement {
  return statement(sql`REFRESH MATERIALIZED VIEW CONCURRENTLY ${qualified(schema, name)}`)
}

function createAs(id: IdOf<'materializedView'>, spec: CopySpec): readonly Statement[] {
  const head = sql`${qualified(id.schema, id.name)}${namesClause(columnsDeclared(spec))}${storageClauses(spec)}`
  return [
    statement(sql`CREATE MATERIALIZED VIEW ${head} AS\n${fragment(spec.query)}\nWITH NO DATA`),
    ...newCopyComment(id, word, spec),
  ]
}
