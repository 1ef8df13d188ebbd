// Separates the refreshes of a copy from those of a former one that had its name, which stay in the history.

import type { Key } from '../core/object.ts'
import { type Sql, sql, textArray } from '../core/sql.ts'

/** A condition on a row `r` of the refreshes, in a ledger of any version. */
export const isOfThisCopy = `to_jsonb(r) ->> 'is_former' IS NULL`

/** A statement for copies that are managed from now on, or get these names: whatever is recorded under the names is of former copies. */
export function markFormer(copies: readonly Key[]): Sql {
  return sql`UPDATE fdwsync.refresh SET is_former = true WHERE address = ANY (${textArray(copies)}) AND is_former IS NULL`
}
