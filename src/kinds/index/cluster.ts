// The mark on the index that a copy is clustered on.
import type { FieldChange } from '../../core/change.ts'
import { type CopyId, copyOf, type IdOf } from '../../core/object.ts'
import { ident, type Statement, sql, statement } from '../../core/sql.ts'
import { relationAccess } from '../facets/access.ts'

interface Clustered {
  readonly on: CopyId
  /** The index that its copy is clustered on. Null: none. Undefined: not declared. */
  readonly clusterOn?: string | null | undefined
}

export function clusterOn({ name }: IdOf<'index'>, { on }: Clustered): Statement {
  return statement(sql`ALTER ${relationAccess(copyOf(on)).object} CLUSTER ON ${ident(name)}`)
}

/** A copy has at most one mark: setting it on an index removes it from another one. */
export function clusterChange(id: IdOf<'index'>, from: Clustered, to: Clustered): readonly FieldChange[] {
  const isMarked = from.clusterOn === id.name
  const takes = to.clusterOn === id.name && !isMarked
  if (!takes && !(to.clusterOn === null && isMarked)) return []
  const off = statement(sql`ALTER ${relationAccess(copyOf(to.on)).object} SET WITHOUT CLUSTER`)
  const effect = { how: 'statement', statement: takes ? clusterOn(id, to) : off } as const
  return [{ field: 'cluster', from: takes ? 'no' : 'yes', to: takes ? 'yes' : 'no', effect }]
}
