// Durations, as PostgreSQL writes them.

import { expect, test } from 'vitest'
import { durationMilliseconds } from '../../../src/cli/duration.ts'
import { formatDuration, parseDuration } from '../../../src/core/duration.ts'

test.each([
  ['500ms', 500, '500ms'],
  ['90s', 90_000, '90s'],
  ['120 s', 120_000, '2min'],
  [' 15min ', 900_000, '15min'],
  ['1.5h', 5_400_000, '90min'],
  ['24h', 86_400_000, '1d'],
  ['0s', 0, '0d'],
])('"%s" is %d milliseconds', (text, milliseconds, formatted) => {
  expect(parseDuration(text)).toBe(milliseconds)
  expect(formatDuration(milliseconds)).toBe(formatted)
})

test.each([
  '',
  '15',
  '15m',
  '15 minutes',
  '-1s',
  '1H',
  '1h 30min',
  'none',
  '1e3s',
  '1.2345s',
])('"%s" is no duration of a manifest', (text) => expect(parseDuration(text)).toBeUndefined())

test.each([
  ['100', 100],
  ['2m', 120_000],
  ['2min', 120_000],
  ['500ms', 500],
  ['soon', undefined],
])('on the command line "%s" is %s', (text, milliseconds) => expect(durationMilliseconds(text)).toBe(milliseconds))
