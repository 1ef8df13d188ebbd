// What is refused because it is protected.

import { expect, test } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import { type ProtectionInput, refuseProtected } from '../../../src/differ/protection.ts'
import {
  alter,
  copy,
  drop,
  type Fixture,
  field,
  index,
  ledger,
  live,
  liveState,
  recorded,
  replace,
  wanted,
  wantedState,
} from './objects.ts'

const protect = { protect: true }
const sales = copy('sales')
const guarded = copy('sales', [], protect)
const onSales = index('i', sales)

function refused(
  change: Change,
  declared: readonly Fixture[],
  more: Partial<ProtectionInput> = {},
  exists: readonly Fixture[] = [sales],
): readonly string[] {
  const changes = [change]
  return refuseProtected({
    changes,
    wanted: wantedState(...declared),
    live: liveState(...exists),
    ledger: ledger([]),
    ...more,
  }).map(({ title, reason }) => `${title}: ${reason}`)
}

const dropped = ['materialized view s.sales: it is protected, and would be dropped']
const replaced = ['materialized view s.sales: it is protected, and would be replaced: x']

test.each([
  ['what is not protected', refused(drop(sales), []), []],
  ['a drop, by what was applied last', refused(drop(sales), [], { ledger: recorded(guarded) }), dropped],
  [
    'a drop, by the declaration of another manifest',
    refused(drop(sales), [], { ledger: ledger([], { protectedByOthers: new Set([sales.key]) }) }),
    dropped,
  ],
  ['a replacement, by its declaration', refused(replace(sales, 'beside'), [guarded]), replaced],
  [
    'a replacement whose declaration no longer protects it, by what was applied last',
    refused(replace(sales, 'beside'), [sales], { ledger: recorded(guarded) }),
    replaced,
  ],
  [
    'the child of what is replaced',
    refused(replace(sales, 'beside'), [sales, index('i', sales, protect)], {}, [sales, onSales]),
    ['index s.i: it is protected, and would be recreated with materialized view s.sales'],
  ],
  [
    'a child that moves from what is dropped',
    refused(
      {
        op: 'create',
        key: onSales.key,
        to: wanted(onSales),
        instead: { ...onSales, oid: 1, catalog: 'pg_class', digest: null, locked: false },
      },
      [],
      { ledger: recorded(index('i', sales, protect)) },
      [onSales],
    ),
    ['index s.i: it is protected, and would be dropped with its parent'],
  ],
  [
    'what has left its name',
    refused(
      { op: 'drop', key: copy('aside').key, from: live(copy('aside')), formerly: { id: sales.id, takenBy: sales.key } },
      [],
      { ledger: recorded(guarded) },
    ),
    dropped,
  ],
  ['no alteration', refused(alter(sales, [field('x')]), [guarded]), []],
  ['nothing that no longer exists', refused(drop(sales), [guarded], {}, []), []],
])('protects: %s', (_title, found, expected) => {
  expect(found).toEqual(expected)
})

test('a child that has a change of its own is refused once', () => {
  const changes = [replace(sales, 'beside'), drop(onSales)]
  const known = {
    live: liveState(sales, onSales),
    wanted: wantedState(sales),
    ledger: recorded(index('i', sales, protect)),
  }
  expect(refuseProtected({ changes, ...known }).map(({ title }) => title)).toEqual(['index s.i'])
})

test('the hint depends on whether it is declared', () => {
  const hintOf = (declared: readonly Fixture[]) =>
    refuseProtected({
      changes: [replace(sales, 'beside')],
      wanted: wantedState(...declared),
      live: liveState(sales),
      ledger: recorded(guarded),
    })[0]?.hint
  expect(hintOf([guarded])).toMatch(/^Keep it as it is; or set protect: false/)
  expect(hintOf([])).toMatch(/^Declare it as it was. To let it go, set protect: false/)
})
