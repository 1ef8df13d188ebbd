// What the ledger keeps of an object: its declaration and its canonical form, both without secrets.

import type { LiveObject, WantedObject } from '../core/change.ts'
import { mapParts, partOf, sameData } from '../core/data.ts'
import { idOf, type ObjectId } from '../core/object.ts'
import { Secret } from '../core/secret.ts'
import type { SecretValue } from './facets/options.ts'
import type { SecretDigests } from './kind.ts'
import { kindOf } from './registry.ts'

type SlowDigest = (secret: Secret) => string

/** A spec as the ledger keeps it. */
export function recordedSpec(id: ObjectId, spec: unknown, slowDigest: SlowDigest = () => ''): unknown {
  const { secrets } = kindOf(id)
  return secrets ? secrets.recorded(spec, slowDigest) : spec
}

/**
 * The canonical form of an object: as the catalog showed it when it matched its declaration. It includes what the manifest leaves
 * open, so that a later plan can find out whether that has changed.
 */
export function canonicalOf(wanted: WantedObject, live: LiveObject, slowDigest: SlowDigest): unknown {
  const { secrets, abbreviate } = kindOf(wanted.id)
  // The server does not show these secrets, so only the declaration has them.
  if (secrets?.hidden) return recordedSpec(wanted.id, wanted.spec, slowDigest)
  // The server shows these, and only the declaration names them.
  const named = secrets?.exposed?.(wanted.spec) ?? []
  const recorded = recordedSpec(wanted.id, secrets?.hide?.(live.spec, named, () => '') ?? live.spec, slowDigest)
  return abbreviate?.(recorded) ?? recorded
}

/** The inverse: a canonical form from what the ledger keeps; null stays null. */
export function readCanonical(address: string, recorded: unknown): unknown {
  const id = recorded === null ? undefined : idOf(address)
  return (id && kindOf(id).expand?.(recorded)) ?? recorded
}

/**
 * Whether two declarations of an object are equal except for secrets. If the server shows secrets, the live ones are compared,
 * which is cheaper than slow digests.
 */
export function areDeclaredAlike(id: ObjectId, one: unknown, other: unknown): boolean {
  return one === other || sameData(recordedSpec(id, one), recordedSpec(id, other))
}

/** Whether the ledger has a declaration as it is: it is the same data, and none of it is a secret. */
export function isRecordedAsDeclared(id: ObjectId, recorded: unknown, declared: unknown): boolean {
  return recordedSpec(id, declared) === declared && sameData(recorded, declared)
}

/** Whether the ledger has a digest of every secret. It has none of those that every role can see. */
export function hasDigests(recorded: unknown): boolean {
  if (isSecretValue(recorded)) return recorded.digest !== ''
  return typeof recorded !== 'object' || recorded === null || Object.values(recorded).every(hasDigests)
}

/** A recorded spec to compare with: the same, or with the secrets of `wanted` where they are the same. */
export function withRunDigests(recorded: unknown, wanted: unknown, digests: SecretDigests): unknown {
  if (isSecretValue(recorded)) {
    const secret = isSecretValue(wanted) ? wanted.secret : undefined
    const isSame = secret && digests.matchesRecorded(secret, recorded.digest)
    // The result is only compared, so any secret with another digest will do.
    return isSame ? wanted : { ...recorded, secret: new Secret('') }
  }
  if (typeof recorded !== 'object' || recorded === null || Array.isArray(recorded)) return recorded
  return mapParts(recorded, (part, name) => withRunDigests(part, partOf(wanted, name), digests))
}

/** Recorded, or declared with the secret itself. */
function isSecretValue(value: unknown): value is SecretValue {
  if (typeof value !== 'object' || value === null || !('digest' in value) || typeof value.digest !== 'string')
    return false
  if ('secret' in value) return value.secret instanceof Secret
  return Object.keys(value).length === 1 && (value.digest === '' || value.digest.startsWith('scrypt:'))
}
