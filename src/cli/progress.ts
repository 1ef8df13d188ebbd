// Prints the progress of an apply or a refresh on standard error.

import type { ApplyEvent } from '../core/event.ts'
import type { Key } from '../core/object.ts'
import { eventJson } from '../render/json/event.ts'
import { renderEvent } from '../render/text/events.ts'
import { maxListed } from '../render/text/objects.ts'
import { eventLog } from './log.ts'
import { printMessage } from './output.ts'
import { styleOf, type TextFlags } from './terminal.ts'

/** Of many steps only those are listed that take longer. */
const longMilliseconds = 2000

/** A function for all events of one run. */
export function progressPrinter(
  { verbose = false }: TextFlags,
  verb: 'loading' | 'refreshing' = 'loading',
): (event: ApplyEvent) => void {
  const log = eventLog()
  if (log) return (event) => log(eventJson(event, new Date()))
  const style = styleOf('stderr')
  const announcements = new Map<Key, NodeJS.Timeout>()
  const warnings = new Set<string>()
  let listsAll = true
  const isDue = progressIntervals()
  const print = (event: ApplyEvent) => {
    const line = renderEvent(event, style, verb)
    if (line !== undefined) printMessage(`${line}\n`, style.level > 0)
  }

  return (event) => {
    switch (event.type) {
      case 'stage-started':
        if (event.stage !== 'populate') return print(event)
        listsAll = verbose || event.steps <= maxListed
        return listsAll ? undefined : print(event)
      case 'step-started': {
        if (listsAll) return print(event)
        const announce = () => {
          announcements.delete(event.key)
          print(event)
        }
        announcements.set(event.key, setTimeout(announce, longMilliseconds).unref())
        return
      }
      case 'step-finished': {
        const announcement = announcements.get(event.key)
        announcements.delete(event.key)
        clearTimeout(announcement)
        // The report of a refresh lists how each view ended.
        return announcement === undefined && verb === 'loading' ? print(event) : undefined
      }
      case 'progress':
        return isDue(event) ? print(event) : undefined
      case 'warning':
        // One cause may concern every step.
        if (!warnings.has(event.reason)) print(event)
        warnings.add(event.reason)
        return
      default:
        return print(event)
    }
  }
}

/** How often the progress of one load is printed: to someone who looks on, or into a log. */
const intervals = { terminal: 10_000, log: 60_000 } as const

/** A wait for a lock is printed at once, and then like everything else. */
function progressIntervals(): (event: Extract<ApplyEvent, { type: 'progress' }>) => boolean {
  const interval = process.stderr.isTTY ? intervals.terminal : intervals.log
  const printed = new Map<Key, { readonly at: number; readonly waits: boolean }>()
  return ({ key, milliseconds, waitsFor }) => {
    const last = printed.get(key)
    const waits = waitsFor !== undefined
    const isDue = milliseconds - (last?.at ?? 0) >= interval || (waits && last?.waits !== true)
    if (isDue || !waits) printed.set(key, { at: isDue ? milliseconds : (last?.at ?? 0), waits })
    return isDue
  }
}
