// What the phases of a plan share: its options, and the context once the manifest is resolved and the target is read.

import type { DeclaredObject } from '../core/change.ts'
import type { Problem } from '../core/errors.ts'
import type { Key, ObjectId } from '../core/object.ts'
import type { Warning } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import type { RunDigests } from '../introspector/digests.ts'
import type { MayEvaluate } from '../introspector/evaluation/evaluated-code.ts'
import type { SourceAccess } from '../sources/imports/ask-sources.ts'
import type { ResolvedImports } from '../sources/imports/resolve-imports.ts'
import type { TargetOfPlan } from './target.ts'

export interface PlanOptions {
  /** Whether the plan loads new materialized views. */
  readonly populate: boolean
  /** How to ask sources for imports. Without it the last imported definitions are used. */
  readonly sources?: SourceAccess | undefined
  /** Whether to compare the foreign tables that the manifest spells out with their sources. */
  readonly checkSource?: boolean
  /** Whether to test that the sources of what is new or changed can be read. */
  readonly trySources?: boolean
  /** Whether this manifest takes over objects that other manifests own. */
  readonly takeOver?: boolean
  /** Patterns of the objects to plan, together with what they need. Default: all. See selection.ts. */
  readonly only?: readonly string[] | undefined
  /** Decides which undeclared objects to release. No object is dropped then: see `DiffInput`. */
  readonly releasing?: (id: ObjectId) => boolean
  /** Whether to leave out what is known to come from the manifest. Such a plan can only be looked at. */
  readonly driftOnly?: boolean
  /** Which user-defined code the probe may run. Only a plan for an apply allows any, which runs that code anyway. Default: none. */
  readonly mayEvaluate?: MayEvaluate
  /**
   * The suffix of temporary names, for a plan that is saved or applied from its file. Such a plan does not take the fast path,
   * since a plan from a proof has another fingerprint.
   */
  readonly suffix?: string
  /** Whether to ignore earlier proofs, which are outdated after an apply that has changed something. */
  readonly ignoresProof?: boolean
  /** Whether to add the places in the manifest to what is reported. To find them, the text is parsed once more. */
  readonly withPlaces?: boolean
  /** Whether to compute the proof by which later plans know that there is nothing to do. */
  readonly prove?: boolean
}

export interface PlanContext {
  readonly session: Session
  readonly options: PlanOptions
  readonly digests: RunDigests
  /** A random part of temporary names, so that no role can prepare objects under them. */
  readonly suffix: string
  readonly resolved: ResolvedImports
  readonly searchPath: readonly string[]
  readonly trustedRoles: readonly string[]
  /** Everything that the resolved manifest declares. */
  readonly objects: readonly DeclaredObject[]
  /** The objects to compare, with needs that only the server knows: all, or the part that may have changed. */
  readonly declared: readonly DeclaredObject[]
  /** Warnings about declarations that cannot be planned. */
  readonly warnings: readonly Warning[]
  /** The objects whose declarations have references that could not be resolved. */
  readonly unresolved: ReadonlyMap<Key, Problem>
  readonly target: TargetOfPlan
}
