// The lines of progress on standard error while an apply or a refresh runs.

import type { ChalkInstance } from 'chalk'
import type { ApplyEvent } from '../../core/event.ts'
import { oneLine } from '../../core/printable.ts'
import { counted, durationText } from './layout.ts'

/** Undefined if the event needs no line. Definitions of a stage share one transaction, and so one line. */
export function renderEvent(
  event: ApplyEvent,
  style: ChalkInstance,
  verb: 'loading' | 'refreshing' = 'loading',
): string | undefined {
  switch (event.type) {
    case 'waiting-for-lease':
      return style.yellow(`waiting for ${oneLine(event.holder)}`)
    case 'stage-started':
      return stageLine(event, style, verb)
    case 'retrying':
      return style.yellow(`retrying (attempt ${event.attempt}): ${oneLine(event.reason)}`)
    case 'warning':
      return style.yellow(`warning: ${oneLine(event.reason)}`)
    case 'step-started':
      return style.dim(`${event.stage === 'build' ? 'building' : verb} ${oneLine(event.title)}`)
    case 'progress':
      return progressLine(event, style)
    case 'step-finished':
      if (event.stage === 'define' || event.stage === 'prepare' || event.outcome.status !== 'applied') return undefined
      return style.dim(`finished ${oneLine(event.title)} in ${durationText(event.outcome.milliseconds)}`)
  }
}

/** `shop.orders: 41 s, about 60 %, 27 s left`. */
function progressLine(event: Extract<ApplyEvent, { type: 'progress' }>, style: ChalkInstance): string {
  const { title, milliseconds, lastMilliseconds = 0, index, rows, waitsFor } = event
  const left = lastMilliseconds - milliseconds
  const parts = [
    durationText(milliseconds),
    ...(left > 0 ? [`about ${Math.round((100 * milliseconds) / lastMilliseconds)} %, ${durationText(left)} left`] : []),
    ...(index === undefined
      ? []
      : [`building index ${oneLine(index)}${rows === undefined ? '' : `, ${rows.toLocaleString('en')} rows so far`}`]),
  ]
  const line = `${oneLine(title)}: ${parts.join(', ')}`
  return waitsFor === undefined ? style.dim(line) : style.yellow(`${line}, waiting for a lock of ${oneLine(waitsFor)}`)
}

function stageLine(
  { stage, steps, objects }: Extract<ApplyEvent, { type: 'stage-started' }>,
  style: ChalkInstance,
  verb: string,
): string | undefined {
  // A stage without steps only records in the ledger what was prepared.
  if (steps === 0 || stage === 'build') return undefined
  if (stage === 'populate') return style.dim(`${verb}: ${counted(objects, 'object')}; those that take long are listed`)
  return style.dim(`${stage === 'define' ? 'defining' : 'preparing'}: ${counted(objects, 'object')} in one transaction`)
}
