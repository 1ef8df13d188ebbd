// Columns that come or go in the query of a table are added and dropped in place, if that leaves its rows as they are. New
// columns are empty until the next refresh.

import type { FieldChange } from '../../core/change.ts'
import type { IdOf } from '../../core/object.ts'
import { fragment, ident, join, qualified, resolved, type Statement, sql, statement } from '../../core/sql.ts'
import { columnDifference } from '../../parser/column-difference.ts'
import { onColumns } from '../facets/access.ts'
import { dropColumn } from '../facets/columns/changes.ts'
import { addedColumnSettings, columnsText, columnTypes, type ViewColumn } from '../facets/copy/columns.ts'
import { columnNames } from '../facets/copy/copy.ts'
import { renamesIn } from '../facets/copy/query.ts'
import { createSourceView, markLoaded, sourceViewOf } from '../facets/copy/source-view.ts'
import { ownSourceView } from './adopt.ts'
import { isChangeOfConstraint } from './primary-key.ts'
import type { TableSpec } from './spec.ts'

type Id = IdOf<'table'>

const word = sql`TABLE`

interface Difference {
  readonly kept: readonly ViewColumn[]
  readonly dropped: readonly ViewColumn[]
  readonly added: readonly ViewColumn[]
}

/**
 * The changes of the table, if its columns can be altered in place: new ones come after all others, and the query does not differ in
 * anything else. Undefined if they cannot.
 * @param compare compares all attributes
 */
export async function alterColumns(
  id: Id,
  live: TableSpec,
  to: TableSpec,
  compare: (live: TableSpec) => readonly FieldChange[],
): Promise<readonly FieldChange[] | undefined> {
  const difference = differenceOf(live, to)
  if (!live.populated || !difference || !(await areSameRows(live, to, difference))) return undefined
  const others = compare(afterwards(live, to, difference))
  // Rows without values cannot have a key over a new column, and rows that differ in a dropped column may have the same key.
  if (others.some((field) => field.effect.how === 'replace' || isChangeOfConstraint(field))) return undefined
  const isOther = live.query !== to.query
  // Set for each field that no declaration names.
  const follows = isOther ? 'query' : 'columns'
  const { dropped, added } = difference
  const isRenewed = isOther && dropped.length > 0
  return [
    ...(isOther ? [queryChange(id, live, to, isRenewed)] : []),
    ...dropped.map(({ name, type }) => ({ ...dropColumn(name, type), follows })),
    ...added.flatMap((column) => addColumn(id, column).map((field) => ({ ...field, follows }))),
    ...others,
  ]
}

/** Undefined if columns change in another way. */
function differenceOf(live: TableSpec, to: TableSpec): Difference | undefined {
  const [before, after] = [columnNames(live), columnNames(to)]
  const kept = live.columns.filter(({ name }) => after.has(name))
  const dropped = live.columns.filter(({ name }) => !after.has(name))
  const added = to.columns.filter(({ name }) => !before.has(name))
  const isPossible =
    renamesIn(live, to).size === 0 &&
    dropped.length + added.length > 0 &&
    columnsText([...kept, ...added]) === columnsText(to.columns) &&
    // Their constraints are checked for NULL.
    added.every(({ isDomain }) => !isDomain)
  return isPossible ? { kept, dropped, added } : undefined
}

/** Whether the queries return the same rows, apart from these columns. */
async function areSameRows(live: TableSpec, to: TableSpec, { kept, dropped }: Difference): Promise<boolean> {
  if (live.query === to.query) return true
  const difference = await columnDifference(live.query, to.query)
  if (!difference) return false
  const { addedColumns = [] } = live
  const isKept = ({ name }: ViewColumn) => difference.added.includes(name)
  // A column that was added by hand may have other values.
  return (
    !kept.some(isKept) && dropped.every(({ name }) => difference.dropped.includes(name) || addedColumns.includes(name))
  )
}

/** The live table as if its query and its columns were as wanted. */
function afterwards(live: TableSpec, to: TableSpec, { kept, dropped }: Difference): TableSpec {
  const names = new Set(kept.map(({ name }) => name))
  const ofLive = new Map(live.columns.map((column) => [column.name, column]))
  return {
    ...live,
    ...onColumns(live, () => names),
    query: to.query,
    columns: to.columns.map((column) => ofLive.get(column.name) ?? column),
    notNull: live.notNull.filter((name) => !dropped.some((column) => column.name === name)),
  }
}

/** PostgreSQL adds columns to a view in place, but drops none. */
function queryChange(id: Id, live: TableSpec, to: TableSpec, isRenewed: boolean): FieldChange {
  const view = sourceViewOf(id)
  const statements = isRenewed
    ? [...createSourceView(view, sql``, to.query), ...ownSourceView(view, id.schema, ownerOf(live, to)), markLoaded(id)]
    : [statement(sql`CREATE OR REPLACE VIEW ${qualified(view.schema, view.name)} AS\n${fragment(to.query)}`)]
  return {
    field: 'query',
    from: live.query,
    to: to.query,
    effect: { how: 'statement', statement: together(statements) },
    follows: 'query',
    ...(isRenewed && { renewsQuery: true }),
  }
}

/** Undefined: the role that applies. */
function ownerOf({ owner, queryOwner, ownedByCurrentRole }: TableSpec, to: TableSpec): TableSpec['owner'] {
  const wanted = to.owner === undefined ? queryOwner : to.owner
  return ownedByCurrentRole && wanted === owner ? undefined : wanted
}

/** The query is as the catalog shows it. */
function together(statements: readonly Statement[]): Statement {
  const all = statements.map((each) => each.sql)
  return resolved(statement(join(all, ';\n')))
}

function addColumn(id: Id, column: ViewColumn): readonly FieldChange[] {
  const table = qualified(id.schema, id.name)
  return [
    {
      field: `column ${column.name}`,
      from: undefined,
      to: `${typeOf(column)}, empty until the next refresh`,
      effect: {
        how: 'statement',
        statement: resolved(
          statement(sql`ALTER TABLE ${table} ADD COLUMN ${ident(column.name)} ${fragment(typeOf(column))}`),
        ),
      },
      isEmptyAtFirst: true,
      changesRows: true,
    },
    ...addedColumnSettings(word, table, column),
  ]
}

function typeOf(column: ViewColumn): string {
  return columnTypes([column]).get(column.name) ?? column.type
}
