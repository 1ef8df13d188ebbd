// How many rows share a digest.

import { expect, test } from 'vitest'
import { changedRows, chooseBlockSize } from '../../../src/loader/strategies/block-size.ts'

const sizeFor = (count: number, width: number, changed?: number) =>
  chooseBlockSize({ count, width, widthBeside: 0, changed })

test.each([
  ['nothing known: changes may be scattered', 100_000, 140, undefined, 7],
  ['nothing changed', 100_000, 140, 0, 17],
  ['nothing changed in many rows: large blocks first', 2_000_000, 140, 0, 31, 1954],
  ['1 % scattered', 100_000, 140, 0.01, 5],
  ['1 % scattered in many rows: fewer blocks, since they do not fit into memory', 2_000_000, 140, 0.01, 12],
  ['10 % scattered: small blocks', 100_000, 140, 0.1, 2],
  ['wide rows: blocks are expensive to read', 1000, 14_000, 0.01, 1],
] as const)('%s', (_, count, width, changed, rows, first?: number) => {
  const size = sizeFor(count, width, changed)
  expect(size).toMatchObject({ rows })
  expect('large' in size && size.large?.areFirst ? size.large.rows : undefined).toBe(first)
})

test('columns that the source cannot digest show single rows that differ, so no block is large', () => {
  expect(chooseBlockSize({ count: 2_000_000, width: 140, widthBeside: 10, changed: 0 })).toEqual({ rows: 31 })
})

test('where most rows change, all are read', () => {
  expect(sizeFor(100_000, 140, 0.8)).toEqual({ reason: expect.stringContaining('80 %') })
})

test('changes that are close together count as fewer, so that blocks stay large', () => {
  expect(changedRows(0.01, 20)).toBeCloseTo(0.0005, 4)
  expect(changedRows(0.182, 20)).toBeCloseTo(0.01, 3)
  expect(changedRows(0, 20)).toBe(0)
})
