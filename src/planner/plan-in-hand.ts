import type { DeclaredObject, WantedObject } from '../core/change.ts'
import type { Problem } from '../core/errors.ts'
import type { Key } from '../core/object.ts'
import type { Plan } from '../core/plan.ts'
import type { DependencyDigests } from '../introspector/dependency-digests.ts'
import type { RunDigests } from '../introspector/digests.ts'
import type { ManifestProof } from '../ledger/manifest-proof.ts'
import type { SourceRecord } from '../ledger/read.ts'

/** A plan and what it was made from, which applying it needs. */
export interface PlanInHand {
  readonly plan: Plan
  readonly declared: readonly DeclaredObject[]
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly digests: RunDigests
  /** What the sources have said of what is imported or mirrored. */
  readonly sourced: ReadonlyMap<Key, SourceRecord>
  /** Keys of the ledger's entries, today's and those that they get, since what they stand for is renamed. */
  readonly rekeyed: ReadonlyMap<Key, Key>
  /** Of what the plan has tried out and found to be as declared. */
  readonly proven: DependencyDigests
  /** Of a plan with nothing to do, what proves later that it still has nothing to do. */
  readonly proof: ManifestProof | undefined
  /** The SHA-256 of the manifest's text; undefined where that could help to guess a secret. */
  readonly manifestDigest: string | undefined
  /** Why it is not known who owns what: then nothing can be applied. */
  readonly ownershipUnknown: Problem | undefined
}
