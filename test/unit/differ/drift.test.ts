// Plans reduced to their drift.

import { expect, test } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import type { Plan, PlannedChange } from '../../../src/core/plan.ts'
import { onlyDrift } from '../../../src/differ/drift.ts'
import { titleOf } from '../../../src/kinds/registry.ts'
import {
  adopt,
  alter,
  changeText,
  copy,
  create,
  drop,
  type Fixture,
  field,
  recorded,
  replace,
  shop,
  table,
} from './objects.ts'

const [orders, items] = [table('orders'), table('items')]
const sales = copy('sales', [orders])

function planned(object: Fixture, change: Change, more: Partial<PlannedChange> = {}): PlannedChange {
  const hazards = [{ name: 'drops-data', detail: 'it holds data' }] as const
  const rest = { summary: '', details: [], beside: false, because: [], takenFrom: [], cause: undefined }
  return { change, title: titleOf(object.id), hazards, ...rest, ...more }
}

function driftIn(...changes: readonly PlannedChange[]): Plan {
  const database = { name: 'd', serverVersion: '18', user: 'u' }
  const empty = { steps: [], refusals: [], undetermined: [], warnings: [], unchanged: 0 }
  const plan = { manifest: 'm', searchPath: [], database, fingerprint: '', changes, ...empty }
  return onlyDrift(plan, recorded(orders, items, sales, shop))
}

const drifted = field('comment', 'clause', { cause: 'drift' })
const edited = field('option a', 'clause', { cause: 'manifest' })

test.each([
  ['an alteration that drifted', planned(orders, alter(orders, [drifted])), ['alter foreign table s.orders: comment']],
  ['an alteration of unknown cause', planned(orders, alter(orders, [field('x')])), ['alter foreign table s.orders: x']],
  ['an edit', planned(orders, alter(orders, [edited])), []],
  [
    'only the fields that drifted',
    planned(orders, alter(orders, [drifted, edited])),
    ['alter foreign table s.orders: comment'],
  ],
  [
    'a replacement by an edit, with other fields that drifted, as an alteration',
    planned(
      orders,
      replace(orders, 'drop-and-create', orders, [drifted, field('server', 'replace', { cause: 'manifest' })]),
    ),
    ['alter foreign table s.orders: comment'],
  ],
  ['what was dropped', planned(orders, create(orders), { cause: 'drift' }), ['create foreign table s.orders']],
  [
    'what was dropped, and edited',
    planned(orders, create(orders), { cause: 'both', causes: ['manifest', 'drift'] }),
    ['create foreign table s.orders'],
  ],
  ['what is new', planned(table('new'), create(table('new'))), []],
  ['a drop', planned(orders, drop(orders), { cause: 'manifest' }), []],
])('shows %s', (_title, change, expected) => {
  expect(driftIn(change).changes.map((each) => changeText(each.change))).toEqual(expected)
})

test('what depends on drift is shown with it, and what depends on an edit is not', () => {
  const query = [field('query', 'replace', { cause: 'dependency' })]
  const because = (title: string) => ({ cause: 'dependency', because: [title] }) as const
  const changes = [
    planned(orders, alter(orders, [drifted])),
    planned(items, alter(items, [edited])),
    planned(sales, replace(sales, 'beside', sales, query), because('foreign table s.orders')),
    planned(items, replace(items, 'beside', items, query), because('foreign table s.items')),
  ]
  expect(driftIn(...changes).changes.map(({ title }) => title)).toEqual([
    'foreign table s.orders',
    'materialized view s.sales',
  ])
})

test('the changes that are left out are counted, but not those that only write in the ledger', () => {
  const changes = [planned(orders, alter(orders, [edited])), planned(shop, adopt(shop))]
  expect(driftIn(...changes)).toMatchObject({ changes: [], leftOut: 1 })
})

test('hazards of a whole change are not those of a part of it', () => {
  expect(driftIn(planned(orders, alter(orders, [drifted]))).changes[0]?.hazards).toHaveLength(1)
  expect(driftIn(planned(orders, alter(orders, [drifted, edited]))).changes[0]?.hazards).toEqual([])
})
