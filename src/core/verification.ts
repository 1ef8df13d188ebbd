// How the contents of a copy compare with what its query returns now.

import type { Key } from './object.ts'

/** Numbers of rows. */
export interface ComparedRows {
  /** Rows of the copy. */
  readonly rows: number
  /** Rows that only the source has. */
  readonly missing: number
  /** Rows that only the copy has. */
  readonly extra: number
  /** Rows with other values for the same key. Without a key, such a row counts as one that is missing and one that is extra. */
  readonly different: number
}

/** Whether a copy has the rows of its sources. */
export type Verification =
  | ({ readonly status: 'same' | 'different'; readonly milliseconds: number } & ComparedRows)
  /** It is unknown whether it is the same. */
  | { readonly status: 'failed'; readonly reason: string; readonly hint?: string }

/** The result of comparing copies with their sources. */
export interface VerifyReport {
  readonly manifest: string
  readonly copies: readonly { readonly key: Key; readonly title: string; readonly verification: Verification }[]
}
