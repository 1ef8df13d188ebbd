import type { Change } from './change.ts'
import type { Key } from './object.ts'
import type { PlannedChange } from './plan.ts'

/** Where an apply comes from, as far as its environment tells. */
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

/** What was planned, as the ledger keeps it. It has names only, no values. */
export interface ApplySummary {
  readonly counts: Readonly<Record<Change['op'], number>>
  readonly changes: readonly {
    readonly op: Change['op']
    readonly address: Key
    readonly title: string
    readonly cause: PlannedChange['cause'] | null
    /** The attributes that were altered. */
    readonly fields: readonly string[]
  }[]
}

/** An apply as the ledger has it. What a ledger of an older version does not have is null. */
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
  /** `interrupted`: it never noted its end, and it no longer runs. */
  readonly outcome: ApplyOutcome | 'in progress' | 'interrupted' | null
  readonly manifestDigest: string | null
  readonly summary: ApplySummary | null
  readonly commit: string | null
  readonly repository: string | null
  readonly database: string | null
  readonly databaseOid: number | null
  readonly systemIdentifier: string | null
  /** It was applied to a database that this one is a copy of, or that had another name then. */
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
  /** Of 8 bytes, so a string; null if it is not known. */
  readonly rows: string | null
  readonly outcome: string
  readonly reason: string | null
}

/** What was applied to a database, the newest first. */
export interface History {
  readonly database: string
  readonly applies: readonly RecordedApply[]
  /** There are more than were asked for. */
  readonly more: boolean
}

/** One apply with all that is known of it. */
export interface ApplyDetails {
  readonly database: string
  readonly apply: RecordedApply
  readonly steps: readonly RecordedStep[]
  readonly refreshes: readonly RecordedRefresh[]
}
