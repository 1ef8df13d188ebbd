// Digests of declarations, by which a later plan finds out which of them have changed.

import { createHash } from 'node:crypto'
import type { DeclaredObject } from '../../core/change.ts'
import { type Key, keyOf } from '../../core/object.ts'
import { recordedSpec } from '../../kinds/recorded.ts'
import { isDigestedKind } from '../../ledger/catalog-state.ts'

/** The digests of all objects, by key; null for those that the state of the catalog does not cover, or that have secrets. */
export function declarationDigests(declared: readonly DeclaredObject[]): Readonly<Record<Key, string | null>> {
  return Object.fromEntries(
    declared.map((object) => {
      const digest = isDigestedKind(object.id.kind) ? declarationDigest(object) : undefined
      return [keyOf(object.id), digest ?? null]
    }),
  )
}

/**
 * Equal digests mean equal declarations. A declaration whose keys are in another order may have another digest, and is then
 * compared. Undefined for an object with secrets, since no stored digest may help to guess them.
 */
export function declarationDigest({ id, spec, renamedFrom, renamedColumns }: DeclaredObject): string | undefined {
  if (recordedSpec(id, spec) !== spec) return undefined
  const text = JSON.stringify([spec, renamedFrom, renamedColumns && [...renamedColumns]])
  // 128 bits, since large manifests have many.
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
