// Entries that are alike become one, in the place of the first.

import { expect, test } from 'vitest'
import { foldAlike } from '../../../../src/render/text/fold.ts'

const options = { verbose: false }
const sizesOf = (items: readonly number[], likenessOf: (item: number) => string | undefined) =>
  foldAlike(items, likenessOf, options).map(([first, ...others]) => [first, others.length])

const items = Array.from({ length: 12 }, (_, at) => at)

test.each<[string, (item: number) => string | undefined, readonly (readonly [number, number])[]]>([
  ['all are alike', () => 'alike', [[0, 11]]],
  ['none has a likeness', () => undefined, items.map((item) => [item, 0])],
  ['few are alike', (item) => (item < 2 ? 'alike' : String(item)), items.map((item) => [item, 0])],
  [
    'two kinds',
    (item) => (item % 2 === 0 ? 'even' : 'odd'),
    [
      [0, 5],
      [1, 5],
    ],
  ],
  [
    'one apart',
    (item) => (item === 3 ? undefined : 'alike'),
    [
      [0, 10],
      [3, 0],
    ],
  ],
])('%s', (_case, likenessOf, entries) => {
  expect(sizesOf(items, likenessOf)).toEqual(entries)
})

test('a plan of hundreds of thousands of entries that are alike is folded', () => {
  const many = Array.from({ length: 400_000 }, (_, at) => at)
  expect(sizesOf(many, () => 'alike')).toEqual([[0, many.length - 1]])
})
