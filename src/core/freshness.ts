// Whether a copy is fresh. Pure.

import type { RefreshPolicy } from './refresh-policy.ts'

/** What the ledger has recorded of a copy's refreshes. */
export interface RecordedFreshness {
  /**
   * How long ago the last successful refresh, load or skip began. The beginning counts, since later changes of the source may be
   * missing.
   */
  readonly millisecondsAgo: number
  /** When that was, in ISO 8601. */
  readonly startedAt: string
  /** The columns that an apply has added since. They have no values yet. */
  readonly emptyColumns: readonly string[]
  /** Whether it is an unlogged table that has lost its rows since. */
  readonly isEmptied: boolean
  /** The last one that loaded data; undefined if every recorded one was skipped. */
  readonly lastLoad:
    | { readonly endedAt: string; readonly milliseconds: number; readonly rows: number | undefined }
    | undefined
}

/** Whether a copy is older than its policy allows, as one is that was never loaded, has lost its rows, or has a new column without values. */
export function isStale(
  { maxAgeMilliseconds }: RefreshPolicy,
  recorded: Pick<RecordedFreshness, 'millisecondsAgo' | 'emptyColumns' | 'isEmptied'> | undefined,
): boolean {
  if (recorded && (recorded.isEmptied || recorded.emptyColumns.length > 0)) return true
  if (maxAgeMilliseconds === undefined) return false
  return recorded === undefined || recorded.millisecondsAgo >= maxAgeMilliseconds
}
