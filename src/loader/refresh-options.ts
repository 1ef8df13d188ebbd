// The options and services of a refresh.

import type { ApplyEvent } from '../core/event.ts'
import type { Key } from '../core/object.ts'
import type { Hidden } from '../core/redaction.ts'
import type { RefreshPolicy, RefreshStrategy } from '../core/refresh-policy.ts'
import type { RefreshRecording } from '../ledger/refresh-log.ts'
import type { MaxConnections } from './server-limits.ts'

export interface RefreshOptions {
  /** The search_path of the manifest. */
  readonly searchPath: readonly string[]
  /** The roles whose code may run when views over a swapped copy are recreated, from the manifest. */
  readonly trustedRoles: readonly string[]
  readonly policies: ReadonlyMap<Key, RefreshPolicy>
  /** Whether this role may record refreshes. */
  readonly recording: RefreshRecording
  /** The strategy for this run, in place of those of the policies. */
  readonly strategy?: RefreshStrategy | undefined
  /** How many units are refreshed at once. */
  readonly jobs: number
  /** How many connections the run may have to each source at once. */
  readonly maxConnections: MaxConnections
  /** How long a single refresh may take, in place of the timeouts of the policies. */
  readonly timeoutMilliseconds?: number | undefined
  /** How long a source may take to answer before the copies that need it fail. */
  readonly sourceTimeoutMilliseconds: number
  /** How long to wait for an apply of the manifest. */
  readonly leaseTimeoutMilliseconds: number
  /** Throws if the lease was lost: an apply may be running. */
  checkLease(): void
  /** The values that no message may show. */
  readonly hidden: readonly Hidden[]
  emit(event: ApplyEvent): void
  /** Aborting it cancels what runs. */
  readonly signal: AbortSignal
}
