// The estimate of a plan's locks.

import { expect, test } from 'vitest'
import type { PlainStep, ReplaceStep, Step } from '../../../../src/core/plan.ts'
import { locksNeeded } from '../../../../src/differ/steps/locks.ts'
import { copy, type Fixture, table } from '../objects.ts'

const base = { after: [], locks: [], hazards: [], statements: [], title: '' }
const [orders, sales] = [table('orders'), copy('sales')]

const step = ({ key }: Fixture, action: PlainStep['action'], stage: PlainStep['stage'] = 'define'): PlainStep => ({
  ...base,
  id: `${stage} ${key}`,
  stage,
  action,
  key,
})

const replacement = ({ key }: Fixture): ReplaceStep => {
  const swap = { out: [], in: [] }
  const member = {
    key,
    title: '',
    scratch: 'x',
    path: 'manifest',
    statements: [],
    load: [],
    children: [],
    swap,
  } as const
  return {
    ...base,
    id: 'r',
    stage: 'build',
    action: 'replace',
    key,
    members: [{ ...member, repoints: [], hazards: [] }],
  }
}

const without = locksNeeded([])

test.each<[string, readonly Step[], number]>([
  ['nothing but the ledger', [], 0],
  ['what a kind takes to create', [step(sales, 'create')], 4],
  ['what a kind takes to drop', [step(sales, 'drop')], 8],
  ['all definitions together', [step(orders, 'drop'), step(orders, 'create'), step(sales, 'create')], 6 + 1 + 4],
  ['the largest build alone', [step(sales, 'create', 'build'), replacement(sales), step(orders, 'create')], 4 + 8],
  ['no loads, which are on their own', [step(sales, 'populate', 'populate')], 0],
])('a plan needs locks for %s', (_title, steps, expected) => {
  expect(locksNeeded(steps) - without).toBe(expected)
})
