// The status of objects as a JSON document.

import type { StatusReport } from '../../core/status.ts'
import { titleOf } from '../../kinds/registry.ts'
import type { StatusDocument } from './documents.ts'

export function statusJson({ database, manifest, objects }: StatusReport): StatusDocument {
  return {
    format: 'fdwsync.status/1',
    database,
    manifest: manifest ?? null,
    objects: objects.map(({ id, manifests, state, reason, populated, refreshed, indexes, sourceReachable }) => ({
      address: id,
      title: titleOf(id),
      manifests,
      state,
      reason: reason ?? null,
      populated: populated ?? null,
      refreshed: refreshed?.at ?? null,
      indexes: indexes ?? null,
      sourceReachable: sourceReachable ?? null,
    })),
  }
}
