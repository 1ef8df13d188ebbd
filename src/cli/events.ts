// `--events`: writes what happens during an apply or a refresh as JSON, one document on a line, as schemas/event.schema.json describes.

import { openSync, writeSync } from 'node:fs'
import { usageError } from '../core/errors.ts'
import type { ApplyEvent } from '../core/event.ts'
import { eventJson } from '../render/json/event.ts'
import { jsonLine } from '../render/json/json-text.ts'
import { printCommands, printMessage } from './output.ts'
import { printRendered } from './terminal.ts'

/** Standard output. Then the report is on standard error. */
const standardOutput = '-'

export interface EventsFlag {
  readonly events?: string
}

/** @throws FdwsyncError if the file cannot be created */
export function eventWriter({ events }: EventsFlag): (event: ApplyEvent) => void {
  if (events === undefined) return () => {}
  const write = events === standardOutput ? printCommands : fileWriter(events)
  return (event) => write(jsonLine(eventJson(event, new Date())))
}

/** Prints a report where it is not among the events. */
export function printReport(text: string, { events }: EventsFlag): void {
  if (events === standardOutput) printMessage(text)
  else printRendered(text)
}

/** Each line is written at once, so that another process can follow the file. */
function fileWriter(path: string): (line: string) => void {
  try {
    const file = openSync(path, 'w')
    return (line) => void writeSync(file, line)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw usageError(`--events ${path}: the file cannot be written: ${reason}`)
  }
}
