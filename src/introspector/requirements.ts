import type { DeclaredObject, LiveState } from '../core/change.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { kinds } from '../kinds/registry.ts'
import { readingPath } from './read.ts'

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
  for (const kind of kinds) {
    const missing = declared.filter(({ id }) => id.kind === kind.kind && !live.has(keyOf(id))).map(({ id }) => id)
    if (!kind.requirementsQuery || missing.length === 0) continue
    await session.run(trusted(`BEGIN READ ONLY; ${readingPath}`))
    const rows = await session.query<{ id: ObjectId; needs: readonly ObjectId[] }>(kind.requirementsQuery, [
      JSON.stringify(missing),
    ])
    await session.run(trusted('COMMIT'))
    for (const row of rows) needs.set(keyOf(row.id), row.needs.map(keyOf))
  }
  return declared.map((object) => {
    const more = needs.get(keyOf(object.id))
    return more ? { ...object, needs: [...object.needs, ...more] } : object
  })
}
