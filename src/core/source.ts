// How foreign tables differ from their sources, as reported by `--check-source`.

import type { Key } from './object.ts'

/** One difference between a declared foreign table and its source. It is a report, not a change of a plan. */
export interface SourceFinding {
  readonly key: Key
  readonly title: string
  /** `types not compared`: a type of the source does not exist here, so only column names were compared. */
  readonly finding: 'table gone' | 'column gone' | 'column new' | 'column type' | 'types not compared'
  /** The column's name here or, for a new column, at the source. */
  readonly column: string | undefined
  /** The column's type here (`here`) and at the source (`there`). */
  readonly here: string | undefined
  readonly there: string | undefined
  /** Whether reading the table, or the column, fails. */
  readonly readsFail: boolean
  /** A sentence without the table's name. */
  readonly message: string
}

/** The result of comparing a manifest's foreign tables with their sources. */
export interface SourceReport {
  readonly findings: readonly SourceFinding[]
  readonly servers: readonly {
    readonly name: string
    /** Undefined if the wrapper cannot report what the source has. */
    readonly reachable: boolean | undefined
  }[]
}
