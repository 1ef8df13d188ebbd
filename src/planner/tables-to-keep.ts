// Tables of imports and mirrors that have changed at their source in a way that this database cannot follow: an unmanaged view reads
// a column that is gone, for example. They are kept as they were last applied, so that all else can be applied.

import { type Key, keyOf } from '../core/object.ts'
import type { Plan } from '../core/plan.ts'
import { mirroredCopy, mirrorOf } from '../manifest/expansion/mirrored-copy.ts'
import type { Reason } from '../sources/reasons.ts'
import type { ResolvedImports } from '../sources/resolve-imports.ts'

/**
 * Why tables cannot follow their source, by the key of the foreign table. With a lock there are none, since a change of the lock is
 * deliberate.
 */
export function tablesToKeep(plan: Plan, { asWritten, resolutions }: ResolvedImports): ReadonlyMap<Key, Reason> {
  if (asWritten.lock || plan.refusals.length === 0) return new Map()
  const refused = new Map(
    plan.refusals.flatMap((refusal) =>
      refusal.code.startsWith('dependents/') ? [[refusal.key, refusal] as const] : [],
    ),
  )
  const tables = resolutions.map(({ request }) => ({
    schema: request.schema,
    mirror: mirrorOf(asWritten.manifest, request),
  }))
  const found = plan.changes.flatMap(({ cause, change }): readonly (readonly [Key, Reason])[] => {
    const { id } = change.op === 'drop' ? change.from : 'to' in change ? change.to : { id: undefined }
    if (cause !== 'source' || id?.kind !== 'foreignTable') return []
    const copies = tables.flatMap(({ schema, mirror }) =>
      schema === id.schema && mirror ? [keyOf(mirroredCopy(mirror, id.name))] : [],
    )
    const keys = [change.key, ...copies]
    const [refusal] = keys.flatMap((key) => refused.get(key) ?? [])
    return refusal ? [[change.key, { reason: `${refusal.title}: ${refusal.reason}`, hint: refusal.hint }]] : []
  })
  return new Map(found)
}
