// What is known about a table, declared or live.
import type { PrimaryKey } from '../../manifest/primary-key.ts'
import type { CopySpec } from '../facets/copy/copy.ts'

export interface TableSpec extends CopySpec {
  readonly primaryKey: PrimaryKey | null
  /** The columns that are NOT NULL beside those of the key, sorted. */
  readonly notNull: readonly string[]
  readonly unlogged: boolean
  /** Live only: the owner of the source view, as whom the query reads. */
  readonly queryOwner?: string
  /** Live only: columns that its query does not return. */
  readonly addedColumns?: readonly string[]
  /** Live only: the names that its query has for columns that were renamed by hand, by their present ones. */
  readonly formerNames?: Readonly<Record<string, string>> | null
  /** Live only, of a table that is not loaded: whether it has pages, and so has rows or had some. What this matters for is looked at by the planner. */
  readonly hasRows?: boolean
  /** Declared: whether a table that exists already is taken over. */
  readonly adopt?: true
  /** Live only: set for a table that is to be taken over. */
  readonly isUnmanaged?: boolean
  /** Only for a stand-in. */
  readonly isStandIn?: true
}

/** A copy of another kind as a table, to compare it with the table that it becomes. */
export function asTable(spec: CopySpec): TableSpec {
  return { ...spec, primaryKey: null, notNull: [], unlogged: false }
}
