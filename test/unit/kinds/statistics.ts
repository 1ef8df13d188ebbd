// Extended statistics.
import { type StatisticsSpec, statistics } from '../../../src/kinds/statistics.ts'
import { ownerRows } from './access.ts'
import { commentRows } from './rows.ts'
import { type KindTable, nothing } from './table.ts'

const name = 'STATISTICS shop.stats'
const allKinds = ['ndistinct', 'dependencies', 'mcv'] as const

export const statisticsTable: KindTable<StatisticsSpec> = {
  kind: statistics,
  id: { kind: 'statistics', schema: 'shop', name: 'stats' },
  spec: {
    on: { kind: 'materializedView', schema: 'shop', name: 'orders' },
    columns: ['a', 'b'],
    expressions: [],
    kinds: allKinds,
    target: null,
    comment: '',
    owner: 'alice',
    ownedByCurrentRole: false,
  },
  compare: {
    on: [
      [
        {},
        { on: { kind: 'materializedView', schema: 'shop', name: 'items' } },
        'on: shop.orders → shop.items',
        'replace',
      ],
    ],
    columns: [
      [{}, { columns: ['a', 'Case'] }, 'columns: a, b → "Case", a', 'replace'],
      [{}, { columns: ['b', 'a'] }, nothing, 'the order has no meaning'],
    ],
    expressionsUnderLiveNames: [
      [
        { expressions: ['(old + 1)'] },
        { expressions: ['(new + 1)'], expressionsUnderLiveNames: ['(old + 1)'] },
        nothing,
        'only a column of the view is renamed',
      ],
    ],
    expressions: [
      [{}, { expressions: ['lower(a)'] }, 'expressions: none → lower(a)', 'replace'],
      [{ expressions: ['x', 'y'] }, { expressions: ['y', 'x'] }, nothing, 'the order has no meaning'],
    ],
    kinds: [[{}, { kinds: ['mcv'] }, 'kinds: ndistinct, dependencies, mcv → mcv', 'replace']],
    target: [
      [{}, { target: 100 }, 'target: none → 100', `ALTER ${name} SET STATISTICS 100`],
      [{ target: 100 }, {}, 'target: 100 → none', `ALTER ${name} SET STATISTICS -1`],
      [{ target: 100 }, { target: undefined }, nothing, 'not declared'],
    ],
    comment: commentRows(name),
    ...ownerRows(name, name, ''),
  },
  settle: { target: [100, 50, null], comment: ['new', 'live', ''], owner: ['bob', 'alice', null] },
  roundTrips: {
    definition: 'statistics',
    unwritten: {},
    manifest: { schemas: { shop: { materialized_views: { orders: { query: 'SELECT 1 AS a, 2 AS b' } } } } },
    stanzas: [
      [{ columns: ['a', 'b'] }, { kinds: allKinds }],
      [{ columns: ['a'], expressions: ['lower(b)'], kinds: ['mcv'], target: 100, owner: 'bob', comment: 'c' }],
      [{ expressions: ['a + b'] }, { expressions: ['(a + b)'] }],
    ],
  },
}
