// A plan together with everything that applying it needs. Plain data, without functions: a saved plan is this, with references in
// the place of secrets.

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

import type { ChangedPart } from './changed-part.ts'

export interface PlanInHand {
  readonly plan: Plan
  /** Whether a proof shows that everything is in place. Then nothing else of this was read. */
  readonly isProven: boolean
  /** What the target is read by again before anything is applied. */
  readonly declared: readonly DeclaredObject[]
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /** The declared specs with references in the place of values, of the objects that have some. */
  readonly withReferences: ReadonlyMap<Key, unknown>
  /** What texts must not show of what they resolve to. */
  readonly references: readonly ResolvedReference[]
  /** The salt of the digests that secrets in `declared` and `wanted` are compared by. It never leaves this process. */
  readonly salt: string
  readonly trustedRoles: readonly string[]
  /** Whose code the SQL of the objects finds, as far as the plan reports it. */
  readonly code: CodeOfObjects
  /** What to record of the sources' answers, for what is imported or mirrored. */
  readonly sourceRecords: ReadonlyMap<Key, SourceRecord>
  /** The new keys of ledger entries whose objects are renamed, by their keys of today. */
  readonly rekeyed: ReadonlyMap<Key, Key>
  /** For objects that were probed and found to be as declared, to record: the next plan need not probe them. */
  readonly provenDigests: DependencyDigests
  /** Of objects without a change, to record: how the catalog shows them, if the ledger does not have that. */
  readonly canonicalForms: ReadonlyMap<Key, unknown>
  /** The tables and types that could not be imported, to record. Undefined if a source was not asked. */
  readonly notImported: readonly NotImported[] | undefined
  /** For a plan with nothing to do, to record: the next plan need not read more than this. */
  readonly proof: ManifestProof | undefined
  /** For a plan that creates everything, to record with the state of the catalog once all of it is applied. */
  readonly proofOfCreation: UnprovenManifest | undefined
  /** For a plan that is saved: its fingerprint as another role would see it, which may apply it. */
  readonly savedFingerprint: string | undefined
  /** The SHA-256 of the manifest's text; undefined where that could help to guess a secret. */
  readonly manifestDigest: string | undefined
  /** Why ownership is unknown, if it is. Then nothing can be applied. */
  readonly ownershipUnknown: Problem | undefined
  /** The part of the manifest that was planned, since the rest is proven; undefined for all of it. */
  readonly part: ChangedPart | undefined
}
