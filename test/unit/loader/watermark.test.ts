// What a refresh by watermark compares, and from which value on it reads.

import { expect, test } from 'vitest'
import { type StrategyState, unknownState } from '../../../src/core/strategy-state.ts'
import { watermarkOf } from '../../../src/core/watermark.ts'
import { scopeOf } from '../../../src/loader/strategies/watermark.ts'
import { watermarkColumn } from '../../../src/loader/strategies/watermark-column.ts'

const hour = 3_600_000
const reached: StrategyState = {
  ...unknownState,
  watermark: { column: 'at', value: '7' },
  keysMillisecondsAgo: 2 * hour,
  allMillisecondsAgo: 30 * hour,
}

test.each<[string, Parameters<typeof watermarkOf>[0], StrategyState, string]>([
  ['nothing is known', { column: 'at' }, unknownState, 'all'],
  ['the watermark was of another column', { column: 'other' }, reached, 'all'],
  ['nothing is due', { column: 'at' }, reached, 'changes'],
  ['keys are due', { column: 'at', deletes: '1h' }, reached, 'keys'],
  ['keys are never due', { column: 'at', deletes: 'never' }, { ...reached, keysMillisecondsAgo: 9e9 }, 'changes'],
  ['rows are marked as deleted', { column: 'at', deletes: { soft: 'gone' } }, reached, 'changes'],
  ['everything is due', { column: 'at', deletes: '1h', full: '1d' }, reached, 'all'],
  ['everything is never due', { column: 'at', full: 'never' }, { ...reached, allMillisecondsAgo: 9e9 }, 'changes'],
])('%s', (_, stanza, state, compared) => {
  expect(scopeOf(watermarkOf(stanza), state).compared).toBe(compared)
})

test('integers stay in their type, so that an index is used, and in its range', () => {
  expect(watermarkColumn('integer')?.before('7', '1000')).toBe("CAST('-993' AS pg_catalog.int4)")
  expect(watermarkColumn('smallint')?.before('-32768', '5')).toBe("CAST('-32768' AS pg_catalog.int2)")
  expect(watermarkColumn('bigint')?.before('9223372036854775807', '7')).toBe(
    "CAST('9223372036854775800' AS pg_catalog.int8)",
  )
})

test.each([
  ['timestamp(3) with time zone', '5', /duration/],
  ['timestamp without time zone', '90s', undefined],
  ['date', '1d', undefined],
  ['integer', '5min', /whole number/],
  ['numeric(10,2)', '0.5', undefined],
])('the overlap of a %s: %s', (type, overlap, mistake) => {
  const found = watermarkColumn(type)?.mistakeIn(overlap)
  if (mistake) expect(found).toMatch(mistake)
  else expect(found).toBeUndefined()
})

test('text is no watermark', () => {
  expect(watermarkColumn('text')).toBeUndefined()
})
