// Checks the refresh policies of a manifest: durations, schedules, and whether the strategies fit.

import { type CronMistake, type CronSchedule, parseCron } from '../../core/cron-schedule.ts'
import { parseDuration } from '../../core/duration.ts'
import { noDefault } from '../../core/refresh-policy.ts'
import { never, type WatermarkStanza } from '../../core/watermark.ts'
import type { Manifest } from '../manifest.ts'
import { atValue, type PathProblem } from './path-problem.ts'
import { strategyProblems } from './refresh-strategies.ts'
import { refreshStanzas } from './walk.ts'

export function refreshPolicyProblems(manifest: Manifest): readonly PathProblem[] {
  return [...valueProblems(manifest), ...strategyProblems(manifest)]
}

function valueProblems(manifest: Manifest): readonly PathProblem[] {
  return refreshStanzas(manifest).flatMap(({ path, stanza }): readonly PathProblem[] => {
    const check = (
      key: 'max_age' | 'timeout' | 'schedule' | 'group',
      mistakeIn: (value: string) => Mistake | undefined,
    ) => {
      const value = stanza[key]
      if (value === undefined || value === noDefault || value.includes('${')) return []
      const mistake = mistakeIn(value)
      return mistake ? [atValue([...path, key], { code: 'manifest/invalid-value', ...mistake })] : []
    }
    return [
      ...check('max_age', (value) => durationMistake('max_age', value)),
      ...check('timeout', (value) => durationMistake('timeout', value)),
      ...check('schedule', scheduleMistake),
      ...watermarkMistakes(stanza.watermark).map(([key, mistake]) =>
        atValue([...path, 'watermark', key], { code: 'manifest/invalid-value', ...mistake }),
      ),
      ...check('group', (value) => (value.trim() === '' ? { message: '"group" must not be empty' } : undefined)),
    ]
  })
}

interface Mistake {
  readonly message: string
  readonly hint?: string
}

/** Whether an overlap fits the type of its column is found when it is used. */
function watermarkMistakes(
  watermark: WatermarkStanza | undefined,
): readonly (readonly [key: 'deletes' | 'full', mistake: Mistake])[] {
  return (['deletes', 'full'] as const).flatMap((key) => {
    const value = watermark?.[key]
    if (typeof value !== 'string' || value === never || value.includes('${')) return []
    const mistake = durationMistake(key, value)
    return mistake ? [[key, { message: mistake.message, hint: 'Write a duration such as 1d, or never.' }] as const] : []
  })
}

function durationMistake(key: string, value: string): Mistake | undefined {
  const milliseconds = parseDuration(value)
  if (milliseconds === undefined) {
    const hint = /\d *m$/.test(value)
      ? `Write minutes as PostgreSQL does: ${value}in.`
      : 'Write a number with a unit of PostgreSQL (ms, s, min, h, d), or none.'
    return { message: `"${key}" must be a duration such as 90s, 15min, 1h or 1d, not "${value}"`, hint }
  }
  return milliseconds > 0 ? undefined : { message: `"${key}" must be longer than 0`, hint: 'Write none for no limit.' }
}

function scheduleMistake(value: string): Mistake | undefined {
  const parsed = parseCron(value)
  if (!isMistake(parsed)) return undefined
  const hint = 'Write it as for pg_cron: "*/15 * * * *", @daily or "30 seconds"; or none.'
  return { message: `invalid schedule "${value}": ${parsed.message}`, hint }
}

function isMistake(parsed: CronSchedule | CronMistake): parsed is CronMistake {
  return 'message' in parsed
}
