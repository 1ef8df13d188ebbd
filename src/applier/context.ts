// What all parts of one apply share.

import type { ApplyEvent } from '../core/event.ts'
import type { Origin } from '../core/history.ts'
import type { ObjectNotice } from '../core/notice.ts'
import type { Warning } from '../core/plan.ts'
import type { Hidden } from '../core/redaction.ts'
import type { Connect } from '../db/connect.ts'
import type { ApplyRecord } from '../ledger/write.ts'
import type { MaxConnections } from '../loader/server-limits.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'

export interface ApplyOptions {
  readonly lockTimeoutMilliseconds: number
  readonly leaseTimeoutMilliseconds: number
  /** How long a source may take to answer before the steps that need it fail. */
  readonly sourceTimeoutMilliseconds: number
  /** How many builds and loads run at once. */
  readonly jobs: number
  /** How many connections the run may have to each source at once. */
  readonly maxConnections: MaxConnections
  /** The hazards that are allowed. */
  readonly allow: readonly string[]
  /** The id of the apply in the ledger. Default: a new one. */
  readonly applyId?: string
  /** Who applies, and from where, for the ledger. */
  readonly origin?: Origin
  emit(event: ApplyEvent): void
  /** Aborting it cancels what runs. What is committed stays committed. */
  readonly signal: AbortSignal
}

export interface ApplyContext {
  readonly inHand: PlanInHand
  readonly applyId: string
  readonly options: ApplyOptions
  readonly connect: Connect
  /** The values that no message may show. */
  readonly hidden: readonly Hidden[]
  /** The notices of the server about what is committed so far. */
  readonly notices: ObjectNotice[]
  /** Other warnings about what is committed so far. */
  readonly warnings: Warning[]
  /** Throws if the lease was lost: another apply may be running. */
  checkLease(): void
}

/** The apply as the ledger records it. */
export function applyRecordOf({ applyId, inHand, options }: ApplyContext): ApplyRecord {
  return { id: applyId, plan: inHand.plan, manifestDigest: inHand.manifestDigest, origin: options.origin }
}
