// Prints the progress of an apply or a refresh on standard error: on a terminal one line for each running step, redrawn in place;
// elsewhere a line when a step starts and ends, and one from time to time while it takes long.

import type { ApplyEvent } from '../core/event.ts'
import type { Key } from '../core/object.ts'
import { eventJson } from '../render/json/event.ts'
import { renderEvent } from '../render/text/events.ts'
import { maxListed } from '../render/text/objects.ts'
import { liveProgress } from './live-progress.ts'
import { eventLog } from './log.ts'
import { hasLiveLines, printMessage } from './output.ts'
import { isLong, longMilliseconds, type Progress } from './progress-lines.ts'
import { styleOf, type TextFlags } from './terminal.ts'

/** How often the progress of one load is printed. */
const intervalMilliseconds = 60_000

export function progressOf({ verbose = false }: TextFlags, verb: 'loading' | 'refreshing'): Progress {
  const log = eventLog()
  if (log) return { print: (event) => log(eventJson(event, new Date())), end: () => {} }
  const printLine = linePrinter(verb)
  return hasLiveLines() ? liveProgress(verb, printLine) : plainProgress(verbose, verb, printLine)
}

function linePrinter(verb: 'loading' | 'refreshing'): (event: ApplyEvent) => void {
  const style = styleOf('stderr')
  const warnings = new Set<string>()
  return (event) => {
    if (event.type === 'warning') {
      // Every step may have the same cause.
      if (warnings.has(event.reason)) return
      warnings.add(event.reason)
    }
    const line = renderEvent(event, style, verb)
    if (line !== undefined) printMessage(`${line}\n`, style.level > 0)
  }
}

function plainProgress(verbose: boolean, verb: 'loading' | 'refreshing', print: (event: ApplyEvent) => void): Progress {
  const announcements = new Map<Key, NodeJS.Timeout>()
  const isDue = progressIntervals()
  let listsAll = true
  return { print: printEvent, end: () => {} }

  function printEvent(event: ApplyEvent) {
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
        if (announcement !== undefined) return
        // Not for a refresh: its report lists how each copy ended.
        return verb === 'loading' || isLong(event) ? print(event) : undefined
      }
      case 'progress':
        return isDue(event) ? print(event) : undefined
      default:
        return print(event)
    }
  }
}

/** A wait for a lock is printed at once, and then like everything else. */
function progressIntervals(): (event: Extract<ApplyEvent, { type: 'progress' }>) => boolean {
  const printed = new Map<Key, { readonly at: number; readonly waits: boolean }>()
  return ({ key, milliseconds, waitsFor }) => {
    const last = printed.get(key)
    const waits = waitsFor !== undefined
    const isDue = milliseconds - (last?.at ?? 0) >= intervalMilliseconds || (waits && last?.waits !== true)
    if (isDue || !waits) printed.set(key, { at: isDue ? milliseconds : (last?.at ?? 0), waits })
    return isDue
  }
}
