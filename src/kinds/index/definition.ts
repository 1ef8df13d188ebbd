// The definition of an index as text: for a plan, and to compare what cannot be altered.
import { ident, qualified } from '../../core/sql.ts'
import { columnText } from './columns.ts'
import type { IndexSpec } from './spec.ts'

type Definition = Pick<
  IndexSpec,
  'on' | 'method' | 'unique' | 'columns' | 'include' | 'where' | 'nullsNotDistinct' | 'valid'
>

/** `unique btree (id, day desc) include (name) where total > 0`. */
export function definitionText(spec: Definition): string {
  const include = spec.include.length === 0 ? '' : ` include (${spec.include.map(ident).join(', ')})`
  const where = spec.where === null ? '' : ` where ${spec.where}`
  const nulls = spec.nullsNotDistinct ? ' nulls not distinct' : ''
  return `${spec.unique ? 'unique ' : ''}${spec.method} (${spec.columns.map(columnText).join(', ')})${include}${nulls}${where}`
}

/** The attributes that cannot be altered, as texts by field. */
export function definitionFields(spec: Definition): Readonly<Record<string, string | undefined>> {
  return {
    on: qualified(spec.on.schema, spec.on.name),
    method: spec.method,
    unique: spec.unique ? 'yes' : 'no',
    columns: spec.columns.map(columnText).join(', '),
    include: spec.include.map(ident).join(', ') || undefined,
    where: spec.where ?? undefined,
    valid: spec.valid === false ? 'no' : 'yes',
    'nulls distinct': spec.nullsNotDistinct ? 'no' : 'yes',
  }
}
