// The lines of progress on standard error while an apply or a refresh runs.

import type { ChalkInstance } from 'chalk'
import type { ApplyEvent } from '../../core/event.ts'
import type { Step } from '../../core/plan.ts'
import { oneLine } from '../../core/printable.ts'
import { numberText } from '../../core/some-of.ts'
import { counted, cut, durationText } from './layout.ts'

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
      return style.dim(`${participles[event.action] ?? verb} ${oneLine(event.title)}`)
    case 'progress':
      return progressLine(event, style)
    case 'step-finished':
      if (event.stage === 'define' || event.stage === 'prepare' || event.outcome.status !== 'applied') return undefined
      return style.dim(`finished ${oneLine(event.title)} in ${durationText(event.outcome.milliseconds)}`)
  }
}

/** What a step does, unless it just loads data. */
const participles: Readonly<Partial<Record<Step['action'], string>>> = {
  create: 'creating',
  alter: 'altering',
  replace: 'building',
  drop: 'dropping',
}

/** A running step. */
export interface RunningStep {
  readonly title: string
  readonly milliseconds: number
  /** Its latest progress. */
  readonly progress?: ProgressEvent | undefined
}

type ProgressEvent = Extract<ApplyEvent, { type: 'progress' }>

/** The running steps, each as one line that fits the terminal, below a line that counts those that have ended. */
export function renderRunning(
  running: readonly RunningStep[],
  ended: { readonly steps: number; readonly of: number },
  {
    style,
    columns,
    rows,
    verb,
  }: { style: ChalkInstance; columns: number; rows: number; verb: 'loading' | 'refreshing' },
): readonly string[] {
  const shown = running.slice(0, Math.max(1, rows - 2))
  const lines = shown.map(({ title, milliseconds, progress }) => {
    const name = title.replace(/^(?:materialized view|table) /, '')
    const text = cut(`  ${progressText(name, milliseconds, progress)}`, columns)
    return progress?.waitsFor === undefined ? text : style.yellow(text)
  })
  const more = running.length - shown.length
  const count = `${verb}: ${ended.steps} of ${counted(ended.of, 'step')} done${more === 0 ? '' : `, ${running.length} running`}`
  return ended.of === 1 ? lines : [style.dim(cut(count, columns)), ...lines]
}

function progressLine(event: ProgressEvent, style: ChalkInstance): string {
  const line = progressText(event.title, event.milliseconds, event)
  return event.waitsFor === undefined ? style.dim(line) : style.yellow(line)
}

/** `shop.orders: 41 s, about 60 %, 27 s left`. */
function progressText(title: string, milliseconds: number, progress: Partial<ProgressEvent> = {}): string {
  const { lastMilliseconds = 0, index, rows, waitsFor } = progress
  const left = lastMilliseconds - milliseconds
  const parts = [
    durationText(milliseconds),
    ...(waitsFor === undefined ? [] : [`waiting for a lock of ${oneLine(waitsFor)}`]),
    ...(left > 0 ? [`about ${Math.round((100 * milliseconds) / lastMilliseconds)} %, ${durationText(left)} left`] : []),
    ...(index === undefined
      ? []
      : [`building index ${oneLine(index)}${rows === undefined ? '' : `, ${numberText(rows)} rows so far`}`]),
  ]
  return `${oneLine(title)}: ${parts.join(', ')}`
}

function stageLine(
  { stage, steps, objects }: Extract<ApplyEvent, { type: 'stage-started' }>,
  style: ChalkInstance,
  verb: string,
): string | undefined {
  // A stage without steps only writes to the ledger.
  if (steps === 0 || stage === 'build') return undefined
  if (stage === 'populate') return style.dim(`${verb}: ${counted(objects, 'object')}; those that take long are listed`)
  return style.dim(`${stage === 'define' ? 'defining' : 'preparing'}: ${counted(objects, 'object')} in one transaction`)
}
