// `--events`: writes what happens during an apply or a refresh as JSON, one document on a line, as schemas/event.schema.json describes.

import { openSync, writeSync } from 'node:fs'
import { usageError } from '../core/errors.ts'
import type { ApplyEvent } from '../core/event.ts'
import { fileFailure } from '../core/file-failure.ts'
import { eventJson } from '../render/json/event.ts'
import { jsonLine } from '../render/json/json-text.ts'
import { printCommands, printMessage } from './output.ts'
import { printRendered } from './terminal.ts'

/** The path that means standard output. The report is then printed on standard error. */
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

/** Prints a report on the stream that the events do not use. */
export function printReport(text: string, { events }: EventsFlag): void {
  if (events === standardOutput) printMessage(text)
  else printRendered(text)
}

/**
 * Each line is written at once, so that another process can follow the file. If writing fails, the run goes on without it: a full
 * disk must not hide the report.
 */
function fileWriter(path: string): (line: string) => void {
  let file: number | undefined = openFile(path)
  return (line) => {
    if (file === undefined) return
    try {
      writeSync(file, line)
    } catch (error) {
      file = undefined
      printMessage(`warning: --events ${path}: no more events are written: ${fileFailure(error)}\n`)
    }
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'w')
  } catch (error) {
    throw usageError(`--events ${path}: the file cannot be written: ${fileFailure(error)}`)
  }
}
