// How the contents of a copy compare with what its query returns now.

import type { Key } from './object.ts'

/** Numbers of rows. */
export interface ComparedRows {
  /** Those of the copy. */
  readonly rows: number
  /** Those that only the source has. */
  readonly missing: number
  /** Those that only the copy has. */
  readonly extra: number
  /** Those that have other values for the same key. Without a key, such a row is missing, and another one extra. */
  readonly different: number
}

/** Whether a copy has the rows of its sources. */
export type Verification =
  | ({ readonly status: 'same' | 'different'; readonly milliseconds: number } & ComparedRows)
  /** It is unknown whether it is the same. */
  | { readonly status: 'failed'; readonly reason: string; readonly hint?: string }

/** What the comparison of copies with their sources has found. */
export interface VerifyReport {
  readonly manifest: string
  readonly copies: readonly { readonly key: Key; readonly title: string; readonly verification: Verification }[]
}
