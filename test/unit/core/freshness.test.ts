// Whether a copy is fresh: what counts is when its last refresh began.

import { expect, test } from 'vitest'
import { isStale } from '../../../src/core/freshness.ts'

test.each([
  ['without max_age it is never stale', undefined, 1e12, false],
  ['without max_age it is not stale even if it was never loaded', undefined, undefined, false],
  ['never loaded', 60_000, undefined, true],
  ['younger than it may be', 60_000, 59_999, false],
  ['as old as it may be', 60_000, 60_000, true],
  ['older than it may be', 60_000, 60_001, true],
])('%s', (_, maxAgeMilliseconds, millisecondsAgo, stale) => {
  const policy = { strategy: 'auto', ...(maxAgeMilliseconds !== undefined && { maxAgeMilliseconds }) } as const
  expect(
    isStale(
      policy,
      millisecondsAgo === undefined ? undefined : { millisecondsAgo, emptyColumns: [], isEmptied: false },
    ),
  ).toBe(stale)
})

test('a column that no refresh has filled makes it stale at once', () => {
  expect(isStale({ strategy: 'auto' }, { millisecondsAgo: 0, emptyColumns: ['note'], isEmptied: false })).toBe(true)
})
