// A plan together with everything that applying it needs. It is plain data, without functions.

import type { DeclaredObject, WantedObject } from '../core/change.ts'
import type { Problem } from '../core/errors.ts'
import type { Key } from '../core/object.ts'
import type { Plan } from '../core/plan.ts'
import type { ResolvedReference } from '../core/redaction.ts'
import type { NotImported } from '../core/report.ts'
import type { DependencyDigests } from '../introspector/dependency-digests.ts'
import type { CodeOfObjects } from '../introspector/referenced-code.ts'
import type { ManifestProof, UnprovenManifest } from '../ledger/manifest-proof.ts'
import type { SourceRecord } from '../ledger/read.ts'

import type { ChangedPart } from './proof/changed-part.ts'

export interface PlanInHand {
  readonly plan: Plan
  /** Whether a proof shows that everything is in place. Then little else was read, and the other properties are empty. */
  readonly isProven: boolean
  /** The declared objects, by which an apply reads the target once more before it changes anything. */
  readonly declared: readonly DeclaredObject[]
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /** The declared specs with references in place of values, for the objects that have references. */
  readonly withReferences: ReadonlyMap<Key, unknown>
  /** The references whose values texts must not show. */
  readonly references: readonly ResolvedReference[]
  /** The salt of the digests that secrets in `declared` and `wanted` are compared by. It never leaves this process. */
  readonly salt: string
  readonly trustedRoles: readonly string[]
  /** Whose code the SQL of the objects finds, if the plan reports it. */
  readonly code: CodeOfObjects
  /** What to record of the answers of sources, for imports and mirrors. */
  readonly sourceRecords: ReadonlyMap<Key, SourceRecord>
  /** The new keys of ledger entries whose objects are renamed, by their present keys. */
  readonly rekeyed: ReadonlyMap<Key, Key>
  /** To record for objects that were probed and found to be as declared, so that the next plan need not probe them. */
  readonly provenDigests: DependencyDigests
  /** To record for unchanged objects: how the catalog shows them, if the ledger does not have that. */
  readonly canonicalForms: ReadonlyMap<Key, unknown>
  /** To record: the tables and types that could not be imported. Undefined if a source was not asked. */
  readonly notImported: readonly NotImported[] | undefined
  /** To record for a plan with nothing to do, so that the next plan need not read more than this. */
  readonly proof: ManifestProof | undefined
  /** To record for a plan that creates everything, with the state of the catalog once all of it is applied. */
  readonly proofOfCreation: UnprovenManifest | undefined
  /** For a plan that is saved: digests of what it depends on, the same for any role, since another role may apply it. */
  readonly digestsToSave: ReadonlyMap<Key, string> | undefined
  /** The SHA-256 of the manifest's text; undefined where that could help to guess a secret. */
  readonly manifestDigest: string | undefined
  /** Why ownership is unknown, if it is. Then nothing can be applied. */
  readonly ownershipUnknown: Problem | undefined
  /** The part of the manifest that was planned, since the rest is proven; undefined for all of it. */
  readonly part: ChangedPart | undefined
}
