// The watermark of a table: a column that grows with each change of a row at the source, so that only rows from the last value on
// have to be read.

import { formatDuration, parseDuration } from './duration.ts'

export interface Watermark {
  readonly column: string
  /** How far below the highest value a refresh starts: an amount of the column's unit, or a duration. Undefined: the default of its type. */
  readonly overlap?: string
  /** How often all keys are compared, to find rows that are gone. Undefined: never. */
  readonly deletesMilliseconds?: number
  /** A condition on rows that the source has marked as deleted. */
  readonly soft?: string
  /** How often everything is compared. Undefined: never. */
  readonly fullMilliseconds?: number
}

/** `watermark:` in a manifest. */
export type WatermarkStanza = {
  readonly column: string
  readonly overlap?: string | number
  readonly deletes?: string | { readonly soft: string }
  readonly full?: string
}

export const never = 'never'
const standard = { deletes: '1d', full: '7d' } as const

/** The watermark that a valid stanza declares. */
export function watermarkOf({
  column,
  overlap,
  deletes = standard.deletes,
  full = standard.full,
}: WatermarkStanza): Watermark {
  const every = (value: string) => parseDuration(value === never ? '' : value)
  const deletesMilliseconds = typeof deletes === 'string' ? every(deletes) : undefined
  const fullMilliseconds = every(full)
  return {
    column,
    ...(overlap !== undefined && { overlap: String(overlap) }),
    ...(deletesMilliseconds !== undefined && { deletesMilliseconds }),
    ...(typeof deletes === 'object' && { soft: deletes.soft }),
    ...(fullMilliseconds !== undefined && { fullMilliseconds }),
  }
}

/** For plans: `updated_at, overlap 5min, deletes 1d, full 7d`. */
export function watermarkText({ column, overlap, deletesMilliseconds, soft, fullMilliseconds }: Watermark): string {
  const every = (milliseconds: number | undefined) =>
    milliseconds === undefined ? never : formatDuration(milliseconds)
  const parts = [
    column,
    ...(overlap === undefined ? [] : [`overlap ${overlap}`]),
    soft === undefined ? `deletes ${every(deletesMilliseconds)}` : `deletes where ${soft}`,
    `full ${every(fullMilliseconds)}`,
  ]
  return parts.join(', ')
}

/** The inverse of {@link watermarkOf}. */
export function watermarkStanza({
  column,
  overlap,
  deletesMilliseconds,
  soft,
  fullMilliseconds,
}: Watermark): WatermarkStanza {
  const every = (milliseconds: number | undefined) =>
    milliseconds === undefined ? never : formatDuration(milliseconds)
  return {
    column,
    ...(overlap !== undefined && { overlap }),
    deletes: soft === undefined ? every(deletesMilliseconds) : { soft },
    full: every(fullMilliseconds),
  }
}
