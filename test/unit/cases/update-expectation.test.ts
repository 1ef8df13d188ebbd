// `npm run case NAME -- --update` replaces what differs in expect.yaml, and nothing else of its text.

import { expect, test } from 'vitest'
import type { Comparison } from '../../cases/run-case.ts'
import { updated } from '../../cases/update-expectation.ts'

const text = `# Why the case exists.
plan:
  - create schema a
  - "alter server shop: option host"
keeps: [shop.a, { was: shop.b, is: shop.c }] # the same OIDs
why: [schema a: manifest]
catalog:
  - query: SELECT 1 AS one
    rows: [{ one: 1 }]
  - query: SELECT 2 AS two
    rows:
      - { two: 2 }
error: { exit: 4, messages: [no] }
majors: { from: 15 }
`

const comparison = (key: Comparison['key'], what: string, found: unknown): Comparison[] => [
  { what, ...(key && { key }), expected: undefined, found },
]

test.each<[string, Comparison[], string, string]>([
  [
    'a list in lines',
    comparison('plan', 'the plan', ['drop schema a', 'alter server shop: x, y']),
    '  - create schema a\n  - "alter server shop: option host"\n',
    '  - drop schema a\n  - "alter server shop: x, y"\n',
  ],
  ['a list on one line', comparison('why', 'causes', ['b', 'c: d']), '[schema a: manifest]', '[b, "c: d"]'],
  ['rows on one line', comparison('catalog', 'SELECT 1 AS one', [{ one: null }]), '[{ one: 1 }]', '[{ one: null }]'],
  [
    'rows in lines',
    comparison('catalog', 'SELECT 2 AS two', [{ two: 'x' }, { two: '3' }]),
    '      - { two: 2 }\n',
    '      - { two: x }\n      - { two: "3" }\n',
  ],
  [
    'an error',
    comparison('error', 'the error', { exit: 1, messages: ['3:15: yes'] }),
    '{ exit: 4, messages: [no] }',
    '{ exit: 1, messages: ["3:15: yes"] }',
  ],
])('%s', (_, comparisons, before, after) => {
  expect(text).toContain(before)
  expect(updated(text, comparisons)).toBe(text.replace(before, after))
})

test('what is the same, and what every case expects, leave the text as it is', () => {
  const same: Comparison = { what: 'the plan', key: 'plan', expected: ['a'], found: ['a'] }
  expect(updated(text, [same, ...comparison(undefined, 'a second plan', ['drop schema a'])])).toBe(text)
})

test('a plan where none was expected', () => {
  expect(updated('keeps: [shop.a]\n', comparison('plan', 'the plan', ['drop schema a']))).toBe(
    'plan:\n  - drop schema a\nkeeps: [shop.a]\n',
  )
})
