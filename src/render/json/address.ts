// Objects are named in documents by their address: their kind and the parts of their name.

import type { Place } from '../../core/errors.ts'
import { idOf, type Key, type ObjectId } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import type { Addressed, PlaceDocument, WarningDocument } from './documents.ts'

/** Null for a kind that this release does not know. */
export function addressOf(key: Key): ObjectId | null {
  return idOf(key) ?? null
}

export function withAddress<Item extends { readonly key: Key; readonly place?: Place }>({
  key,
  place,
  ...rest
}: Item): Addressed<Item> {
  return { address: addressOf(key), ...rest, ...placeJson(place) }
}

export function placeJson(place: Place | undefined): { readonly place?: PlaceDocument } {
  return place ? { place: { file: place.file, line: place.line, column: place.column } } : {}
}

export function warningJson({
  code,
  message,
  hint,
  key,
  title,
  place,
  refusesApply,
  isReported,
}: Warning): WarningDocument {
  return {
    code,
    message,
    hint: hint ?? null,
    address: key === undefined ? null : addressOf(key),
    ...(title === undefined ? {} : { title }),
    ...placeJson(place),
    ...(refusesApply ? { refusesApply } : {}),
    ...(isReported ? { reported: isReported } : {}),
  }
}
