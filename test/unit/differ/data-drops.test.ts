// What is dropped last because it may hold data, and what is kept for it until then.

import { expect, test } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import type { Dependent } from '../../../src/core/dependent.ts'
import { addDropsOfKept, dropDataLast, keepWhatIsRead, readsData } from '../../../src/differ/data-drops.ts'
import {
  adopt,
  alter,
  copy,
  create,
  dependent,
  drop,
  field,
  index,
  ledger,
  live,
  recorded,
  replace,
  shop,
  table,
  view,
} from './objects.ts'

const orders = table('orders')
const sales = copy('sales', [orders])
const sums = copy('sums', [sales])
const known = recorded(orders, sales, sums)

/** When each object is dropped, and what is kept: `orders kept`. */
function timing(changes: readonly Change[], dependents: readonly Dependent[] = [], owned = known): readonly string[] {
  return keepWhatIsRead(dropDataLast(changes), { dependents, ledger: owned, suffix: 'abc' }).flatMap((change) => {
    const name = 'from' in change && 'name' in change.from.id ? change.from.id.name : ''
    if (change.op === 'drop') return [`${name} ${change.dropped ?? 'at once'}`]
    return change.op === 'replace' && change.keptAs ? [`${name} kept`] : []
  })
}

const onColumnA = [field('column a type', 'clause', { blockedByUseOf: 'a' })]

test.each([
  ['what holds no data', timing([drop(orders)]), ['orders at once']],
  ['what reads nothing that changes', timing([drop(orders), drop(sales)]), ['orders at once', 'sales last']],
  ['under what is built beside', timing([replace(orders, 'beside'), drop(sales)]), ['orders kept', 'sales last']],
  [
    'under what is built beside, and reads another',
    timing([replace(orders, 'beside'), replace(sales, 'beside'), drop(sums)]),
    ['orders kept', 'sales kept', 'sums last'],
  ],
  ['under what is recreated', timing([replace(orders, 'drop-and-create'), drop(sales)]), ['sales early']],
  [
    'under what is not in the ledger',
    timing([replace(orders, 'beside'), drop(sales)], [], ledger([])),
    ['sales early'],
  ],
  [
    'under an unmanaged view that is recreated',
    timing([replace(view('v', [orders]), 'beside'), drop(copy('sales', [view('v')]))]),
    ['sales early'],
  ],
  [
    'what is read by another that goes early',
    timing([replace(orders, 'drop-and-create'), drop(sales), drop(sums)]),
    ['sales early', 'sums early'],
  ],
  [
    'under an alteration that its use blocks',
    timing([alter(orders, onColumnA), drop(sales)], [dependent(orders, sales, { column: 'a' })]),
    ['sales early'],
  ],
  [
    'under an alteration that its use does not block',
    timing([alter(orders, onColumnA), drop(sales)], [dependent(orders, sales, { column: 'b' })]),
    ['sales last'],
  ],
])('%s', (_title, found, expected) => {
  expect(found).toEqual(expected)
})

test('what is kept is dropped under its temporary name, after what reads it', () => {
  const changes = addDropsOfKept(
    keepWhatIsRead(dropDataLast([replace(orders, 'beside'), drop(sales)]), {
      dependents: [],
      ledger: known,
      suffix: 'abc',
    }),
    new Map([[shop.key, { kind: 'server', name: 'aside' }]]),
  )
  const [replaced, dropped, kept] = changes
  expect(kept).toMatchObject({
    op: 'drop',
    from: { id: { schema: 's', name: `fdwsync_old_abc_${live(orders).oid}` }, needs: ['["server","aside"]'] },
    renamedAsideFor: replaced,
  })
  expect(dropped).toMatchObject({ from: { needs: [kept?.key] } })
})

test.each([
  ['a view that is created', [create(sales)], true],
  ['a view that is not to be loaded', [create(copy('sales', [], { populated: false }))], false],
  ['a view that is loaded for the first time', [alter(sales, [field('populated', 'populate')])], true],
  ['a replacement', [replace(sales, 'beside')], true],
  ['an index of a view that exists', [create(index('i', sales))], true],
  ['an index of a new view', [create(index('i', sums))], false],
  ['definitions', [create(orders), alter(sales, [field('comment')]), drop(sums), adopt(sales)], false],
])('whether data is read: %s', (_title, changes: readonly Change[], expected) => {
  expect(readsData(changes, new Set([sales.key]), true)).toBe(expected)
})

test('without populate, a new view is not loaded', () => {
  expect(readsData([create(sales)], new Set(), false)).toBe(false)
})
