// What an index consists of.
import type { CopyId } from '../../core/object.ts'
import type { Comment } from '../facets/comment.ts'
import type { Options } from '../facets/options.ts'
import type { Protection } from '../facets/protection.ts'
import type { Tablespace } from '../facets/storage.ts'
import type { IndexColumn } from './columns.ts'

export interface IndexSpec extends Tablespace, Protection {
  /** The materialized view or table. */
  readonly on: CopyId
  readonly method: string
  readonly unique: boolean
  readonly columns: readonly IndexColumn[]
  readonly include: readonly string[]
  readonly where: string | null
  readonly nullsNotDistinct: boolean
  /** Storage parameters. */
  readonly with?: Options | undefined
  /** The index that its view is clustered on. Null: none. Undefined: not declared. */
  readonly clusterOn?: string | null | undefined
  /** Live only: false after a failed CREATE INDEX CONCURRENTLY. */
  readonly valid?: boolean
  /** Wanted only: its expressions with the present column names of the view. */
  readonly underLiveNames?: { readonly expressions: readonly (string | null)[]; readonly where: string | null }
  /** Live only: its definition from pg_get_indexdef, which omits defaults. */
  readonly definition?: string | null
  readonly comment?: Comment
}
