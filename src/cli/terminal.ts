// The terminal that the commands write to, and what they print there.

import { Chalk, type ChalkInstance, supportsColor, supportsColorStderr } from 'chalk'
import { oneLine } from '../core/printable.ts'
import type { PlanFormat, RenderOptions } from '../render/format.ts'
import { outputWidth, printCommands, printMessage, printResult } from './output.ts'

/** The options of a command for the layout of its text. */
export interface TextFlags {
  readonly width?: number
  readonly verbose?: boolean
}

/** How to render what goes to standard output. */
export function renderOptions({ width, verbose = false }: TextFlags): RenderOptions {
  return { style: styleOf('stdout'), columns: width ?? outputWidth(), verbose }
}

/** Colour is for terminals only, and NO_COLOR turns it off. */
export function styleOf(stream: 'stdout' | 'stderr'): ChalkInstance {
  const level = stream === 'stdout' ? supportsColor : supportsColorStderr
  return new Chalk({ level: process.env.NO_COLOR || !process[stream].isTTY || !level ? 0 : level.level })
}

/** Prints on standard output what a renderer returned for {@link renderOptions}. */
export function printRendered(text: string): void {
  printResult(text, styleOf('stdout').level > 0)
}

/** Prints what a format returned. */
export function printIn({ commandsRunner }: PlanFormat, text: string): void {
  if (commandsRunner) printCommands(text)
  else printRendered(text)
}

export function printWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) printMessage(`warning: ${oneLine(warning)}\n`)
}
