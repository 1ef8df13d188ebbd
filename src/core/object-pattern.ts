// Patterns that choose objects on the command line: a name as in psql, with the kind before it if that matters.

import { usageError } from './errors.ts'
import { namePattern } from './name-pattern.ts'
import type { KindName, ObjectId } from './object.ts'

/** A test for the objects that `shop.*` or `foreign-table:shop.*` names. */
export function objectPattern(pattern: string, kinds: readonly KindName[]): (id: ObjectId) => boolean {
  const at = pattern.indexOf(':')
  if (at < 0) return namePattern(pattern)
  const kind = kindNamed(pattern.slice(0, at), kinds)
  const matches = namePattern(pattern.slice(at + 1))
  return (id) => id.kind === kind && matches(id)
}

/**
 * Accepts `foreign-table`, `foreign table` and `foreignTable`.
 * @throws FdwsyncError if it is none of the kinds
 */
export function kindNamed(text: string, kinds: readonly KindName[]): KindName {
  const found = kinds.find((kind) => kind.toLowerCase() === text.replace(/[\s_-]/g, '').toLowerCase())
  if (found) return found
  throw usageError(`unknown kind "${text}"`, `Kinds are ${kinds.map(nameOfKind).join(', ')}.`)
}

/** `foreign-table`, as {@link kindNamed} accepts it. */
export function nameOfKind(kind: KindName): string {
  return kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
