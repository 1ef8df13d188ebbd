// The mark on the index that a materialized view is clustered on.
import type { FieldChange } from '../../core/change.ts'
import type { IdOf } from '../../core/object.ts'
import { ident, qualified, type Statement, sql, statement } from '../../core/sql.ts'

interface Clustered {
  readonly on: { readonly schema: string; readonly name: string }
  /** The index that its view is clustered on. Null: none. Undefined: not declared. */
  readonly clusterOn?: string | null | undefined
}

export function clusterOn({ name }: IdOf<'index'>, { on }: Clustered): Statement {
  return statement(sql`ALTER MATERIALIZED VIEW ${qualified(on.schema, on.name)} CLUSTER ON ${ident(name)}`)
}

/** A view has at most one mark: setting it on an index removes it from another one. */
export function clusterChange(id: IdOf<'index'>, from: Clustered, to: Clustered): readonly FieldChange[] {
  const isMarked = from.clusterOn === id.name
  const takes = to.clusterOn === id.name && !isMarked
  if (!takes && !(to.clusterOn === null && isMarked)) return []
  const off = statement(sql`ALTER MATERIALIZED VIEW ${qualified(to.on.schema, to.on.name)} SET WITHOUT CLUSTER`)
  const effect = { how: 'statement', statement: takes ? clusterOn(id, to) : off } as const
  return [{ field: 'cluster', from: takes ? 'no' : 'yes', to: takes ? 'yes' : 'no', effect }]
}
