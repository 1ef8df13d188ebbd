// Takes over a table that existed before: it gets a source view and the mark, and keeps its rows.

import type { FieldChange } from '../../core/change.ts'
import type { IdOf, Relation } from '../../core/object.ts'
import { join, qualified, type Statement, sql, statement } from '../../core/sql.ts'
import { tableMark } from '../../core/table-mark.ts'
import { newAccess, relationAccess } from '../facets/access.ts'
import { namesClause } from '../facets/copy/columns.ts'
import { columnsDeclared } from '../facets/copy/copy.ts'
import { createSourceView, giveSourceView, markLoaded, sourceViewOf } from '../facets/copy/source-view.ts'
import { storageList } from '../facets/storage.ts'
import type { TableSpec } from './spec.ts'

/** The changes that give it the source view and the mark. Its columns, its key and everything else are compared as in any table. */
export function adoptionChanges(id: IdOf<'table'>, live: TableSpec, to: TableSpec): readonly FieldChange[] {
  const view = sourceViewOf(id)
  const create = [
    ...createSourceView(view, namesClause(columnsDeclared(to)), to.query),
    ...ownSourceView(view, id.schema, to.owner),
    ...(live.populated ? [markLoaded(id)] : []),
  ]
  const query = join(
    create.map((each) => each.sql),
    ';\n',
  )
  const setMark = sql`ALTER TABLE ${qualified(id.schema, id.name)} SET (${storageList([[tableMark.name, tableMark.value]])})`
  return [
    {
      field: 'managed',
      from: 'no',
      to: live.hasRows ? 'yes, with its rows: the next refresh writes and deletes those that differ' : 'yes',
      effect: { how: 'statement', statement: statement(setMark) },
    },
    { field: 'query', from: undefined, to: to.query, effect: { how: 'statement', statement: statement(query) } },
  ]
}

/** The live table as if it had the wanted query: it has none of its own that could differ. Only columns are compared. */
export function withQueryOf(live: TableSpec, { query }: TableSpec): TableSpec {
  return { ...live, query }
}

/** Takes default privileges from the view, so that no other role can read the source through it. `schema` is that of its table. */
export function ownSourceView(view: Relation, schema: string, owner: TableSpec['owner']): readonly Statement[] {
  const access = newAccess(relationAccess({ kind: 'view', ...view }), { grants: [], revokedFromOwner: [] })
  return typeof owner === 'string' ? [...access, ...giveSourceView(view, schema, owner).map(statement)] : access
}
