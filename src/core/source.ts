import type { Key } from './object.ts'

/** How a foreign table that a manifest spells out differs from what its source has. None is a change of a plan. */
export interface SourceFinding {
  readonly key: Key
  readonly title: string
  /** `types not compared`: some type of the source does not exist here, so only the names of columns were compared. */
  readonly finding: 'table gone' | 'column gone' | 'column new' | 'column type' | 'types not compared'
  /** The column as it is called here, or, of a new one, at the source. */
  readonly column: string | undefined
  /** Its type here, and at the source. */
  readonly here: string | undefined
  readonly there: string | undefined
  /** Whether reading the table, or the column, fails. */
  readonly readsFail: boolean
  /** A sentence for people, without the table's name. */
  readonly message: string
}

/** What asking the sources of a manifest's servers has brought. */
export interface SourceReport {
  readonly findings: readonly SourceFinding[]
  readonly servers: readonly {
    readonly name: string
    /** Undefined: its wrapper can't tell what its source has. */
    readonly reachable: boolean | undefined
  }[]
}
