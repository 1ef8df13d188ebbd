// What a refresh by watermark compares.

import { expect, test } from 'vitest'
import { type StrategyState, unknownState } from '../../../src/core/strategy-state.ts'
import { watermarkOf } from '../../../src/core/watermark.ts'
import { scopeOf } from '../../../src/loader/strategies/watermark.ts'

const hour = 3_600_000
const reached: StrategyState = {
  ...unknownState,
  watermark: { column: 'at', value: '7' },
  keysMillisecondsAgo: 2 * hour,
  allMillisecondsAgo: 30 * hour,
}

const marked: StrategyState = { ...reached, watermark: { column: 'at', value: '7', soft: 'gone' } }

test.each<[string, Parameters<typeof watermarkOf>[0], StrategyState, string]>([
  ['nothing is known', { column: 'at' }, unknownState, 'all'],
  ['the watermark was of another column', { column: 'other' }, reached, 'all'],
  ['nothing is due', { column: 'at' }, reached, 'changes'],
  ['keys are due', { column: 'at', deletes: '1h' }, reached, 'keys'],
  ['keys are never due', { column: 'at', deletes: 'never' }, { ...reached, keysMillisecondsAgo: 9e9 }, 'changes'],
  ['rows are marked as deleted', { column: 'at', deletes: { soft: 'gone' } }, marked, 'changes'],
  ['they are marked in another way', { column: 'at', deletes: { soft: 'gone > 1' } }, marked, 'all'],
  ['they are not marked any more', { column: 'at' }, marked, 'all'],
  ['they were not marked before', { column: 'at', deletes: { soft: 'gone' } }, reached, 'all'],
  ['everything is due', { column: 'at', deletes: '1h', full: '1d' }, reached, 'all'],
  ['everything is never due', { column: 'at', full: 'never' }, { ...reached, allMillisecondsAgo: 9e9 }, 'changes'],
])('%s', (_, stanza, state, compared) => {
  expect(scopeOf(watermarkOf(stanza), { state, bytes: 8192 }).compared).toBe(compared)
})
