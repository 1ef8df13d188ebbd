// How the function writes a duration in a reason. The command's counterpart is in core/duration.ts.

/** An expression of type text: `12 min`. */
export function roughDuration(seconds: string): string {
  return `(SELECT concat(round(of.seconds / units.seconds), ' ', unit)
             FROM (SELECT ${seconds}) AS of(seconds), (VALUES (86400, 'd'), (3600, 'h'), (60, 'min'), (1, 's'), (0.001, 'ms')) AS units(seconds, unit)
            WHERE of.seconds >= units.seconds OR unit = 'ms' ORDER BY units.seconds DESC LIMIT 1)`
}
