import type { Comment } from '../facets/comment.ts'
import type { Options } from '../facets/options.ts'
import type { Protection } from '../facets/protection.ts'
import type { Tablespace } from '../facets/storage.ts'
import type { IndexColumn } from './columns.ts'

export interface IndexSpec extends Tablespace, Protection {
  /** The materialized view. */
  readonly on: { readonly schema: string; readonly name: string }
  readonly method: string
  readonly unique: boolean
  readonly columns: readonly IndexColumn[]
  readonly include: readonly string[]
  readonly where: string | null
  readonly nullsNotDistinct: boolean
  /** Storage parameters. */
  readonly with?: Options | undefined
  /** The index that CLUSTER of its view goes by. Null: none. Undefined: the manifest doesn't say. */
  readonly clusterOn?: string | null | undefined
  /** Live only: CREATE INDEX CONCURRENTLY that failed leaves one that is not. */
  readonly valid?: boolean
  /** Live only: as PostgreSQL writes it out, without what is the default. */
  readonly definition?: string | null
  readonly comment?: Comment
}
