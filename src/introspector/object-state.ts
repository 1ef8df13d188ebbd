// What of a live object shows that it has changed. Equal states: no session has changed it in between.

import type { LiveObject } from '../core/change.ts'
import { keyOf } from '../core/object.ts'

/** What of an object shows that another session has changed it. */
export function stateOf({ oid, digest, spec, elsewhere }: LiveObject): readonly unknown[] {
  const shown = digest === null ? spec : withoutDefinition(spec)
  return [oid, digest, comparable(shown), ...(elsewhere ? [keyOf(elsewhere)] : [])]
}

/** The text that the digest covers is not read while another session has the object locked. */
function withoutDefinition(spec: unknown): unknown {
  const unread = new Set(['query', 'expression', 'where', 'definition'])
  return JSON.parse(JSON.stringify(spec), (name, value: unknown) => (unread.has(name) ? null : value))
}

/** The digest of a secret depends on the salt of the run. A privilege list that is stored may grant what the default one does. */
function comparable(spec: unknown): unknown {
  return JSON.parse(JSON.stringify(spec), (key, value: unknown) => (isDigest(value) || key === 'hasAcl' ? null : value))
}

function isDigest(value: unknown): boolean {
  return value !== null && typeof value === 'object' && /^digest(,secret)?$/.test(Object.keys(value).join())
}
