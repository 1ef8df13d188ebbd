// The fingerprint of a plan: what makes it another one, and what does not.

import { expect, test } from 'vitest'
import type { LiveObject } from '../../../src/core/change.ts'
import type { Ledger } from '../../../src/ledger/read.ts'
import { fingerprintOf } from '../../../src/planner/fingerprint.ts'
import { copy, entry, ledger, live, mapping, recorded, shop, table } from '../differ/objects.ts'

const orders = table('orders')
const app = mapping(shop, { options: { password: { digest: 'salted' } } })

function fingerprint(
  objects: readonly LiveObject[],
  known: Ledger = recorded(orders),
  occupied: readonly string[] = [],
) {
  const byKey = new Map(objects.map((object) => [keyOf(object), object]))
  return fingerprintOf({
    catalog: { live: byKey, occupied: new Map(occupied.map((what) => [orders.key, what])) },
    ledger: known,
    state: undefined,
  })
}

const keyOf = ({ id }: LiveObject) =>
  id.kind === 'userMapping' ? app.key : id.kind === 'materializedView' ? copy('c').key : orders.key

const before = fingerprint([live(orders)])

test.each([
  ['another OID', fingerprint([live(orders, { oid: 9_999 })])],
  ['another digest', fingerprint([live(orders, { digest: 'other' })])],
  ['another definition', fingerprint([live(table('orders', shop, { comment: 'c' }))])],
  ['another name', fingerprint([live(orders, { elsewhere: table('moved').id })])],
  ['an object more', fingerprint([live(orders), live(copy('c'))])],
  ['an object less', fingerprint([])],
  ['a name that is taken', fingerprint([live(orders)], recorded(orders), ['view'])],
  ['another record in the ledger', fingerprint([live(orders)], ledger([entry(orders, { declared: {} })]))],
  [
    'another owner',
    fingerprint([live(orders)], { ...recorded(orders), otherOwners: new Map([[orders.key, ['theirs']]]) }),
  ],
])('is another one after %s', (_title, after) => {
  expect(after).not.toBe(before)
})

test.each([
  [
    'the only option',
    table('a', shop, { options: { digest: 'md5' } }),
    table('a', shop, { options: { digest: 'sha' } }),
  ],
  [
    'the only column',
    table('a', shop, { columns: { digest: { type: 'text', options: {} } } }),
    table('a', shop, { columns: { digest: { type: 'bytea', options: {} } } }),
  ],
])('is another one after a change of %s, named digest', (_title, one, other) => {
  expect(fingerprint([live(one)])).not.toBe(fingerprint([live(other)]))
})

test('is the same whatever the salt of the run', () => {
  const salted = { ...app, spec: { options: { password: { digest: 'salted otherwise' } } } }
  expect(fingerprint([live(app)])).toBe(fingerprint([live(salted)]))
})

test('is the same while the text that its digest covers is locked', () => {
  const sales = copy('c')
  const unread = { ...sales, spec: { ...(copy('c').spec as object), query: null } }
  expect(fingerprint([live(unread, { digest: 'd', locked: true })])).toBe(fingerprint([live(sales, { digest: 'd' })]))
})

test('is the same for every order of rows, and can leave objects out', () => {
  const [first, second] = [live(orders), live(copy('c'))]
  const whole = (objects: readonly LiveObject[]) => ({
    catalog: { live: new Map(objects.map((object) => [keyOf(object), object])), occupied: new Map() },
    ledger: ledger([]),
    state: undefined,
  })
  expect(fingerprintOf(whole([first, second]))).toBe(fingerprintOf(whole([second, first])))
  expect(fingerprintOf(whole([first, second]), new Set([keyOf(second)]))).toBe(fingerprintOf(whole([first])))
})
