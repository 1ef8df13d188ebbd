// The outcome of a step that ended with an error.

import { expect, test } from 'vitest'
import { FdwsyncError } from '../../../src/core/errors.ts'
import { keyOf } from '../../../src/core/object.ts'
import { Secret } from '../../../src/core/secret.ts'
import { DatabaseError } from '../../../src/db/database-error.ts'
import { CommitOutcomeUnknown } from '../../../src/loader/commit-watchdog.ts'
import { MemberFailure, outcomeOfError } from '../../../src/loader/failure.ts'

const secrets = [new Secret('hunter2')]
const key = keyOf({ kind: 'materializedView', schema: 'local', name: 'orders' })

const serverError = (fields: object) => new DatabaseError({ message: 'failed', code: 'XX000', ...fields }, [])

test.each<[string, Error, object]>([
  ['an error of the server', serverError({}), { status: 'failed', reason: 'failed' }],
  [
    'its detail on one line, and its hint',
    serverError({ detail: 'view a\nview b\n', hint: 'Drop them.' }),
    { status: 'failed', reason: 'failed (view a; view b)', hint: 'Drop them.' },
  ],
  [
    'an error of the source',
    serverError({ where: 'remote SQL command: SELECT id FROM public.orders' }),
    { status: 'failed', reason: 'the source reports: failed' },
  ],
  [
    'no secrets',
    serverError({ message: 'bad password hunter2', detail: 'hunter2' }),
    { status: 'failed', reason: 'bad password (secret) ((secret))' },
  ],
  [
    'a function that a function does not find: the path is the likely cause, not its types',
    serverError({
      message: 'function h(integer) does not exist',
      code: '42883',
      hint: 'You might need to add explicit type casts.',
      where: 'PL/pgSQL function f.k(integer) line 1 at RETURN',
    }),
    { status: 'failed', reason: 'function h(integer) does not exist', hint: expect.stringContaining('search_path') },
  ],
  [
    'not of a function of fdwsync itself, which runs the SQL of an owner',
    serverError({
      message: 'column "x" does not exist',
      code: '42703',
      where: 'PL/pgSQL function pg_temp_3.fdwsync_load() line 12 at SQL statement',
    }),
    { status: 'failed', reason: 'column "x" does not exist' },
  ],
  [
    'a value that is not of the type of its column: which column',
    serverError({ message: 'invalid input', code: '22P02', where: 'column "a b" of foreign table "t"\nSQL statement' }),
    {
      status: 'failed',
      reason: 'column "a b" of foreign table t: invalid input',
      hint: 'Declare the column with the type that it has at the source.',
    },
  ],
  ...[
    { message: 'invalid input value for enum k.mood: "x"', code: '22P02' },
    { message: 'value for domain k.zip violates check constraint "zip_check"', code: '23514' },
  ].map((fields): [string, Error, object] => [
    `a type that differs from that of the source: ${fields.message}`,
    serverError({ ...fields, where: 'column "a" of foreign table "t"\nSQL statement' }),
    {
      status: 'failed',
      reason: `column a of foreign table t: ${fields.message}`,
      hint: expect.stringContaining('plan names what keeps it from following the source'),
    },
  ]),
  [
    'one object of several that are replaced together',
    new MemberFailure(key, serverError({})),
    { status: 'failed', reason: 'failed', of: key },
  ],
  [
    'an error of fdwsync, with its hint',
    new FdwsyncError({ code: 'source/unreachable', message: 'no answer', hint: 'Try later.' }),
    { status: 'failed', reason: 'no answer', hint: 'Try later.' },
  ],
  [
    'a COMMIT whose outcome is unknown',
    new CommitOutcomeUnknown({ code: 'plan/unknown-outcome', message: 'lost' }),
    { status: 'in-doubt', reason: 'lost' },
  ],
])('%s', (_, error, outcome) => {
  expect(outcomeOfError(error, secrets)).toEqual(outcome)
})

test('a bug is not hidden in an outcome', () => {
  expect(() => outcomeOfError(new TypeError('x is not a function'), [])).toThrow(TypeError)
})
