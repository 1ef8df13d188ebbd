// Protected objects: refuses to drop or replace them.

import type { Change, LiveState, WantedObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Refusal } from '../core/plan.ts'
import { isProtected } from '../core/protection.ts'
import { parentOf, titleOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'

export interface ProtectionInput {
  readonly changes: readonly Change[]
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly live: LiveState
  readonly ledger: Ledger
}

/**
 * An object is protected by its declaration, or by the declaration that was applied last, of any manifest. So protection ends with
 * an apply that removes it, and the apply that removes it can do nothing else to the object.
 */
export function refuseProtected(input: ProtectionInput): readonly Refusal[] {
  const childrenOf = childrenByParent(input)
  return input.changes.flatMap((change): readonly Refusal[] => {
    switch (change.op) {
      case 'drop':
        return refuse(input, change.formerly ? keyOf(change.formerly.id) : change.key, 'dropped')
      case 'replace': {
        const why = change.fields.filter(({ effect }) => effect.how === 'replace').map(({ field }) => field)
        const children = childrenOf.get(change.key) ?? []
        return [
          ...refuse(input, change.key, `replaced: ${why.join(', ')}`),
          ...children.flatMap(({ key }) => refuse(input, key, `recreated with ${titleOf(change.to.id)}`)),
        ]
      }
      case 'create': {
        const former = change.instead?.id ?? change.displaces?.id
        return former ? refuse(input, keyOf(former), 'dropped with its parent') : []
      }
      case 'alter':
      case 'adopt':
      case 'release':
        return []
    }
  })
}

/** Live children that are recreated only because their parent is. */
function childrenByParent({ live, changes }: ProtectionInput) {
  const changed = new Set(changes.flatMap(({ key, op }) => (op === 'drop' || op === 'replace' ? [key] : [])))
  const children = Array.from(live, ([key, object]) => {
    const parent = parentOf(object)
    return parent === undefined || changed.has(key) ? [] : [{ key, parent }]
  })
  return groupBy(children.flat(), ({ parent }) => parent)
}

function refuse({ wanted, live, ledger }: ProtectionInput, key: Key, what: string): readonly Refusal[] {
  const [declared, object] = [wanted.get(key), live.get(key)]
  const isRecorded = isProtected(ledger.entries.get(key)?.declared) || ledger.protectedByOthers.has(key)
  if (!object || (!isProtected(declared?.written) && !isRecorded)) return []
  const lift = 'set protect: false, apply that, and then plan this again.'
  const hint = declared ? `Keep it as it is; or ${lift}` : `Declare it as it was. To let it go, ${lift}`
  return [
    { code: 'object/protected', key, title: titleOf(object.id), reason: `it is protected, and would be ${what}`, hint },
  ]
}
