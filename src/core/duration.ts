// Durations, as PostgreSQL writes them in its settings.

const units = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A regular expression for durations, which PostgreSQL understands as well. */
const durationPattern = '^ *([0-9]{1,9}(?:[.][0-9]{1,3})?) *(ms|s|min|h|d) *$'

/** The same, or 0 without a unit. */
export const durationOrZeroPattern = `^ *0 *$|${durationPattern}`

/** `500ms`, `90s`, `15min`, `1.5h`, `1d`. Undefined for anything else, also for a number without a unit. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = new RegExp(durationPattern).exec(text) ?? []
  const factor = Object.entries(units).find(([name]) => name === unit)?.[1]
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor)
}

/** The duration in the largest unit that expresses it as a whole number. */
export function formatDuration(milliseconds: number): string {
  const [unit, factor] = Object.entries(units).findLast(([, size]) => milliseconds % size === 0) ?? ['ms', 1]
  return `${milliseconds / factor}${unit}`
}

/** The duration in one unit, for texts: `12 min`. */
export function roughDuration(milliseconds: number): string {
  const [unit, factor] = Object.entries(units).findLast(([, size]) => milliseconds >= size) ?? ['ms', 1]
  return `${Math.round(milliseconds / factor)} ${unit}`
}
