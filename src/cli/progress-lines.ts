// What both ways to print progress share: see progress.ts.

import type { ApplyEvent } from '../core/event.ts'

export interface Progress {
  /** For all events of one run. */
  print(event: ApplyEvent): void
  /** Removes what is shown of steps that have not ended. */
  end(): void
}

/** Among many steps, only those that take longer are listed. */
export const longMilliseconds = 2000

export function isLong({ outcome }: Extract<ApplyEvent, { type: 'step-finished' }>): boolean {
  return outcome.status === 'applied' && outcome.milliseconds >= longMilliseconds
}
