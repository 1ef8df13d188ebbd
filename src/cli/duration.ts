// Durations on the command line.

import { parseDuration } from '../core/duration.ts'

/** A duration as in a manifest, or a number of milliseconds. `2m` is two minutes. Undefined for anything else. */
export function durationMilliseconds(text: string): number | undefined {
  const trimmed = text.trim()
  if (/^\d+$/.test(trimmed)) return parseDuration(`${trimmed}ms`)
  return parseDuration(trimmed.replace(/m$/, 'min'))
}
