import { setTimeout as wait } from 'node:timers/promises'
import { isTransient } from './database-error.ts'

export interface RetryPolicy {
  /** How often at most, the first time included. */
  readonly attempts: number
  /** The longest pause before the second attempt; it doubles up to a second. */
  readonly pauseMilliseconds: number
  onRetry(error: Error, attempt: number): void
}

/**
 * Does something again that failed because of another session's work at the same time. The pauses are random, so that
 * two that collided do not collide again.
 */
export async function withRetries<T>(policy: RetryPolicy, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= policy.attempts || !isTransient(error) || !(error instanceof Error)) throw error
      policy.onRetry(error, attempt + 1)
      await wait(Math.random() * Math.min(1000, policy.pauseMilliseconds * 2 ** (attempt - 1)))
    }
  }
}
