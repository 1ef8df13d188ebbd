// What the ledger has recorded of past applies and refreshes.

import type { Change } from './change.ts'
import type { Counts } from './counts.ts'
import type { Key } from './object.ts'
import type { PlannedChange } from './plan.ts'

/** Where an apply comes from, as far as its environment shows. */
export interface Origin {
  /** The user of the operating system. */
  readonly user: string | undefined
  /** The machine that fdwsync runs on. */
  readonly host: string | undefined
  /** The Git commit. */
  readonly commit: string | undefined
  /** The address of the repository, without credentials. */
  readonly repository: string | undefined
}

/** How an apply ended. */
export type ApplyOutcome = 'applied' | 'applied in part' | 'failed' | 'in doubt'

/** What was planned, as the ledger keeps it: names, but no values. */
export interface ApplySummary {
  /** An older ledger does not have `load`. */
  readonly counts: Omit<Counts, 'load'> & Partial<Counts>
  readonly changes: readonly {
    readonly op: Change['op']
    readonly address: Key
    readonly title: string
    readonly cause: PlannedChange['cause'] | null
    /** The attributes that were altered. */
    readonly fields: readonly string[]
  }[]
}

/** An apply in the ledger. Null is what an older version of the ledger did not record. */
export interface RecordedApply {
  readonly id: string
  readonly manifest: string
  /** The database role. */
  readonly appliedBy: string
  /** The client's address, or `socket`. */
  readonly appliedFrom: string | null
  readonly clientUser: string | null
  readonly clientHost: string | null
  readonly toolVersion: string
  readonly startedAt: string
  readonly endedAt: string | null
  /** `interrupted`: it no longer runs, and did not record its end. */
  readonly outcome: ApplyOutcome | 'in progress' | 'interrupted' | null
  readonly manifestDigest: string | null
  readonly summary: ApplySummary | null
  readonly commit: string | null
  readonly repository: string | null
  readonly database: string | null
  readonly databaseOid: number | null
  readonly systemIdentifier: string | null
  /** Whether it was applied to a database of which this one is a copy, or to this one under another name. */
  readonly madeElsewhere: boolean
}

export interface RecordedStep {
  readonly stage: string
  readonly action: string
  readonly address: string
  readonly title: string
  readonly outcome: string
  readonly reason: string | null
}

export interface RecordedRefresh {
  readonly address: string
  readonly how: string
  readonly startedAt: string
  readonly endedAt: string
  /** A string, since it is an int8; null if unknown. */
  readonly rows: string | null
  readonly outcome: string
  readonly reason: string | null
}

/** One refresh or load of a copy. Null means unknown, or not recorded by an older version of the ledger. */
export interface RefreshHistoryEntry {
  readonly address: string
  readonly manifest: string
  /** `apply`, `refresh`, `function` or `cron`. */
  readonly origin: string | null
  readonly asked: string | null
  readonly how: string
  readonly because: string | null
  readonly refreshedBy: string
  readonly startedAt: string
  readonly endedAt: string
  /** A string, since it is an int8, as those below. */
  readonly rows: string | null
  readonly inserted: string | null
  readonly updated: string | null
  readonly deleted: string | null
  readonly bytes: string | null
  readonly outcome: string
  readonly reason: string | null
  /** The id of the apply that loaded it. */
  readonly apply: string | null
}

/** The refreshes and loads of a database, newest first. */
export interface RefreshHistory {
  readonly database: string
  readonly refreshes: readonly RefreshHistoryEntry[]
  /** Whether the ledger has more than requested. */
  readonly more: boolean
}

/** The applies to a database, newest first. */
export interface History {
  readonly database: string
  readonly applies: readonly RecordedApply[]
  /** Whether the ledger has more applies than requested. */
  readonly more: boolean
}

/** One apply with its steps and refreshes. */
export interface ApplyDetails {
  readonly database: string
  readonly apply: RecordedApply
  readonly steps: readonly RecordedStep[]
  readonly refreshes: readonly RecordedRefresh[]
}
