// The topological order: ties, cycles, long chains.

import { describe, expect, test } from 'vitest'
import { topologicalOrder } from '../../../src/core/graph.ts'

describe('topologicalOrder', () => {
  const order = (needs: Readonly<Record<string, readonly string[]>>) =>
    topologicalOrder(
      Object.keys(needs),
      (id) => id,
      (id) => needs[id] ?? [],
    ).join('')
  test.each([
    [{ a: [], b: [], c: [] }, 'abc'],
    [{ a: ['c'], b: [], c: ['b'] }, 'bca'],
    [{ a: ['elsewhere'], b: ['a'] }, 'ab'],
    [{ a: ['b'], b: ['a'] }, 'ba'],
  ])('%j', (needs, expected) => expect(order(needs)).toBe(expected))

  test('does not overflow the stack on a chain of 100,000', () => {
    const length = 100_000
    const ids = Array.from({ length }, (_, id) => id)
    const ordered = topologicalOrder(
      ids,
      (id) => id,
      (id) => (id + 1 < length ? [id + 1] : []),
    )
    expect(ordered).toEqual(ids.reverse())
  })
})
