// Tables of imports and mirrors, and their types, that this database cannot follow: an unmanaged view reads a column that is gone, for
// example, or it may not read them. They are kept as they were last applied, or left out, so that all else can be applied.

import { type Key, keyOf } from '../core/object.ts'
import type { Plan } from '../core/plan.ts'
import { hasOwnQuery, mirroredCopy, mirrorOf } from '../manifest/expansion/mirrored-copy.ts'
import type { ResolvedImports } from '../sources/imports/resolve-imports.ts'
import type { Reason } from '../sources/reasons.ts'

/**
 * Why tables and types are not as their source has them, by the key of the foreign table or type. With a lock there are none, since a
 * change of the lock is deliberate.
 */
export function tablesToKeep(plan: Plan, resolved: ResolvedImports): ReadonlyMap<Key, Reason> {
  if (resolved.asWritten.lock) return new Map()
  return new Map([...unreadable(plan, resolved), ...notFollowing(plan, resolved)])
}

function notFollowing(plan: Plan, { asWritten, resolutions }: ResolvedImports): readonly (readonly [Key, Reason])[] {
  if (plan.refusals.length === 0) return []
  const refused = new Map(
    plan.refusals.flatMap((refusal) =>
      refusal.code.startsWith('dependents/') ? [[refusal.key, refusal] as const] : [],
    ),
  )
  const tables = resolutions.map(({ request }) => ({
    schema: request.schema,
    mirror: mirrorOf(asWritten.manifest, request),
  }))
  return plan.changes.flatMap(({ cause, change }): readonly (readonly [Key, Reason])[] => {
    const { id } = change.op === 'drop' ? change.from : 'to' in change ? change.to : { id: undefined }
    if (cause !== 'source' || (id?.kind !== 'foreignTable' && id?.kind !== 'type')) return []
    const copies = tables.flatMap(({ schema, mirror }) =>
      id.kind === 'foreignTable' && schema === id.schema && mirror ? [keyOf(mirroredCopy(mirror, id.name))] : [],
    )
    const keys = [change.key, ...copies]
    const [refusal] = keys.flatMap((key) => refused.get(key) ?? [])
    return refusal ? [[change.key, { reason: `${refusal.title}: ${refusal.reason}`, hint: refusal.hint }]] : []
  })
}

/**
 * Imported tables that cannot be read. An apply is still refused because of a new one that `limit_to` names, or whose copy has a query of
 * its own, which may read other columns. So it is if nothing that the source has can be read: then the user mapping is at fault.
 */
function unreadable(
  plan: Plan,
  { asWritten, fresh, resolutions }: ResolvedImports,
): readonly (readonly [Key, Reason])[] {
  const faults = new Map(
    plan.warnings.flatMap(({ key, title, message, hint = '', refusesApply }) => {
      const isOfTable = refusesApply && key !== undefined && fresh.has(key)
      return isOfTable ? [[key, { reason: message.slice(`${title}: `.length), hint }] as const] : []
    }),
  )
  if (faults.size === 0) return []
  const created = new Set(plan.changes.flatMap(({ change }) => (change.op === 'create' ? [change.key] : [])))
  return resolutions.flatMap(({ request, tables }) => {
    const { schema, limitTo } = request
    const all = Array.from(tables.keys(), (name) => ({ name, key: keyOf({ kind: 'foreignTable', schema, name }) }))
    if (all.every(({ key }) => faults.has(key) && created.has(key))) return []
    return all.flatMap(({ name, key }) => {
      const fault = faults.get(key)
      const isNamed = limitTo?.includes(name) || hasOwnQuery(asWritten.manifest, request, name)
      return fault && !(isNamed && created.has(key)) ? [[key, fault] as const] : []
    })
  })
}
