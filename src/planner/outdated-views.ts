// Reads which materialized views the alterations of a plan outdate.

import type { Change } from '../core/change.ts'
import { idOf, keyOf } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { readWholeRowReaders } from '../dependents/whole-rows.ts'
import { alteredRows, type OutdatedView } from '../differ/outdated-views.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import { titleOf } from '../kinds/registry.ts'

/** Must be called under the reading path. */
export async function readOutdated(
  session: Session,
  changes: readonly Change[],
  { declaredKeys }: CatalogReading,
): Promise<readonly OutdatedView[]> {
  const readers = await readWholeRowReaders(session, alteredRows(changes))
  return readers.flatMap(({ of, id, isThroughFunction }) => {
    const [altered, key] = [idOf(of), keyOf(id)]
    return altered ? [{ key: declaredKeys?.get(key) ?? key, by: titleOf(altered), isThroughFunction }] : []
  })
}
