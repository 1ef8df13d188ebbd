// How messages of a server become warnings of a plan or a report.

import { expect, test } from 'vitest'
import { isReported, type Notice, type ObjectNotice, warningsOfNotices } from '../../../src/core/notice.ts'
import { keyOf } from '../../../src/core/object.ts'

const notice = (text: string, more: Partial<Notice> = {}): Notice => ({
  severity: 'warning',
  text,
  isRoutine: false,
  isOfFunction: false,
  ...more,
})
const about = (name: string, text: string, more: Partial<Notice> = {}): ObjectNotice => ({
  key: keyOf({ kind: 'server', name }),
  title: `server ${name}`,
  notice: notice(text, more),
})
const messages = (...all: readonly ObjectNotice[]) => warningsOfNotices(all).map(({ message }) => message)

test('a warning has the object, the text and the hint', () => {
  expect(warningsOfNotices([about('a', 'mind this', { hint: 'Look.' })])).toEqual([
    {
      code: 'server/notice',
      key: keyOf({ kind: 'server', name: 'a' }),
      title: 'server a',
      message: 'server a: the server warns: mind this',
      hint: 'Look.',
    },
  ])
})

test.each<[string, readonly ObjectNotice[], readonly string[]]>([
  ['a notice', [about('a', 'x', { severity: 'notice' })], ['server a: the server reports: x']],
  [
    'different texts',
    [about('a', 'x'), about('a', 'y')],
    ['server a: the server warns: x', 'server a: the server warns: y'],
  ],
  [
    'one text about several objects',
    [about('a', 'x'), about('b', 'x'), about('c', 'x')],
    ['server a: the server warns: x (and 2 alike: server b, server c)'],
  ],
  [
    'texts about one object that differ in names',
    ['t', 'u', 'v'].map((name) => about('a', `skipping import for relation "${name}"`, { severity: 'notice' })),
    ['server a: the server reports: skipping import for relation "t" (and 2 alike: u, v)'],
  ],
  [
    'texts that differ in numbers',
    [about('a', 'row 1'), about('a', 'row 2')],
    ['server a: the server warns: row 1 (and 1 alike)'],
  ],
  [
    'many',
    Array.from({ length: 14 }, (_, at) => about(`s${at}`, 'x')),
    [
      'server s0: the server warns: x (and 13 alike: server s1, server s2, server s3, server s4, server s5, server s6, server s7, server s8, server s9, server s10 and 3 more)',
    ],
  ],
])('%s', (_, all, expected) => {
  expect(messages(...all)).toEqual(expected)
})

test('routine notices are not passed on, and warnings always are', () => {
  const routine = { isRoutine: true }
  expect(isReported(notice('x', { ...routine, severity: 'notice' }))).toBe(false)
  expect(isReported(notice('x', { severity: 'notice' }))).toBe(true)
  expect(isReported(notice('x', routine))).toBe(true)
})
