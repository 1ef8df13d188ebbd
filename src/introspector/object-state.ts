// The state of a live object. If two states are equal, no session has changed the object in between.

import type { LiveObject } from '../core/change.ts'
import { keyOf } from '../core/object.ts'
import { record } from '../kinds/facets/options.ts'

/** A privilege list that is stored may grant what the default one does. Whether this role is the owner follows from the owner. */
const notCompared: ReadonlySet<string> = new Set(['hasAcl', 'ownedByCurrentRole'])
/** The text that the digest covers is not read while another session has the object locked. */
const notComparedWithDigest: ReadonlySet<string> = new Set([
  ...notCompared,
  'query',
  'expression',
  'where',
  'definition',
])

/** The part of an object that changes if another session changes it. */
export function stateOf({ oid, digest, spec, elsewhere, currentId }: LiveObject): readonly unknown[] {
  const shown = comparable(spec, digest === null ? notCompared : notComparedWithDigest)
  return [oid, digest, shown, ...[elsewhere, currentId].flatMap((id) => (id ? [keyOf(id)] : []))]
}

function comparable(value: unknown, without: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => comparable(item, without))
  if (value === null || typeof value !== 'object') return value
  const parts = Object.entries(value).filter(([name]) => !without.has(name))
  // Only options are secret: a column, and an option, may have the name `digest`.
  return record(
    parts.map(([name, part]) => [name, comparable(name === 'options' ? withoutSecrets(part) : part, without)]),
  )
}

/** The digest of a secret depends on the salt of the run. */
function withoutSecrets(options: unknown): unknown {
  if (options === null || typeof options !== 'object') return options
  return record(Object.entries(options).map(([name, value]) => [name, isSecretValue(value) ? null : value]))
}

function isSecretValue(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'digest' in value && typeof value.digest === 'string'
}
