import type { Change } from './change.ts'
import type { Key } from './object.ts'

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
    readonly cause: 'manifest' | 'drift' | 'dependency' | null
    /** The attributes that were altered. */
    readonly fields: readonly string[]
  }[]
}
