// The contract of a refresh strategy: one way to bring a copy up to date. Plain data in and out, apart from the session.

import type { CopyId, Key } from '../../core/object.ts'
import type { SourceConnection } from '../../core/one-moment.ts'
import type { StrategyName } from '../../core/refresh-policy.ts'
import type { Session } from '../../db/session.ts'
import type { SourcesOfViews, SourceWatchdog } from '../source-watchdog.ts'
import type { CodeTrust } from '../swap/replacement-set.ts'

/** What is known about a table. */
export interface TableFacts {
  readonly owner: string
  readonly columns: readonly string[]
  /** The columns of the primary key; empty without one. */
  readonly key: readonly string[]
}

/** What is known about a copy before it is refreshed. */
export interface CopyFacts {
  /** Whether it holds data, which readers may be reading. */
  readonly isPopulated: boolean
  /** Whether it has a unique index that REFRESH CONCURRENTLY can use: on plain columns, of all rows. */
  readonly hasUniqueIndex: boolean
  /** Undefined for a materialized view. */
  readonly table: TableFacts | undefined
  /** The size of its data, without its indexes. */
  readonly bytes: number
  readonly owner: string
  /**
   * The connections to sources that a refresh of it reads through: a server, and the user mapping of the owner. postgres_fdw reads
   * through one of them in one snapshot.
   */
  readonly connections: readonly SourceConnection[]
  /** Whether this role may SET ROLE to the owner. */
  readonly isOwnerAvailable: boolean
  /** Why it cannot be swapped, as in "cannot be swapped: …". */
  readonly swapObstacle: string | undefined
  /** How long its last load by each strategy took. */
  readonly lastMilliseconds: Readonly<Partial<Record<StrategyName, number>>>
}

export interface Copy {
  readonly id: CopyId
  readonly key: Key
  readonly title: string
  readonly oid: number
  readonly facts: CopyFacts
}

/** The open transaction that a strategy runs in. */
export interface RefreshTransaction {
  readonly session: Session
  /** The backend that runs it. */
  readonly pid: number
  readonly sources: SourceWatchdog
  readonly sourcesOf: SourcesOfViews
  /** The manifest's. */
  readonly searchPath: readonly string[]
  readonly trust: CodeTrust
  readonly signal: AbortSignal
  onRetry(reason: string, attempt: number): void
}

export interface Strategy {
  readonly name: StrategyName
  /** Why it cannot refresh a copy; undefined if it can. */
  obstacle(facts: CopyFacts): string | undefined
  /**
   * Refreshes copies, without COMMIT, so that readers see all of them change at once. Each copy comes after those that it reads.
   * @throws an error of the server, or a MemberFailure that names the copy
   */
  run(transaction: RefreshTransaction, copies: readonly Copy[]): Promise<void>
}
