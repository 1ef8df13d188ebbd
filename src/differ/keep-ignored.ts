// Attributes that the manifest ignores: wanted as they are. What is recreated keeps them, or is not recreated.

import type { Change, LiveState, WantedObject } from '../core/change.ts'
import { ignoredOf, ignoredOptions, withIgnored } from '../core/ignored.ts'
import type { Key } from '../core/object.ts'
import type { Refusal } from '../core/plan.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'

/** The wanted objects, with the attributes of the live ones that are ignored. */
export function keepIgnored(wanted: ReadonlyMap<Key, WantedObject>, live: LiveState): ReadonlyMap<Key, WantedObject> {
  return new Map(
    Array.from(wanted, ([key, object]): readonly [Key, WantedObject] => {
      const ignored = ignoredOf(object.written)
      const now = live.get(key)
      if (ignored.length === 0 || !now) return [key, object]
      const [spec, declared] = [object.spec, object.declared].map((each) => withIgnored(each, now.spec, ignored))
      return [key, { ...object, spec, declared }]
    }),
  )
}

/** Refuses to recreate an object with ignored secrets that no role can read, as in user mappings: they would be lost. */
export function refuseLost(changes: readonly Change[]): readonly Refusal[] {
  return changes.flatMap((change): readonly Refusal[] => {
    if (change.op !== 'replace' || change.isUnmanaged || !kindOf(change.to.id).secrets?.hidden) return []
    const names = ignoredOptions(ignoredOf(change.to.written)).filter((name) => isUnreadable(change.from.spec, name))
    if (names.length === 0) return []
    return [
      {
        code: 'object/ignored-lost',
        key: change.key,
        title: titleOf(change.to.id),
        reason: `it would be recreated, and lose ${names.join(', ')}, which the manifest ignores`,
        hint: 'Remove it from ignore for this apply, so that the declared value is used; or recreate it yourself.',
      },
    ]
  })
}

/** Of such kinds, secrets are never read, and all options may be hidden from this role. */
function isUnreadable(spec: unknown, name: string): boolean {
  const options = (spec as { readonly options?: Readonly<Record<string, unknown>> | null }).options // kinds with hidden secrets have options
  return !options || (Object.hasOwn(options, name) && typeof options[name] !== 'string')
}
