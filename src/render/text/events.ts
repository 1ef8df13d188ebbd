import type { ChalkInstance } from 'chalk'
import type { ApplyEvent } from '../../core/event.ts'
import { counted, durationText, oneLine } from './layout.ts'

/** A line of progress; undefined for what needs none. Definitions are one transaction a stage, so they are one line. */
export function renderEvent(event: ApplyEvent, { style }: { readonly style: ChalkInstance }): string | undefined {
  switch (event.type) {
    case 'waiting-for-lease':
      return style.yellow(`waiting for another apply: ${oneLine(event.holder)}`)
    case 'stage-started':
      // With nothing to define the transaction only records what was prepared.
      return (event.stage === 'define' || event.stage === 'prepare') && event.steps > 0
        ? style.dim(
            `${event.stage === 'define' ? 'defining' : 'preparing'}: ${counted(event.steps, 'step')} in one transaction`,
          )
        : undefined
    case 'retrying':
      return style.yellow(`trying again (${event.attempt}): ${oneLine(event.reason)}`)
    case 'warning':
      return style.yellow(`warning: ${oneLine(event.reason)}`)
    case 'step-started':
      return style.dim(`${event.stage === 'build' ? 'building' : 'loading'} ${oneLine(event.title)}`)
    case 'step-finished':
      if (event.stage === 'define' || event.stage === 'prepare' || event.outcome.status !== 'applied') return undefined
      return style.dim(`done with ${oneLine(event.title)} in ${durationText(event.outcome.milliseconds)}`)
  }
}
