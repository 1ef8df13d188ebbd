// What a plan reports of findings.

import { expect, test } from 'vitest'
import { FdwsyncError, formatProblem } from '../../../src/core/errors.ts'
import type { ProbeFinding } from '../../../src/core/finding.ts'
import { parseManifest } from '../../../src/manifest/parse.ts'
import {
  refuseUncreatable,
  throwProblems,
  undeterminedFindings,
  unknownOwnership,
} from '../../../src/planner/findings.ts'
import { ledger, liveState, table } from '../differ/objects.ts'

const orders = table('orders')
const titles = new Map([[orders.key, 'foreign table s.orders']])
const finding = (status: ProbeFinding['status']): ProbeFinding => ({
  code: 'server/rejected',
  key: orders.key,
  status,
  reason: 'type "nosuch" does not exist',
  hint: '',
})

async function thrownBy(findings: readonly ProbeFinding[], causes: Parameters<typeof throwProblems>[2] = []) {
  const text =
    'version: 1\nname: shop\nschemas: { s: { foreign_tables: { orders: { server: a, columns: { a: nosuch } } } } }\n'
  const expanded = await parseManifest('shop.yaml', Buffer.from(text), {
    env: () => undefined,
    file: () => ({ reason: 'there are no files', hint: '' }),
  })
  const declared = [{ ...orders, path: ['schemas', 's', 'foreign_tables', 'orders'] }]
  const context = { declared, resolved: { expanded } as Parameters<typeof throwProblems>[0]['resolved'] } // all that it reads
  try {
    throwProblems(context, findings, causes)
  } catch (error) {
    return error instanceof FdwsyncError ? error.problems : []
  }
  return []
}

test('problems end the plan, with their code and place', async () => {
  const [problem] = await thrownBy([finding('problem')])
  expect(problem).toMatchObject({ code: 'server/rejected', place: { file: 'shop.yaml', line: 3 } })
  expect(problem && formatProblem(problem)).toContain('foreign table s.orders: type "nosuch" does not exist')
})

test('what could not be imported comes first, since it may be the cause', async () => {
  const cause = {
    code: 'source/unreachable',
    key: orders.key,
    title: 'import',
    reason: 'no answer',
    hint: 'h',
  } as const
  expect((await thrownBy([finding('problem')], [cause])).map(({ message }) => message)).toEqual([
    'import: no answer',
    'foreign table s.orders: type "nosuch" does not exist',
  ])
})

test('what is undetermined does not end the plan', async () => {
  expect(await thrownBy([finding('undetermined'), finding('follows')])).toEqual([])
  const undetermined = undeterminedFindings([finding('problem'), finding('undetermined'), finding('follows')], titles)
  expect(undetermined.map(({ title, follows }) => [title, follows])).toEqual([
    ['foreign table s.orders', false],
    ['foreign table s.orders', true],
  ])
})

test('what is undetermined and does not exist cannot be created', () => {
  const [missing, existing] = [liveState(), liveState(orders)].map((live) => ({ live, occupied: new Map() }))
  const refusedIn = (catalog: typeof missing) =>
    catalog ? refuseUncreatable([finding('undetermined'), finding('follows')], catalog, titles).length : undefined
  expect([refusedIn(missing), refusedIn(existing)]).toEqual([1, 0])
})

test('unknown ownership is reported once', () => {
  expect(unknownOwnership(ledger([]))).toEqual([])
  const unreadable = { code: 'ledger/unreadable', message: 'no SELECT', hint: 'Grant it.' } as const
  expect(unknownOwnership(ledger([], { unreadable }))).toMatchObject([
    { code: 'ledger/unreadable', title: 'ownership', reason: 'not known, so nothing is dropped or adopted: no SELECT' },
  ])
})
