// Durations on the command line.

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, m: 60_000, h: 3_600_000 }

/** `500ms`, `3s`, `2min`, `1h`, or a number of milliseconds, as in PostgreSQL's settings. Undefined for anything else. */
export function durationMilliseconds(text: string): number | undefined {
  const [, amount, unit = 'ms'] = /^(\d{1,9})\s*(ms|s|min|m|h)?$/.exec(text.trim()) ?? []
  const factor = units[unit]
  return amount === undefined || factor === undefined ? undefined : Number(amount) * factor
}
