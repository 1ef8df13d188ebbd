// Objects that serve on under another name.

import { expect, test } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import type { Dependent } from '../../../src/core/dependent.ts'
import { keyOf } from '../../../src/core/object.ts'
import { renameOldAside } from '../../../src/differ/rename-aside.ts'
import type { Ledger } from '../../../src/ledger/read.ts'
import {
  changeText,
  copy,
  create,
  dependent,
  drop,
  type Fixture,
  index,
  ledger,
  live,
  mapping,
  recorded,
  replace,
  server,
  shop,
  table,
} from './objects.ts'

const app = mapping(shop)
const orders = table('orders')
const sales = copy('sales', [orders])
const other = server('shop', { type: 'other' })
const recreated = [
  replace(shop, 'drop-and-create', other),
  replace(app, 'drop-and-create'),
  replace(orders, 'drop-and-create'),
]
const chain = [dependent(shop, app), dependent(shop, orders), dependent(orders, sales)]

function renamed(changes: readonly Change[], dependents: readonly Dependent[], known: Ledger) {
  return renameOldAside({ changes, dependents, ledger: known, wanted: new Map(), suffix: 'abc' })
}

function resultOf(
  changes: readonly Change[],
  dependents: readonly Dependent[],
  known: readonly Fixture[] = [shop, app, orders, sales],
): readonly string[] {
  return renamed(changes, dependents, recorded(...known)).changes.map(changeText)
}

const inPlace = recreated.map(changeText)

test('a server that is recreated under what is read is renamed aside, with its user mappings', () => {
  const { changes, temporaryNames } = renamed(recreated, chain, recorded(shop, app, orders, sales))
  const name = `fdwsync_old_abc_${live(shop).oid}`
  expect(temporaryNames.get(shop.key)).toEqual({ kind: 'server', name })
  expect(changes.map(changeText)).toEqual([
    `drop server ${name}`,
    'create server shop',
    `drop user mapping for app on ${name}`,
    'create user mapping for app on shop',
    'replace foreign table s.orders, drop-and-create: x',
  ])
  const [dropped, created, droppedMapping] = changes
  expect(dropped).toMatchObject({ renamedAsideFor: { key: shop.key } })
  expect(created).toMatchObject({ renamesAside: { key: shop.key } })
  expect(droppedMapping).toMatchObject({ from: { needs: [dropped?.key] } })
})

test('what has to be renamed back is, before it leaves its name', () => {
  const from = live(shop, { renamedFrom: server('s').id })
  const { changes } = renamed(
    [{ ...replace(shop, 'drop-and-create', other), from }, ...recreated.slice(1)],
    chain,
    recorded(shop, app, orders, sales),
  )
  const [dropped, created] = changes
  expect(dropped).toMatchObject({ op: 'drop' })
  expect(dropped).not.toHaveProperty('from.renamedFrom')
  expect(created).toMatchObject({ op: 'create', renamesAside: { from } })
})

test.each([
  ['nothing reads it', resultOf(recreated, chain.slice(0, 2)), inPlace],
  [
    'what reads it is dropped',
    resultOf([...recreated, drop(sales)], chain),
    [...inPlace, 'drop materialized view s.sales'],
  ],
  ['it is not in the ledger', resultOf(recreated, chain, [app, orders, sales]), inPlace],
  ['its mapping is not in the ledger', resultOf(recreated, chain, [shop, orders, sales]), inPlace],
  [
    'something else depends on it',
    resultOf(recreated, [...chain, dependent(shop, 'foreign table public.theirs')]),
    inPlace,
  ],
  [
    'it is protected',
    renamed(recreated, chain, recorded(server('shop', { protect: true }), app, orders, sales)).changes.map(changeText),
    inPlace,
  ],
  ['there is no ledger', renamed(recreated, chain, ledger([])).changes.map(changeText), inPlace],
])('it is recreated in place if %s', (_title, found, expected) => {
  expect(found).toEqual(expected)
})

const relation = (kind: 'foreignTable' | 'materializedView', name: string) => ({ kind, schema: 's', name }) as const
const moved = table('sales')
const last = { ...drop(sales), dropped: 'last' } as Change
const indexOf = (on: Fixture) => index('i', on)

test('what is dropped last leaves its name to an object of another kind, and its children their parent', () => {
  const { changes, temporaryNames } = renamed(
    [create(moved), last, drop(indexOf(sales))],
    [dependent(orders, sales)],
    recorded(orders, sales),
  )
  const aside = relation('materializedView', `fdwsync_old_abc_${live(sales).oid}`)
  expect(temporaryNames).toEqual(new Map([[sales.key, aside]]))
  expect(changes.slice(1)).toMatchObject([
    { key: keyOf(aside), from: { id: aside }, formerly: { id: sales.id, takenBy: moved.key } },
    { from: { spec: { on: { name: aside.name } } } },
  ])
})

test.each([
  ['it is dropped before that', [create(moved), drop(sales)]],
  ['nothing takes its name', [create(table('other')), last]],
])('it keeps its name if %s', (_title, changes) => {
  expect(renamed(changes, [dependent(orders, sales)], recorded(orders, sales)).changes).toEqual(changes)
})

test('an index that moves away from what is dropped last leaves its name at once', () => {
  const onSums = indexOf(copy('sums'))
  const creation = { ...create(onSums), instead: live(indexOf(sales)) } as Change
  const [moving] = renamed([creation, last], [], recorded(orders, sales)).changes
  expect(moving).toMatchObject({
    displaces: { id: onSums.id, to: { name: `fdwsync_old_abc_${live(indexOf(sales)).oid}` } },
  })
  expect(renamed([creation, drop(sales)], [], recorded(orders, sales)).changes).toEqual([creation, drop(sales)])
})
