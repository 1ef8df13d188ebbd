// The comparison of what is wanted with what exists, object by object.

import { describe, expect, test } from 'vitest'
import type { LiveObject, WantedObject } from '../../../src/core/change.ts'
import { type Key, keyOf } from '../../../src/core/object.ts'
import { type DiffInput, diff, refuseTakenNames } from '../../../src/differ/diff.ts'
import { createRunDigests } from '../../../src/introspector/digests.ts'
import { indexTable } from '../kinds/index-kind.ts'
import { materializedViewTable } from '../kinds/materialized-view.ts'
import {
  changeText,
  copy,
  entry,
  type Fixture,
  index,
  ledger,
  live,
  liveState,
  mapping,
  recorded,
  retyped,
  retypedCopy,
  schema,
  server,
  shop,
  table,
  wantedState,
} from './objects.ts'

const orders = table('orders')
const sales = copy('sales', [orders])
const digests = createRunDigests()
const nothing = ledger([])

/** Changes, refusals, undetermined objects and warnings as texts; `unchanged` as a number. */
function diffOf(
  wanted: ReadonlyMap<Key, WantedObject>,
  exists: ReadonlyMap<Key, LiveObject>,
  known = nothing,
  more: Partial<DiffInput> = {},
): readonly (string | number)[] {
  const reading = { live: exists, occupied: new Map() }
  const found = diff({
    wanted,
    declared: new Set(wanted.keys()),
    reading,
    ledger: known,
    digests,
    takeOver: false,
    ...more,
  })
  const reports = [...found.refusals, ...found.undetermined].map(({ code, title }) => `${code} ${title}`)
  return [
    ...found.changes.map(changeText),
    ...reports,
    ...found.warnings.map(({ code }) => `warning ${code}`),
    ...(found.unchanged > 0 ? [found.unchanged] : []),
  ]
}

describe('a declared object', () => {
  const commented = table('orders', shop, { comment: 'new' })
  const rows: readonly (readonly [string, readonly (string | number)[], readonly (string | number)[]])[] = [
    ['that is missing is created', diffOf(wantedState(orders), liveState()), ['create foreign table s.orders']],
    ['that is as recorded needs nothing', diffOf(wantedState(orders), liveState(orders), recorded(orders)), [1]],
    [
      'that nobody owns is adopted if it is equal',
      diffOf(wantedState(orders), liveState(orders)),
      ['adopt foreign table s.orders'],
    ],
    [
      'that was recreated since is adopted',
      diffOf(wantedState(orders), liveState(orders), ledger([entry(orders, { oid: 4_000 })])),
      ['adopt foreign table s.orders'],
    ],
    [
      'whose declaration changed without a difference is adopted',
      diffOf(wantedState(orders), liveState(orders), ledger([entry(orders, { declared: commented.spec })])),
      ['adopt foreign table s.orders'],
    ],
    [
      'is not adopted while ownership is unknown',
      diffOf(wantedState(orders), liveState(orders), {
        ...nothing,
        unreadable: { code: 'ledger/unreadable', message: 'm', hint: 'h' },
      }),
      [1],
    ],
    [
      'that differs is altered',
      diffOf(wantedState(commented), liveState(orders), recorded(orders)),
      ['alter foreign table s.orders: comment'],
    ],
    [
      'without data is dropped and recreated if it cannot be altered',
      diffOf(wantedState(table('orders', server('archive'))), liveState(orders), recorded(orders)),
      ['replace foreign table s.orders, drop-and-create: server'],
    ],
    [
      'with data is built beside the old one if it cannot be altered',
      diffOf(wantedState(copy('sales', [orders], retypedCopy('bigint'))), liveState(sales), recorded(sales)),
      ['replace materialized view s.sales, beside: query'],
    ],
    [
      'without its data is altered',
      diffOf(wantedState(sales), liveState(copy('sales', [orders], { populated: false })), recorded(sales)),
      ['alter materialized view s.sales: populated'],
    ],
    [
      'that another manifest owns is refused',
      diffOf(wantedState(orders), liveState(orders), ledger([], { otherOwners: new Map([[orders.key, ['theirs']]]) })),
      ['object/owned-elsewhere foreign table s.orders'],
    ],
    [
      'that another manifest owns is taken over on request',
      diffOf(wantedState(orders), liveState(orders), ledger([], { otherOwners: new Map([[orders.key, ['theirs']]]) }), {
        takeOver: true,
      }),
      ['adopt foreign table s.orders'],
    ],
    [
      'that can be shared has several owners',
      diffOf(wantedState(schema('s')), liveState(schema('s')), {
        ...recorded(schema('s')),
        otherOwners: new Map([[schema('s').key, ['theirs']]]),
      }),
      [1],
    ],
  ]
  test.each(rows)('%s', (_title, found, expected) => {
    expect(found).toEqual(expected)
  })
})

describe('an object that is no longer declared', () => {
  const owned = (object: Fixture, more = {}) => ledger([entry(object, more)])
  const shared = schema('s')
  const theirs = new Map([[shared.key, ['theirs']]])
  test.each([
    ['is dropped', diffOf(new Map(), liveState(orders), owned(orders)), ['drop foreign table s.orders']],
    [
      'is dropped even if it was adopted, unless it can be shared',
      diffOf(new Map(), liveState(orders), owned(orders, { createdByFdwsync: false })),
      ['drop foreign table s.orders'],
    ],
    [
      'is released if it no longer exists',
      diffOf(new Map(), liveState(), owned(orders)),
      ['release: it no longer exists'],
    ],
    ['is dropped if it can be shared', diffOf(new Map(), liveState(shared), owned(shared)), ['drop schema s']],
    [
      'is released if it can be shared and existed before',
      diffOf(new Map(), liveState(shared), owned(shared, { createdByFdwsync: false })),
      ['release: it existed before fdwsync'],
    ],
    [
      'is released if another manifest declares it too',
      diffOf(new Map(), liveState(shared), { ...owned(shared), otherOwners: theirs }),
      ['release: the manifest "theirs" declares it too'],
    ],
    [
      'is released for that reason also if the other one created it',
      diffOf(new Map(), liveState(shared), { ...owned(shared, { createdByFdwsync: false }), otherOwners: theirs }),
      ['release: the manifest "theirs" declares it too'],
    ],
    [
      'stays if it is declared but undetermined',
      diffOf(new Map(), liveState(orders), owned(orders), { declared: new Set([orders.key]) }),
      [],
    ],
  ])('%s', (_title, found, expected) => {
    expect(found).toEqual(expected)
  })
})

describe('an object with hidden options', () => {
  const hidden = mapping(shop, { options: { user: 'app' } })
  const exists = new Map([[hidden.key, live({ ...hidden, spec: { options: null } })]])
  test('is undetermined if it is not recorded', () => {
    expect(diffOf(wantedState(hidden), exists)).toEqual(['object/hidden-options user mapping for app on shop'])
  })
  test('is unchanged, with a warning, if its declaration is the recorded one', () => {
    expect(diffOf(wantedState(hidden), exists, recorded(hidden))).toEqual(['warning object/hidden-options', 1])
  })
  test('is replaced if its declaration changed', () => {
    const before = mapping(shop, { options: { user: 'other' } })
    expect(diffOf(wantedState(hidden), exists, recorded(before))).toEqual([
      'replace user mapping for app on shop, drop-and-create: options',
    ])
  })
})

describe('a renamed object', () => {
  const old = { kind: 'foreignTable', schema: 's', name: 'old' } as const
  const renamed = (more: Partial<LiveObject> = {}) =>
    new Map([[orders.key, live(orders, { renamedFrom: old, elsewhere: old, ...more })]])
  const fieldsOf = (exists: ReadonlyMap<Key, LiveObject>) =>
    diff({
      wanted: wantedState(orders),
      declared: new Set(),
      reading: { live: exists, occupied: new Map() },
      ledger: recorded(orders),
      digests,
      takeOver: false,
    }).changes.flatMap((change) => ('fields' in change ? change.fields : []))

  test('is renamed back', () => {
    expect(fieldsOf(renamed())).toEqual([{ field: 'name', from: 's.old', to: 's.orders', effect: { how: 'rename' } }])
  })
  test('is renamed by the manifest', () => {
    expect(fieldsOf(renamed({ isRenamedByManifest: true }))).toMatchObject([{ field: 'name', cause: 'manifest' }])
  })
  test('has its columns renamed by the manifest', () => {
    const columns = new Map([['b', 'a']])
    expect(fieldsOf(new Map([[orders.key, live(orders, { renamedColumns: columns })]]))).toEqual([
      { field: 'column a name', from: 'b', to: 'a', effect: { how: 'rename' }, changesRows: true, cause: 'manifest' },
    ])
  })
})

test('a query that only names a renamed object is no difference, as long as its raw definition is the recorded one', () => {
  const shown = copy('sales', [orders], { query: 'SELECT renamed' })
  const exists = (digest: string) => new Map([[sales.key, live(shown, { digest, readsRenamed: true })]])
  const known = ledger([entry(sales, { digest: 'same' })])
  expect(diffOf(wantedState(sales), exists('same'), known)).toEqual([1])
  expect(diffOf(wantedState(sales), exists('other'), known)).toEqual([
    'replace materialized view s.sales, beside: query',
  ])
})

test('an index shows the new name of a column once the plan has renamed it in its view', () => {
  const [column] = materializedViewTable.spec.columns
  const renamed = copy('sales', [orders], {
    query: 'SELECT a AS b',
    queryUnderLiveNames: 'SELECT a',
    columns: [{ ...column, name: 'b' }],
  })
  const [before, after] = [
    index('i', sales),
    index('i', renamed, { columns: [{ ...indexTable.spec.columns[0], column: 'b' }] }),
  ]
  expect(diffOf(wantedState(renamed, after), liveState(sales, before), recorded(renamed, after))).toEqual([
    'alter materialized view s.sales: column names',
    1,
  ])
})

test('names that objects of another kind have are refused', () => {
  const occupied = new Map([
    [keyOf(orders.id), 'index'],
    [keyOf(sales.id), 'view'],
  ])
  const titles = new Map([
    [orders.key, 'foreign table s.orders'],
    [sales.key, 'materialized view s.sales'],
  ])
  expect(
    refuseTakenNames({ occupied }, titles, new Set(), () => false).map(({ title, reason }) => `${title}: ${reason}`),
  ).toEqual([
    'foreign table s.orders: an index with that name already exists',
    'materialized view s.sales: a view with that name already exists',
  ])
  const [ofManifest, ofMirror] = refuseTakenNames({ occupied }, titles, new Set([sales.key]), () => false)
  expect(ofManifest?.hint).toContain('Rename one of the two')
  expect(ofMirror?.hint).toContain('except: [sales]')
})

test('a table with another column type is altered, and its readers keep the column from being changed', () => {
  const changed = table('orders', shop, retyped('bigint'))
  const { changes } = diff({
    wanted: wantedState(changed),
    declared: new Set([orders.key]),
    reading: { live: liveState(orders), occupied: new Map() },
    ledger: recorded(orders),
    digests,
    takeOver: false,
  })
  expect(changes).toMatchObject([{ op: 'alter', fields: [{ field: 'column a type', blockedByUseOf: 'a' }] }])
})
