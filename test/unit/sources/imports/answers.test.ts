// What a manifest requests and its source does not have.

import { expect, test } from 'vitest'
import { type Answer, emptyAnswer, requestErrors } from '../../../../src/sources/imports/answers.ts'
import { head, read } from '../../manifest/reading.ts'

const table = { server: 's' } as never // only the names of tables matter here
const answered: Answer = {
  ...emptyAnswer,
  tables: new Map([['orders', table]]),
  failed: new Map([['places', { reason: 'type public.geometry does not exist here', hint: 'Declare it.' }]]),
}

async function problemsOf(more: string, answer: Answer | undefined) {
  const { requests } = await read(`${head}schemas: { p: { imports: [{ server: s, remote_schema: r, ${more} }] } }\n`)
  return requests.flatMap((request) =>
    requestErrors(request, answer).map(({ path, problem }) => [path.slice(4).join('.'), problem.message]),
  )
}

test.each<[string, string, Answer | undefined, readonly (readonly [string, string])[]]>([
  ['everything exists', 'limit_to: [orders]', answered, []],
  ['no answer', 'limit_to: [nope]', undefined, []],
  [
    'a source that could not be asked',
    'limit_to: [nope]',
    { status: 'unanswered', code: 'source/unreachable', reason: '', hint: '' },
    [],
  ],
  [
    'a table does not exist',
    'limit_to: [orders, nope]',
    answered,
    [['limit_to.1', 'the source has no table "nope" in schema "r"']],
  ],
  [
    'a table cannot be imported',
    'limit_to: [places]',
    answered,
    [['limit_to.0', 'the table "places" cannot be imported: type public.geometry does not exist here']],
  ],
  ['a table that cannot be imported, but was not named', '', answered, []],
  [
    'a table that is kept as it was last applied',
    'limit_to: [orders], tables: { orders: {} }',
    { ...answered, tables: new Map(), kept: new Map([['orders', { reason: '', hint: '' }]]) },
    [],
  ],
  [
    'an entry for a table that is not imported',
    'tables: { nope: {} }',
    answered,
    [['tables.nope', 'no table "nope" is imported: the source does not have it, or it is excluded']],
  ],
  [
    'no such schema',
    '',
    { status: 'rejected', reason: 'schema "r" is not present', hint: '' },
    [['remote_schema', 'import of schema "r" of server s into schema p: schema "r" is not present']],
  ],
  [
    'an unsupported key',
    'types: copy',
    { status: 'rejected', key: 'types', reason: 'no', hint: '' },
    [['types', 'import of schema "r" of server s into schema p: no']],
  ],
])('%s', async (_, more, answer, expected) => {
  expect(await problemsOf(more, answer)).toEqual(expected)
})
