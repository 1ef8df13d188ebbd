// The change of a copy to another kind, such as a materialized view that becomes a table.

import type { FieldChange } from './change.ts'
import type { ObjectId } from './object.ts'

export function kindChange(from: ObjectId, to: ObjectId): FieldChange {
  return { field: 'kind', from: kindTitle(from), to: kindTitle(to), effect: { how: 'replace' }, cause: 'manifest' }
}

/** `materialized view` of `materializedView`. */
export function kindTitle({ kind }: ObjectId): string {
  return kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
