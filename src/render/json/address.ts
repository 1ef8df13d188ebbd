// Objects are named in documents by their address: their kind and the parts of their name.

import { idOf, type Key, type ObjectId } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import type { Addressed, WarningDocument } from './documents.ts'

/** Null for a kind that this release does not know. */
export function addressOf(key: Key): ObjectId | null {
  return idOf(key) ?? null
}

export function withAddress<Item extends { readonly key: Key }>({ key, ...rest }: Item): Addressed<Item> {
  return { address: addressOf(key), ...rest }
}

export function warningJson({ code, message, hint, key, title, refusesApply }: Warning): WarningDocument {
  return {
    code,
    message,
    hint: hint ?? null,
    address: key === undefined ? null : addressOf(key),
    ...(title === undefined ? {} : { title }),
    ...(refusesApply ? { refusesApply } : {}),
  }
}
