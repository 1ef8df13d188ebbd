// Adds dependencies that only the server knows.

import type { DeclaredObject, LiveState } from '../core/change.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { declaredKinds } from '../kinds/registry.ts'
import { inReadOnlyTransaction } from './transaction-settings.ts'

/**
 * Adds to declared objects the dependencies that the server knows before they exist: an extension can require others. It
 * queries only missing objects, since the server reads files to answer.
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
    // A single extension cannot require another declared one.
    const all = new Set(
      [...declared, ...live.values()].filter(({ id }) => id.kind === kind.kind).map(({ id }) => keyOf(id)),
    )
    if (!needsQuery || missing.length === 0 || all.size === 1) continue
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
