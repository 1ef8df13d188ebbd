// Long lists that differ are shown by the items that do.

import { expect, test } from 'vitest'
import { listDifference } from '../../../../src/render/text/lists.ts'

const rest = 'b text, c numeric(10,2), d "A, b", e integer'

test.each([
  ['a retyped column', `a int, ${rest}`, `a bigint, ${rest}`, [{ from: 'a int', to: 'a bigint' }]],
  ['an added column', rest, `${rest}, f int`, [{ from: undefined, to: 'f int' }]],
  ['a removed column', `${rest}, f int`, rest, [{ from: 'f int', to: undefined }]],
  [
    'a column with another name',
    `"a, x" int, ${rest}`,
    `"a, y" int, ${rest}`,
    [
      { from: '"a, x" int', to: undefined },
      { from: undefined, to: '"a, y" int' },
    ],
  ],
  ['a precision', rest, rest.replace('10,2', '12,2'), undefined],
  [
    'a precision in a longer list',
    `a int, ${rest}`,
    `a int, ${rest.replace('10,2', '12,2')}`,
    [{ from: 'c numeric(10,2)', to: 'c numeric(12,2)' }],
  ],
  ['an order', `a int, ${rest}`, `${rest}, a int`, undefined],
  ['an order and a type', `a int, ${rest}`, `${rest}, a bigint`, [{ from: 'a int', to: 'a bigint' }]],
  [
    'values',
    "('a', 'b, (', 'c''d', E'\\\\', 'e')",
    "('a', 'b, (', 'c''d', E'\\\\', 'e', 'f')",
    [{ from: undefined, to: "'f'" }],
  ],
  ['short lists', 'a int', 'a bigint', undefined],
  ['equal items in lists that differ otherwise', 'a, b, c, d, e', 'a, b, c, d, e', undefined],
])('%s', (_, from, to, changes) => {
  expect(listDifference(from, to)?.changes).toEqual(changes)
})
