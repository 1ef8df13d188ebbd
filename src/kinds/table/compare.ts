// How a live table differs from the wanted one.

import type { FieldChange } from '../../core/change.ts'
import type { IdOf, Relation } from '../../core/object.ts'
import { join, qualified, type Sql, sql, statement } from '../../core/sql.ts'
import { accessChanges, relationAccess } from '../facets/access.ts'
import { replacedBy } from '../facets/changes.ts'
import { copyChanges } from '../facets/copy/copy.ts'
import { renamesIn } from '../facets/copy/query.ts'
import { giveSourceView, sourceViewOf } from '../facets/copy/source-view.ts'
import { adoptionChanges, withQueryOf } from './adopt.ts'
import { constraintsUnder, notNullChanges, primaryKeyChange } from './primary-key.ts'
import type { TableSpec } from './spec.ts'

type Id = IdOf<'table'>

const word = sql`TABLE`

export function compareTables(id: Id, live: TableSpec, to: TableSpec): readonly FieldChange[] {
  const constraints = constraintsUnder(live, renamesIn(live, to))
  return [
    ...(live.isUnmanaged ? adoptionChanges(id, live, to) : []),
    ...copyChanges(id, word, objectsOf(id, sourceViewOf(id)), live.isUnmanaged ? withQueryOf(live, to) : live, to),
    ...(live.isUnmanaged || live.queryOwner === undefined ? [] : queryOwnerChange(id, live, to)),
    ...replacedBy('unlogged', yesNo(live.unlogged), yesNo(to.unlogged)),
    ...primaryKeyChange(id, constraints.primaryKey, to.primaryKey),
    ...notNullChanges(constraints, to),
  ]
}

/** The relations with the columns of a table, each as after ALTER. */
export function objectsOf(id: Relation, view: Relation): readonly Sql[] {
  return [sql`TABLE ${qualified(id.schema, id.name)}`, sql`VIEW ${qualified(view.schema, view.name)}`]
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no'
}

/** The view reads the source as its owner, so it belongs to the owner of the table. */
function queryOwnerChange(id: Id, live: TableSpec, to: TableSpec): readonly FieldChange[] {
  const view = sourceViewOf(id)
  const owner = to.owner === undefined ? live.owner : to.owner
  const isApplier = live.ownedByCurrentRole === true && live.queryOwner === live.owner
  const from = { owner: live.queryOwner, ownedByCurrentRole: isApplier }
  const giving = (role: string) => join(giveSourceView(view, id.schema, role), ';\n')
  return accessChanges(relationAccess({ kind: 'view', ...view }), from, { owner }).map((change) => ({
    ...change,
    field: 'owner of the query',
    ...(typeof owner === 'string' ? { effect: { how: 'statement', statement: statement(giving(owner)) } } : {}),
  }))
}
