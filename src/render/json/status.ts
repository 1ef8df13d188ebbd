// The status of objects as a JSON document.

import type { CopyFreshness, StatusReport } from '../../core/status.ts'
import { titleOf } from '../../kinds/registry.ts'
import type { StatusDocument } from './documents.ts'
import { verificationJson } from './verify.ts'

export function statusJson({ database, manifest, objects }: StatusReport): StatusDocument {
  return {
    format: 'fdwsync.status/1',
    database,
    manifest: manifest ?? null,
    objects: objects.map(
      ({ id, manifests, state, reason, populated, freshness, indexes, sourceReachable, verification }) => ({
        address: id,
        title: titleOf(id),
        manifests,
        state,
        reason: reason ?? null,
        populated: populated ?? null,
        refreshed: (populated && freshness?.recorded?.lastLoad?.endedAt) || null,
        freshness: freshness ? freshnessJson(freshness) : null,
        indexes: indexes ?? null,
        sourceReachable: sourceReachable ?? null,
        verification: verification ? verificationJson(verification) : null,
      }),
    ),
  }
}

function freshnessJson({ recorded, maxAgeMilliseconds, isStale, nextRun }: CopyFreshness) {
  return {
    startedAt: recorded?.startedAt ?? null,
    secondsAgo: recorded ? recorded.millisecondsAgo / 1000 : null,
    maxAgeSeconds: maxAgeMilliseconds === undefined ? null : maxAgeMilliseconds / 1000,
    isStale,
    emptyColumns: recorded?.emptyColumns ?? [],
    milliseconds: recorded?.lastLoad?.milliseconds ?? null,
    rows: recorded?.lastLoad?.rows ?? null,
    nextRun: nextRun ?? null,
  }
}
