// What both ways to print progress have in common: see progress.ts.

import type { ApplyEvent } from '../core/event.ts'

export interface Progress {
  /** For all events of one run. */
  print(event: ApplyEvent): void
  /** Removes what is shown of steps that have not ended. */
  end(): void
}

/** Of many steps only those are listed that take longer. */
export const longMilliseconds = 2000

export function isLong({ outcome }: Extract<ApplyEvent, { type: 'step-finished' }>): boolean {
  return outcome.status === 'applied' && outcome.milliseconds >= longMilliseconds
}
