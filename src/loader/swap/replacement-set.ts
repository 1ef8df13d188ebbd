// The input of a swap, as plain data: what is replaced together, and what the swap must know about it. An apply derives it from a
// plan, a refresh from the live definitions.

import type { Replace } from '../../core/change.ts'
import type { LostAttachment } from '../../core/dependent.ts'
import type { Key, ObjectId, Relation } from '../../core/object.ts'
import type { Replacement } from '../../core/plan.ts'
import type { Session } from '../../db/session.ts'
import type { FinalNames } from './final-names.ts'

/** An object that is replaced, with the statements that do it. */
export interface Member extends Replacement {
  readonly change: Replace
  /** The attachments of the original that cannot be recreated. */
  readonly loses: readonly LostAttachment[]
}

/** Objects that are built and swapped together, in one transaction. */
export interface ReplacementSet {
  /** The members, each after those that it reads. */
  readonly members: readonly Member[]
  /** The objects that statements of the members, or others, create. Everything else is an attachment. */
  readonly declared: readonly ObjectId[]
  /** Attachments that are no longer declared, and so are not recreated. */
  readonly dropped: readonly ObjectId[]
  readonly finalNames: FinalNames
  readonly searchPath: readonly string[]
  /** The salt of the digests that secrets are compared by. */
  readonly salt: string
}

/** Whose code may run when unmanaged objects are recreated. */
export interface CodeTrust {
  readonly trustedRoles: readonly string[]
  /** Whether any code may run. */
  readonly allowsUntrusted: boolean
}

export interface ReplacementContext {
  readonly trust: CodeTrust
  readonly signal: AbortSignal
  onRetry(reason: string, attempt: number): void
  /**
   * Checks a successor before it is loaded. The session is under `readingPath`.
   * @throws FdwsyncError if it is not what it should be
   */
  checkSuccessor(session: Session, member: Member, successor: Relation): Promise<void>
  /**
   * Does what can be done before readers have to wait. The successors are complete, in their scratch schemas. The session is under
   * `readingPath`.
   */
  beforeSwap(session: Session, loads: readonly SuccessorLoad[]): Promise<void>
  /** Called after the swap with the unmanaged views that it has repointed. */
  onRepointed(views: readonly Relation[]): void
}

/** The load of a successor. */
export interface SuccessorLoad {
  readonly key: Key
  /** As returned by `performance.now()`, like `ended`. */
  readonly started: number
  readonly ended: number
  /** The number of rows loaded; undefined if unknown. */
  readonly rows: string | undefined
}
