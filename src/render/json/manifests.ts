// The manifests of a database, as a JSON document.

import type { ManifestList } from '../../core/manifest-summary.ts'

/** What `manifests --format json` prints: `schemas/manifests.schema.json`. */
export interface ManifestsDocument extends ManifestList {
  readonly format: 'fdwsync.manifests/1'
}
