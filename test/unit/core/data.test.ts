// Equality and canonical JSON.

import { describe, expect, test } from 'vitest'
import { canonicalJson, sameData } from '../../../src/core/data.ts'

describe('plain data', () => {
  test.each([
    [{ a: 1, b: [1, { c: 2, d: 3 }] }, { b: [1, { d: 3, c: 2 }], a: 1 }, true],
    [{ a: undefined }, {}, true],
    [undefined, null, true],
    [[1, 2], [2, 1], false],
    [{ a: '1' }, { a: 1 }, false],
  ])('%j and %j', (left, right, same) => expect(sameData(left, right)).toBe(same))
  test('keys are sorted at every depth', () =>
    expect(canonicalJson({ b: { d: 1, c: 2 }, a: 0 })).toBe('{"a":0,"b":{"c":2,"d":1}}'))
})
