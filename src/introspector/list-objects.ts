// Lists all objects of the target that a manifest can declare.

import type { ObjectId } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { declaredKinds } from '../kinds/registry.ts'

/** Run under `readingPath`. */
export async function listObjects(session: Session): Promise<readonly ObjectId[]> {
  const ids: ObjectId[] = []
  for (const { listQuery } of declaredKinds) {
    for (const { id } of await session.query<{ id: ObjectId }>(listQuery)) ids.push(id)
  }
  return ids
}
