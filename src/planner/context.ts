// What the phases of one plan share once the manifest is resolved and the target is read.

import type { DeclaredObject } from '../core/change.ts'
import type { Problem } from '../core/errors.ts'
import type { Key, ObjectId } from '../core/object.ts'
import type { Warning } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import type { RunDigests } from '../introspector/digests.ts'
import type { MayEvaluate } from '../introspector/evaluation/evaluated-code.ts'
import type { SourceAccess } from '../sources/ask-sources.ts'
import type { ResolvedImports } from '../sources/resolve-imports.ts'
import type { TargetOfPlan } from './target.ts'

export interface PlanOptions {
  /** Whether the plan loads new materialized views. */
  readonly populate: boolean
  /** How to ask sources for what is imported. Without it the last imported definitions are used. */
  readonly sources?: SourceAccess | undefined
  /** Whether to compare the foreign tables that the manifest spells out with their sources. */
  readonly checkSource?: boolean
  /** Whether to try whether the sources of what is new or changed can be read. */
  readonly trySources?: boolean
  /** Whether this manifest takes over what others own. */
  readonly takeOver?: boolean
  /** Patterns of the objects to plan: with what they need, and nothing else. Default: all. See selection.ts. */
  readonly only?: readonly string[] | undefined
  /** Which of the objects that are not declared to release, and to drop none: see `DiffInput`. */
  readonly releasing?: (id: ObjectId) => boolean
  /** Whether to leave out what is known to come from the manifest. Such a plan can only be looked at. */
  readonly driftOnly?: boolean
  /** Which user-defined code the probe may run: some only for an apply, which runs it anyway. Default: nothing. */
  readonly mayEvaluate?: MayEvaluate
  /**
   * For a plan that is saved, or applied from its file: the suffix of temporary names. Such a plan takes no fast path, since one from a
   * proof has another fingerprint.
   */
  readonly suffix?: string
  /** Whether no earlier proof can help, as after an apply that has changed something. */
  readonly ignoresProof?: boolean
  /** Whether to add where the manifest declares what is reported. To find places, the text is parsed once more. */
  readonly withPlaces?: boolean
  /** Whether to find out what proves to later plans that there is nothing to do. */
  readonly prove?: boolean
}

export interface PlanContext {
  readonly session: Session
  readonly options: PlanOptions
  readonly digests: RunDigests
  /** Random, in the names of what an apply creates for a while, so that no role can prepare objects under them. */
  readonly suffix: string
  readonly resolved: ResolvedImports
  readonly searchPath: readonly string[]
  readonly trustedRoles: readonly string[]
  /** Everything that the resolved manifest declares. */
  readonly objects: readonly DeclaredObject[]
  /** What is compared, with the needs that only the server knows: all objects, or the part that may have changed. */
  readonly declared: readonly DeclaredObject[]
  /** What is declared and cannot be planned. */
  readonly warnings: readonly Warning[]
  /** The objects whose declarations have references that could not be resolved. */
  readonly unresolved: ReadonlyMap<Key, Problem>
  readonly target: TargetOfPlan
}
