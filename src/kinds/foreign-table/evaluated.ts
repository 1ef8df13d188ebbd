// The parts of a foreign table that PostgreSQL evaluates when it creates the table.

import {
  fragment,
  ident,
  join,
  joinParts,
  qualified,
  type Statement,
  sql,
  statement,
  statementOf,
} from '../../core/sql.ts'
import { type Columns, columnDefinition } from '../facets/columns/columns.ts'
import { nameOf } from '../facets/names.ts'
import { inheritsClause, type Parents } from './parents.ts'

/** Creates a view of the expressions of generated columns, each cast to the type of its column. */
export function viewOfGenerated(
  columns: Columns,
  { inherits, partitionOf }: Parents,
  view: { readonly schema: string; readonly name: string },
): readonly Statement[] {
  const generated = Object.values(columns).flatMap(({ generated: expression, type, collation }) =>
    expression === null ? [] : [{ expression, type, collation }],
  )
  if (generated.length === 0) return []
  const targets = generated.map(
    ({ expression, type, collation }, at) =>
      sql`CAST((${fragment(expression)}\n) AS ${fragment(type)})${collation ? sql` COLLATE ${nameOf(collation)}` : sql``} AS ${ident(`c${at}`)}`,
  )
  const table = qualified(view.schema, `${view.name}_of`)
  const plain = Object.entries(columns).map(([name, column]) =>
    columnDefinition(name, { ...column, notNull: false, default: null, generated: null, options: {} }),
  )
  const create = statementOf([
    sql`CREATE TABLE ${table} (`,
    ...joinParts(plain, sql`, `),
    sql`)${inheritsClause(inherits)}`,
  ])
  const from = partitionOf ? nameOf(partitionOf.parent) : table
  return [
    ...(partitionOf ? [] : [create]),
    statement(sql`CREATE VIEW ${qualified(view.schema, view.name)} AS SELECT ${join(targets, ', ')} FROM ${from}`),
  ]
}
