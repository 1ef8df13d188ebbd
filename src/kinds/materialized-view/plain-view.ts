// Plain views, which no manifest declares. PostgreSQL keeps the types of a view's columns, so where what it reads is replaced
// by something with other columns, the view is recreated as it is: with its owner, grants, comments and settings.

import type { IdOf } from '../../core/object.ts'
import type { Hazard } from '../../core/plan.ts'
import { fragment, qualified, type Statement, sql, statement } from '../../core/sql.ts'
import { type Access, accessChanges, newAccess, relationAccess, withoutAccess } from '../facets/access.ts'
import { replacedBy } from '../facets/changes.ts'
import { expandViewColumns } from '../facets/columns/abbreviated.ts'
import { type Comment, commentChange, newComment } from '../facets/comment.ts'
import {
  columnsText,
  columnTypes,
  newViewColumnSettings,
  settingsOf,
  type ViewColumn,
  viewColumnChanges,
} from '../facets/copy/columns.ts'
import type { Options } from '../facets/options.ts'
import { enterSchema } from '../facets/renaming.ts'
import { storageChanges, storageClause } from '../facets/storage.ts'
import type { KindOf } from '../kind.ts'
import { viewCatalog } from './catalog.ts'

export interface ViewSpec extends Access {
  readonly query: string
  readonly columns: readonly ViewColumn[]
  readonly with: Options
  readonly comment: Comment
  /** Wanted only: whether the type of a column is replaced by another one of the same name. */
  readonly hasNewTypes?: boolean
}

export const view: KindOf<IdOf<'view'>, ViewSpec> = {
  kind: 'view',
  rank: 5,
  locks: { create: 3, drop: 3 },
  catalog: 'pg_class',
  dropPolicy: 'owned',
  title: (id) => `view ${qualified(id.schema, id.name)}`,

  probe: {
    how: 'read-back',
    wanted: (read, declared) => ({ ...declared, query: read.query, columns: read.columns }),
    standIn: (object, scratch) => ({ id: { kind: 'view', ...scratch }, spec: withoutAccess(object.spec) }),
  },
  catalogQuery: viewCatalog,
  expand: (read) => ({ ...read, columns: expandViewColumns(read.columns) }),
  readsLocked: true,
  settle: (wanted) => wanted,

  // The query is not compared: its text may change with what it reads.
  compare: (id, from, to) => [
    ...replacedBy('columns', columnsText(from.columns), columnsText(to.columns)),
    ...viewColumnChanges(sql`VIEW`, qualified(id.schema, id.name), from.columns, to.columns),
    ...storageChanges(sql`ALTER VIEW ${qualified(id.schema, id.name)}`, from.with, to.with),
    ...commentChange(sql`VIEW ${qualified(id.schema, id.name)}`, 'comment', from.comment, to.comment),
    ...accessChanges(relationAccess(id), from, to),
  ],

  create,
  // A view that need not be recreated is not touched.
  alter: () => [],
  drop: (id) => [statement(sql`DROP VIEW ${qualified(id.schema, id.name)}`)],
  query: {
    text: (spec) => spec.query,
    withText: (spec, query) => ({ ...spec, query }),
  },
  columns: (spec) => columnTypes(spec.columns),

  replacement: {
    onlyIfUsed: false,
    inScratch: true,
    build: (id, spec, scratch) => create({ ...id, schema: scratch }, spec),
    swap: (id, scratch) => ({
      out: [statement(sql`DROP VIEW ${qualified(id.schema, id.name)}`)],
      in: enterSchema(sql`VIEW`, scratch, id),
    }),
  },

  // A kind sees only its own objects: a change of this kind carries specs of this kind.
  hazards: (change) =>
    change.op === 'replace' ? [recreationHazard(change.from.spec as ViewSpec, change.to.spec as ViewSpec)] : [],
}

function recreationHazard(from: ViewSpec, to: ViewSpec): Hazard {
  const why =
    columnsText(from.columns) === columnsText(to.columns) && !to.hasNewTypes
      ? 'so that what is loaded through it reads the new data'
      : 'since the columns of a view cannot change their types'
  return { name: 'recreates-dependents', detail: `not declared here: recreated as it is, with a new OID, ${why}` }
}

function create(id: IdOf<'view'>, spec: ViewSpec): readonly Statement[] {
  const name = qualified(id.schema, id.name)
  const settings = settingsOf(spec.columns)
  return [
    statement(sql`CREATE VIEW ${name}${storageClause(spec.with)} AS\n${fragment(spec.query)}`),
    ...newComment(sql`VIEW ${name}`, spec.comment),
    ...newViewColumnSettings(sql`VIEW`, name, settings, new Set(Object.keys(settings.settings))),
    ...newAccess(relationAccess(id), spec),
  ]
}

/**
 * The view with the columns that its query has over replaced relations; undefined if they are the same.
 * @param realName the final name of a type
 */
export function withColumnsOf(
  view: ViewSpec,
  recreated: ViewSpec,
  realName: (type: string) => string,
): ViewSpec | undefined {
  if (columnsText(view.columns) === columnsText(recreated.columns)) return undefined
  const { settings } = settingsOf(view.columns)
  const columns = recreated.columns.map(({ name, type, collation }) => ({
    ...settings[name],
    name,
    type: realName(type),
    collation,
  }))
  return { ...view, columns, hasNewTypes: columnsText(columns) === columnsText(view.columns) }
}
