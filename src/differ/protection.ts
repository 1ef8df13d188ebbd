import type { Change, LiveState, WantedObject } from '../core/change.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Refusal } from '../core/plan.ts'
import { isProtected } from '../core/protection.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'

export interface ProtectionInput {
  readonly changes: readonly Change[]
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly live: LiveState
  readonly ledger: Ledger
}

/**
 * Refuses to drop or replace what is protected: by its declaration, or by that which was applied last, whoever's it was. So
 * protection ends by an apply that finds it gone, and by nothing that is done in the same one.
 */
export function protectedObjects(input: ProtectionInput): readonly Refusal[] {
  return input.changes.flatMap((change): readonly Refusal[] => {
    switch (change.op) {
      case 'drop':
        return refuse(input, change.key, 'dropped')
      case 'replace': {
        const why = change.fields.filter(({ effect }) => effect.how === 'replace').map(({ field }) => field)
        return [
          ...refuse(input, change.key, `replaced: ${why.join(', ')}`),
          ...partsOf(change.key, input).flatMap((part) =>
            refuse(input, part, `made anew with ${titleOf(change.to.id)}`),
          ),
        ]
      }
      case 'create':
        return change.instead ? refuse(input, keyOf(change.instead.id), 'dropped with what it is a part of') : []
      case 'alter':
      case 'adopt':
      case 'release':
        return []
    }
  })
}

/** Live parts without a change of their own, which would tell itself. */
function partsOf(whole: Key, { live, changes }: ProtectionInput): readonly Key[] {
  const changed = new Set(changes.flatMap(({ key, op }) => (op === 'drop' || op === 'replace' ? [key] : [])))
  return [...live].flatMap(([key, { id, spec }]) =>
    kindOf(id).child?.parentOf(spec, id) === whole && !changed.has(key) ? [key] : [],
  )
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
