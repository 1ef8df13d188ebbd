import type { DeclaredObject, LiveState } from '../core/change.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { declaredKinds } from '../kinds/registry.ts'
import { inReadOnlyTransaction } from './transaction-settings.ts'

/**
 * Adds to declared objects what the server knows that they need before they exist: an extension needs others. Asked only
 * if there is something to make, since the server reads files for it.
 */
export async function withRequirements(
  session: Session,
  declared: readonly DeclaredObject[],
  live: LiveState,
): Promise<readonly DeclaredObject[]> {
  const needs = new Map<Key, readonly Key[]>()
  for (const kind of declaredKinds) {
    const missing = declared.filter(({ id }) => id.kind === kind.kind && !live.has(keyOf(id))).map(({ id }) => id)
    const needsQuery = kind.preconditions?.needsQuery
    if (!needsQuery || missing.length === 0) continue
    const rows = await inReadOnlyTransaction(session, () =>
      session.query<{ id: ObjectId; needs: readonly ObjectId[] }>(needsQuery, [JSON.stringify(missing)]),
    )
    for (const row of rows) needs.set(keyOf(row.id), row.needs.map(keyOf))
  }
  return declared.map((object) => {
    const more = needs.get(keyOf(object.id))
    return more ? { ...object, needs: [...object.needs, ...more] } : object
  })
}
