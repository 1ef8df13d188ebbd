// The options that the commands of the library share, and what their defaults are.

import type { ApplyOptions } from '../applier/context.ts'
import type { Problem } from '../core/errors.ts'
import type { ApplyEvent, StatementLog } from '../core/event.ts'
import type { Origin } from '../core/history.ts'
import type { Plan } from '../core/plan.ts'
import { maxConnectionsOf } from '../loader/server-limits.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { checkOptions } from './check-options.ts'
import type { Target } from './target.ts'

/** The options of all commands. */
export interface CommandOptions extends Target {
  /** Aborting it cancels what runs. What is committed stays committed. */
  readonly signal?: AbortSignal
  /** Called for each statement that has ended, for a log. Its text contains no secrets. */
  readonly onStatement?: ((statement: StatementLog) => void) | undefined
}

/** The options of commands that may ask sources. */
export interface SourceOptions extends CommandOptions {
  /** How long a source may take to answer. Default: 10,000 */
  readonly sourceTimeoutMilliseconds?: number
}

/** The options of commands that apply a plan. */
export interface RunningOptions extends SourceOptions {
  /** Hazards to accept, such as `drops-data`. Default: those that the policy of the manifest allows */
  readonly allow?: readonly string[]
  /**
   * Decides whether to apply the plan. Default: yes
   * @param refused why the plan will be refused, whatever the answer is
   */
  readonly approve?: (plan: Plan, refused: readonly Problem[]) => boolean | Promise<boolean>
  /** Whether a plan that has become stale is planned again and applied. Default: whether there is no `approve` */
  readonly unattended?: boolean
  /** Whether `approve` gets the values that references resolve to, except secrets. Default: false */
  readonly showValues?: boolean | undefined
  /** How many builds and loads run at once. Default: 4 */
  readonly jobs?: number
  /** How long to wait for a lock before retrying. Default: 3,000 */
  readonly lockTimeoutMilliseconds?: number
  /** How long to wait for another apply of the manifest. Default: 30,000 */
  readonly leaseTimeoutMilliseconds?: number
  /** Who applies, from where, and for which commit: for the history. Default: unknown */
  readonly origin?: Origin
}

export function signalOf({ signal }: CommandOptions): AbortSignal {
  return signal ?? new AbortController().signal
}

export function sourceTimeoutOf({ sourceTimeoutMilliseconds = 10_000 }: SourceOptions): number {
  return sourceTimeoutMilliseconds
}

export function isUnattended({ unattended, approve }: RunningOptions): boolean {
  return unattended ?? approve === undefined
}

/**
 * @param manifest undefined if nothing is loaded
 * @throws FdwsyncError if an option has a value that it cannot have
 */
export function applyOptionsOf(
  options: RunningOptions,
  manifest: Manifest | undefined,
  emit: (event: ApplyEvent) => void,
): ApplyOptions {
  checkOptions(options)
  const { allow = [], jobs = 4, lockTimeoutMilliseconds = 3000, leaseTimeoutMilliseconds = 30_000 } = options
  return {
    allow,
    jobs,
    maxConnections: manifest ? maxConnectionsOf(manifest) : new Map(),
    lockTimeoutMilliseconds,
    leaseTimeoutMilliseconds,
    sourceTimeoutMilliseconds: sourceTimeoutOf(options),
    ...(options.origin ? { origin: options.origin } : {}),
    signal: signalOf(options),
    emit,
  }
}
