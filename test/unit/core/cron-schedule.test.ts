// Schedules of pg_cron: the next run, and what is rejected.

import { expect, test } from 'vitest'
import { nextRun, nextRunIn, parseCron } from '../../../src/core/cron-schedule.ts'

// A Sunday.
const now = '2026-11-29T13:20:30Z'

test.each([
  ['* * * * *', '2026-11-29T13:21'],
  ['*/15 * * * *', '2026-11-29T13:30'],
  ['  20   13  *  * * ', '2026-11-30T13:20'],
  ['10-30/5,2 * * * *', '2026-11-29T13:25'],
  ['0 8-18/2 * * mon-fri', '2026-11-30T08:00'],
  ['0 0 1 * *', '2026-12-01T00:00'],
  ['0 0 $ * *', '2026-11-30T00:00'],
  ['0 0 29 Feb *', '2028-02-29T00:00'],
  ['0 0 * * 7', '2026-12-06T00:00'],
  // Either day is enough, unless one of the two begins with `*`.
  ['0 0 5 * tue', '2026-12-01T00:00'],
  ['0 0 */2 * tue', '2026-12-01T00:00'],
  ['0 0 */2 * wed', '2026-12-09T00:00'],
  ['@daily', '2026-11-30T00:00'],
  ['@weekly', '2026-12-06T00:00'],
  ['@yearly', '2027-01-01T00:00'],
  ['30 seconds', '2026-11-29T13:21'],
  ['@reboot', undefined],
])('"%s" runs next at %s', (text, next) => {
  const schedule = parseCron(text)
  if ('message' in schedule) throw new Error(schedule.message)
  expect(nextRun(schedule, new Date(now))?.toISOString().slice(0, 16)).toBe(next)
})

test.each([
  ['GMT', '0 3 * * *', '2026-11-30T03:00'],
  ['Asia/Kolkata', '0 3 * * *', '2026-11-29T21:30'],
  ['America/New_York', '0 3 * * *', '2026-11-30T08:00'],
  // The clocks change before that.
  ['America/New_York', '0 3 1 4 *', '2027-04-01T07:00'],
  ['America/New_York', '@reboot', undefined],
  ['a zone that is not known here', '0 3 * * *', undefined],
])('in the time zone "%s", "%s" runs next at %s', (zone, text, next) => {
  const schedule = parseCron(text)
  if ('message' in schedule) throw new Error(schedule.message)
  expect(nextRunIn(zone, schedule, new Date(now))?.toISOString().slice(0, 16)).toBe(next)
})

test.each([
  ['', 'it must have five fields (minute, hour, day of the month, month, day of the week)'],
  ['* * * *', 'it must have five fields (minute, hour, day of the month, month, day of the week)'],
  ['* * * * * *', 'it must have five fields (minute, hour, day of the month, month, day of the week)'],
  ['@sometimes', 'it must have five fields (minute, hour, day of the month, month, day of the week)'],
  ['75 * * * *', 'the minute must be from 0 to 59, not 75'],
  ['0 0 0 * *', 'the day of the month must be from 1 to 31, not 0'],
  ['* noon * * *', '"noon" is not valid for the hour'],
  ['30-10 * * * *', 'the minute has the range 30-10, which ends before it begins'],
  ['5/15 * * * *', 'the minute has a step without a range; write 5-59/15'],
  ['*/0 * * * *', '"*/0" is not valid for the minute'],
  ['1-2-3 * * * *', '"1-2-3" is not valid for the minute'],
  ['0 0 31 feb *', 'no date matches it'],
  ['60 seconds', 'an interval must be from 1 to 59 seconds'],
])('"%s" is rejected', (text, message) => expect(parseCron(text)).toEqual({ message }))
