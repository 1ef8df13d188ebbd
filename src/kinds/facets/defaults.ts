// How attributes that a manifest leaves open are settled, as in a three-way merge.

import type { Comment } from './comment.ts'
import { record } from './options.ts'

/**
 * The wanted value of an attribute that a manifest may leave open (owner, comment, storage parameters …).
 * Declared: that value. Not declared, but declared at the last apply: the default. Never declared: the live value.
 */
export function settle<Value>(
  declared: Value | undefined,
  last: Value | undefined,
  live: Value | undefined,
  fallback: Value,
): Value | undefined {
  if (declared !== undefined) return declared
  return last !== undefined ? fallback : live
}

type Parts<Part> = Readonly<Record<string, Part>>

/** The parts of an object, such as its checks, with their comments settled. */
export function settleComments<Part extends { readonly comment?: Comment }>(
  wanted: Parts<Part>,
  last: Parts<Part> | undefined,
  live: Parts<Part> | undefined,
): Parts<Part> {
  return record(
    Object.entries(wanted).map(([name, part]) => [
      name,
      { ...part, comment: settle(part.comment, last?.[name]?.comment, live?.[name]?.comment, '') },
    ]),
  )
}
