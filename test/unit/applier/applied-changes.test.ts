// What an apply has done, counted by object.

import { expect, test } from 'vitest'
import { countObjects, countsOfApplied } from '../../../src/applier/applied-changes.ts'
import type { FinishedStep } from '../../../src/applier/finished-step.ts'
import type { Change } from '../../../src/core/change.ts'
import { countsOf, noCounts } from '../../../src/core/counts.ts'
import type { Plan, PlannedChange, Step } from '../../../src/core/plan.ts'
import { statement, trusted } from '../../../src/core/sql.ts'
import { adopt, alter, copy, create, drop, type Fixture, field, index, replace, table } from '../differ/objects.ts'

const orders = table('orders')
const sales = copy('sales', [orders])
const byId = index('by_id', sales)

function step(stage: Step['stage'], action: 'create' | 'alter' | 'drop' | 'populate', { key }: Fixture): Step {
  const id = `${stage} ${action} ${key}`
  return { id, stage, key, title: key, action, after: [], locks: [], hazards: [], statements: [] }
}

const load = [statement(trusted('REFRESH'))]
const replacing = ({ key }: Fixture): Step => ({
  id: `build ${key}`,
  stage: 'build',
  key,
  title: key,
  action: 'replace',
  after: [],
  locks: [],
  hazards: [],
  members: [
    {
      key,
      title: key,
      scratch: 's',
      path: 'manifest',
      statements: [],
      load,
      children: [],
      swap: { out: [], in: [] },
      repoints: [],
      hazards: [],
    },
  ],
})

function planOf(changes: readonly Change[], steps: readonly Step[]) {
  // Only these two are counted.
  return { changes: changes.map((change) => ({ change }) as PlannedChange), steps } as unknown as Plan
}

/** The counts of what was planned, then of what was applied, where the steps with these numbers failed. */
function counted(changes: readonly Change[], steps: readonly Step[], failed: readonly number[] = []) {
  const finished = steps.map(
    (each, at): FinishedStep => [
      each,
      failed.includes(at) ? { status: 'failed', reason: 'r' } : { status: 'applied', milliseconds: 1 },
    ],
  )
  const plan = planOf(changes, steps)
  const nonZero = (counts: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
  return [nonZero(countsOf(plan)), nonZero(countsOfApplied(plan, finished)), countObjects(plan, steps)]
}

test.each([
  [
    'an object created and loaded',
    counted([create(sales)], [step('define', 'create', sales), step('populate', 'populate', sales)]),
    { create: 1, load: 1 },
    1,
  ],
  [
    'an object dropped and created again',
    counted([replace(orders, 'drop-and-create')], [step('define', 'drop', orders), step('define', 'create', orders)]),
    { replace: 1 },
    1,
  ],
  [
    'an index dropped with its view',
    counted([drop(sales), drop(byId)], [step('define', 'drop', sales)]),
    { drop: 2 },
    2,
  ],
  [
    'an index created on a replacement',
    counted([replace(sales, 'beside'), create(byId)], [replacing(sales)]),
    { replace: 1, create: 1, load: 1 },
    2,
  ],
  [
    'a view that is only loaded',
    counted([alter(sales, [field('populated', 'populate')])], [step('populate', 'populate', sales)]),
    { alter: 1, load: 1 },
    1,
  ],
  ['a change that takes no step', counted([alter(orders, []), adopt(sales)], []), { alter: 1, adopt: 1 }, 0],
])('%s counts the same before and after', (_title, found, expected, objects) => {
  expect(found).toEqual([expected, expected, objects])
})

test.each([
  [
    'a view that was not loaded was created',
    counted([create(sales)], [step('define', 'create', sales), step('populate', 'populate', sales)], [1])[1],
    { create: 1 },
  ],
  [
    'an object is replaced once it is created again',
    counted(
      [replace(orders, 'drop-and-create')],
      [step('define', 'drop', orders), step('define', 'create', orders)],
      [1],
    )[1],
    {},
  ],
  [
    'what was not replaced has no new index',
    counted([replace(sales, 'beside'), create(byId)], [replacing(sales)], [0])[1],
    {},
  ],
  [
    'nothing is recorded without the definitions',
    counted([create(orders), adopt(sales)], [step('define', 'create', orders)], [0])[1],
    {},
  ],
])('%s', (_title, found, expected) => {
  expect(found).toEqual(expected)
})

test('an empty plan', () => {
  expect(countsOf(planOf([], []))).toEqual(noCounts)
})
