// Retries a load that failed for a reason that may soon be gone.

import { setTimeout as wait } from 'node:timers/promises'
import { isConnectionLost, isDatabaseError, isTransient } from '../db/database-error.ts'
import { throwIfInterrupted } from '../db/interruption.ts'
import { isPermanent, isSourceError, sourceErrorText } from '../sources/source-error.ts'
import { isBusy, MemberFailure, ReplacedMeanwhile } from './failure.ts'

const attempts = 4
const pauseMilliseconds = 500

interface LoadRetries {
  readonly signal: AbortSignal
  onRetry(reason: string, attempt: number): void
}

/**
 * Repeats a load after a serialization failure, a deadlock, a swap by another refresh, a lost connection to the target or to a source,
 * or if one of them has too many connections. What a source will refuse again, such as a wrong password, is not repeated, nor is a load
 * whose outcome is unknown. The pauses double, and are random, so that loads that collided do not collide again.
 */
export async function withLoadRetries<T>({ signal, onRetry }: LoadRetries, load: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await load()
    } catch (error) {
      if (attempt === attempts || !mayPass(error)) throw error
      throwIfInterrupted(signal)
      onRetry(reasonOf(error), attempt + 1)
      const pause = pauseMilliseconds * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
      await wait(pause, undefined, { signal }).catch(() => throwIfInterrupted(signal))
    }
  }
}

/** connection_exception, and the SQLSTATEs with which a server ends connections or refuses new ones. */
const lostOrRefused = /^(08...|57P0[123]|53300)$/

function mayPass(error: unknown): boolean {
  if (error instanceof MemberFailure) return mayPass(error.cause)
  if (isConnectionLost(error) || isBusy(error) || error instanceof ReplacedMeanwhile) return true
  if (!isDatabaseError(error)) return false
  return isTransient(error) || (lostOrRefused.test(error.sqlstate) && !isPermanent(error))
}

function reasonOf(error: unknown): string {
  if (error instanceof MemberFailure) return reasonOf(error.cause)
  if (isDatabaseError(error) && isSourceError(error)) return sourceErrorText(error)
  return error instanceof Error ? error.message : String(error)
}
