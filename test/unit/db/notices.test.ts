// What is kept of the messages of a server.

import { expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { collectNotices } from '../../../src/db/notices.ts'

const raised = {
  severity: 'NOTICE',
  code: '00000',
  message: 'hello',
  file: 'pl_exec.c',
  where: 'PL/pgSQL function f()',
}

test.each<[string, object, object | undefined]>([
  [
    'a notice of a function, without its CONTEXT',
    raised,
    { severity: 'notice', text: 'hello', isRoutine: false, isOfFunction: true },
  ],
  [
    'a warning in another language',
    { severity: 'WARNUNG', code: '01000', message: 'x', detail: 'a\nb', hint: 'h', file: 'option.c' },
    { severity: 'warning', text: 'x (a; b)', hint: 'h', isRoutine: false, isOfFunction: false },
  ],
  [
    'a routine notice of PostgreSQL',
    { severity: 'NOTICE', code: '42P07', message: 'relation "x" already exists, skipping', file: 'parse_utilcmd.c' },
    { severity: 'notice', text: 'relation "x" already exists, skipping', isRoutine: true, isOfFunction: false },
  ],
  [
    'a wrapper that skips a table',
    { severity: 'NOTICE', code: '00000', message: 'skipping import for relation "x"', file: 'mysql_fdw.c' },
    { severity: 'notice', text: 'skipping import for relation "x"', isRoutine: false, isOfFunction: false },
  ],
  ['the state of a transaction', { severity: 'WARNING', code: '25P01', message: 'there is no transaction' }, undefined],
  ['a debug message', { severity: 'DEBUG1', code: '00000', message: 'x' }, undefined],
  [
    'a secret',
    { ...raised, message: 'password is hunter2' },
    { severity: 'notice', text: 'password is (secret)', isRoutine: false, isOfFunction: true },
  ],
])('%s', (_, message, expected) => {
  const notices = collectNotices([new Secret('hunter2')])
  notices.add(message)
  expect(notices.take()).toEqual(expected ? [expected] : [])
})

test('each text once, no more than a few hundred of a severity, and each is taken once', () => {
  const notices = collectNotices([])
  for (let at = 0; at < 10_000; at++) notices.add({ ...raised, message: `row ${at % 5000}` })
  notices.add({ ...raised, message: 'row 1' })
  // However many notices there are, a warning is not lost.
  notices.add({ ...raised, severity: 'WARNING', code: '01000', message: 'a warning' })
  const taken = notices.take()
  expect([taken.length, taken.at(-1)?.text]).toEqual([201, 'a warning'])
  expect(notices.take()).toEqual([])
})
