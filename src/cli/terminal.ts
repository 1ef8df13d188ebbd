// The terminal that the commands write to, and what they print there.

import { Chalk, type ChalkInstance, supportsColor, supportsColorStderr } from 'chalk'
import type { ApplyEvent } from '../core/event.ts'
import type { RenderOptions } from '../render/format.ts'
import { renderEvent } from '../render/text/events.ts'
import { oneLine } from '../render/text/layout.ts'

/** How to render what goes to standard output. */
export function renderOptions(): RenderOptions {
  return { style: styleOf('stdout'), columns: process.stdout.columns || 80 }
}

/** Colour is for terminals only, and NO_COLOR turns it off. */
export function styleOf(stream: 'stdout' | 'stderr'): ChalkInstance {
  const level = stream === 'stdout' ? supportsColor : supportsColorStderr
  return new Chalk({ level: process.env.NO_COLOR || !process[stream].isTTY || !level ? 0 : level.level })
}

export function printEvent(event: ApplyEvent, verb?: 'loading' | 'refreshing'): void {
  const line = renderEvent(event, styleOf('stderr'), verb)
  if (line !== undefined) process.stderr.write(`${line}\n`)
}

export function printWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`warning: ${oneLine(warning)}\n`)
}
