// How many rows share a digest.

import { expect, test } from 'vitest'
import { changedRows, chooseBlockSize } from '../../../src/loader/strategies/block-size.ts'

const rowsFor = (width: number, changed?: number) => chooseBlockSize({ width, widthBeside: 0, changed })

test.each([
  ['few changes: large blocks', 140, 0, 20],
  ['1 % scattered', 140, 0.01, 6],
  ['10 % scattered: small blocks', 140, 0.1, 2],
  ['wide rows: blocks are expensive to read', 14_000, 0.01, 1],
])('%s', (_, width, changed, rows) => {
  expect(rowsFor(width, changed)).toEqual({ rows })
})

test('where most rows change, all are read', () => {
  expect(rowsFor(140, 0.8)).toEqual({ reason: expect.stringContaining('80 %') })
})

test('changes that are close together count as fewer, so that blocks stay large', () => {
  expect(changedRows({ count: 1000, differ: 10, rows: 20 })).toBeCloseTo(0.0005, 4)
  expect(changedRows({ count: 1000, differ: 182, rows: 20 })).toBeCloseTo(0.01, 3)
  expect(changedRows({ count: 0, differ: 0, rows: 20 })).toBe(0)
})
