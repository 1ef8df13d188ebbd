// The steps that run, as lines at the bottom of a terminal that are redrawn as time goes by. Lines that are to stay are printed
// above them.

import type { ApplyEvent } from '../core/event.ts'
import type { Key } from '../core/object.ts'
import { type RunningStep, renderRunning } from '../render/text/events.ts'
import { liveSize, printLive } from './output.ts'
import { isLong, type Progress } from './progress-lines.ts'
import { styleOf } from './terminal.ts'

const everyMilliseconds = 500

interface Started {
  readonly title: string
  readonly started: number
  readonly progress?: RunningStep['progress']
}

/** @param print prints an event as a line that stays */
export function liveProgress(verb: 'loading' | 'refreshing', print: (event: ApplyEvent) => void): Progress {
  const style = styleOf('stderr')
  const running = new Map<Key, Started>()
  let [ended, all] = [0, 0]
  // A step that ends before the first drawing is never shown.
  const timer = setInterval(draw, everyMilliseconds).unref()
  return {
    print: show,
    end() {
      clearInterval(timer)
      printLive([], false)
    },
  }

  function show(event: ApplyEvent) {
    switch (event.type) {
      case 'stage-started':
        ended = 0
        all = event.steps
        return event.stage === 'populate' ? undefined : print(event)
      case 'step-started':
        running.set(event.key, { title: event.title, started: performance.now() })
        return
      case 'progress': {
        const step = running.get(event.key)
        if (step) running.set(event.key, { ...step, progress: event })
        return
      }
      case 'step-finished':
        running.delete(event.key)
        ended += 1
        // Not for a refresh: its report lists how each copy ended.
        return verb === 'loading' && isLong(event) ? print(event) : undefined
      default:
        return print(event)
    }
  }

  function draw(): void {
    const now = performance.now()
    const steps = Array.from(running.values(), ({ started, ...step }) => ({ ...step, milliseconds: now - started }))
    const lines =
      steps.length === 0 ? [] : renderRunning(steps, { steps: ended, of: all }, { style, verb, ...liveSize() })
    printLive(lines, style.level > 0)
  }
}
