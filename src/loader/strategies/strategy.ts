// The contract of a refresh strategy, which is one way to bring a copy up to date.

import type { CopyId, Key } from '../../core/object.ts'
import type { SourceConnection } from '../../core/one-moment.ts'
import type { RefreshPolicy, StrategyName } from '../../core/refresh-policy.ts'
import type { FoundState, StrategyState } from '../../core/strategy-state.ts'
import type { Session } from '../../db/session.ts'
import type { DigestMethod } from '../../kinds/table/refresh/digest.ts'
import type { Measured } from '../begin-refresh.ts'
import type { SourcesOfViews } from '../read-sources.ts'
import type { SourceWatchdog } from '../source-watchdog.ts'
import type { CodeTrust } from '../swap/replacement-set.ts'

/** What is known about a table. */
export interface TableFacts {
  readonly owner: string
  /** The columns that its query returns. */
  readonly columns: readonly TableColumn[]
  /** The columns of the primary key; empty without one. */
  readonly key: readonly KeyColumn[]
  /** How many rows the table had when it was last analyzed; negative if it never was. */
  readonly rows: number
  /** Whether a MERGE has the same effect as an UPDATE followed by an INSERT. */
  readonly canMerge: boolean
}

export interface KeyColumn {
  readonly name: string
  /** The operator by which the index of the key compares, such as `OPERATOR(pg_catalog.=)`. */
  readonly equals: string
}

export interface TableColumn {
  readonly name: string
  /** As `format_type` shows it. */
  readonly type: string
  /** How a source can digest its values; undefined if it cannot. */
  readonly digest: DigestMethod | undefined
  /** The average size of a value in bytes; undefined if unknown. */
  readonly width: number | undefined
}

/** A privilege that the owner of a copy lacks. */
export interface LackedPrivilege {
  /** As in `its owner a has no USAGE on schema b`. */
  readonly reason: string
  readonly hint: string
}

/** What is known about a copy before it is refreshed. */
export interface CopyFacts {
  /** Whether it holds data, which readers may be reading. */
  readonly isPopulated: boolean
  /** Whether it has a unique index that REFRESH CONCURRENTLY can use: on plain columns, of all rows. */
  readonly hasUniqueIndex: boolean
  /** A privilege without which REFRESH CONCURRENTLY fails, whatever indexes there are. */
  readonly lackedByOwner: LackedPrivilege | undefined
  /** Undefined for a materialized view. */
  readonly table: TableFacts | undefined
  /** The size of its data, without its indexes. */
  readonly bytes: number
  readonly owner: string
  /**
   * The connections through which a refresh reads sources: each is a server and a user mapping of the owner. postgres_fdw reads
   * everything through one connection in one snapshot.
   */
  readonly connections: readonly SourceConnection[]
  /** Whether this role may SET ROLE to the owner. */
  readonly isOwnerAvailable: boolean
  /** Why the copy cannot be swapped, as in "cannot be swapped: …". */
  readonly swapObstacle: string | undefined
  /** The same, apart from missing rights of this role. */
  readonly swapObstacleOfAnyRole: string | undefined
  /** How long its last load by each strategy took. */
  readonly lastMilliseconds: Readonly<Partial<Record<StrategyName, number>>>
  /** What its last refreshes have found for the next one. */
  readonly state: StrategyState
}

export interface Copy {
  readonly id: CopyId
  readonly key: Key
  readonly title: string
  readonly oid: number
  readonly facts: CopyFacts
}

export interface CopyToRefresh extends Copy {
  readonly policy: RefreshPolicy
}

/** The open transaction that a strategy runs in. */
export interface RefreshTransaction {
  readonly session: Session
  /** The backend that runs the transaction. */
  readonly pid: number
  readonly sources: SourceWatchdog
  readonly sourcesOf: SourcesOfViews
  /** The search_path of the manifest. */
  readonly searchPath: readonly string[]
  readonly trust: CodeTrust
  /** How long the oldest transaction has been open at the sources of a table; unknown for those that are missing. */
  readonly openSeconds: ReadonlyMap<Key, number>
  readonly signal: AbortSignal
  onRetry(reason: string, attempt: number): void
}

/** What a strategy has done to a copy, in addition to what the server's statistics show. */
export interface StrategyOutcome {
  /** How many rows were written. */
  readonly written?: WrittenRows
  /** Whether the copy is known to have no rows afterwards. */
  readonly isEmpty?: boolean
  /** The strategy that was used in place of the requested one, and why. */
  readonly instead?: { readonly strategy: StrategyName; readonly reason: string }
  /** What to record for the next refresh. */
  readonly state?: FoundState
  /**
   * The measures of its successor, taken before readers had to wait for the swap. Undefined if the copy can be measured afterwards.
   */
  readonly successor?: Measured
}

export interface WrittenRows {
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
}

export type StrategyOutcomes = ReadonlyMap<Key, StrategyOutcome>

export interface Strategy {
  /** Why the strategy cannot refresh a copy; undefined if it can. */
  obstacle(facts: CopyFacts, policy: RefreshPolicy): string | undefined
  /**
   * Refreshes copies, without COMMIT, so that readers see all of them change at once. Each copy comes after those that it reads.
   * @throws an error of the server, or a MemberFailure that names the copy
   */
  run(transaction: RefreshTransaction, copies: readonly CopyToRefresh[]): Promise<StrategyOutcomes>
}
