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
  /** The last one that loaded data; undefined if every recorded one was skipped. */
  readonly lastLoad:
    | { readonly endedAt: string; readonly milliseconds: number; readonly rows: number | undefined }
    | undefined
}

/** Whether a copy is older than its policy allows. A copy that was never loaded is. */
export function isStale(
  { maxAgeMilliseconds }: RefreshPolicy,
  recorded: Pick<RecordedFreshness, 'millisecondsAgo'> | undefined,
): boolean {
  if (maxAgeMilliseconds === undefined) return false
  return recorded === undefined || recorded.millisecondsAgo >= maxAgeMilliseconds
}
