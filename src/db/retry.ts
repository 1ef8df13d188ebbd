// Retries work that failed because of a concurrent session.

import { setTimeout as wait } from 'node:timers/promises'
import { isTransient } from './database-error.ts'

export interface RetryPolicy {
  /** The maximum number of attempts, including the first. */
  readonly attempts: number
  /** The maximum pause before the second attempt. It doubles with each attempt, up to one second. */
  readonly pauseMilliseconds: number
  onRetry(error: Error, attempt: number): void
}

/** Retries after transient errors. The pauses are random, so that two sessions that collided do not collide again. */
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
