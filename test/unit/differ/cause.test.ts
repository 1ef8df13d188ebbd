// Why a plan changes something.

import { describe, expect, test } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import { Secret } from '../../../src/core/secret.ts'
import { type CauseInput, type ExplainedChange, explainChanges } from '../../../src/differ/cause.ts'
import { createRunDigests, slowDigest } from '../../../src/introspector/digests.ts'
import {
  adopt,
  alter,
  copy,
  create,
  drop,
  entry,
  field,
  ledger,
  live,
  liveState,
  mapping,
  recorded,
  replace,
  retyped,
  server,
  shop,
  table,
  view,
  wanted,
} from './objects.ts'

const digests = createRunDigests()
const noSourceChanges = {
  altered: new Map(),
  added: new Set<never>(),
  removed: new Set<never>(),
  renamed: new Set<never>(),
}
const commented = (comment: string) => table('orders', shop, { comment })
const orders = commented('')

function explain(change: Change, input: Partial<CauseInput> = {}): ExplainedChange {
  const { entries } = input.ledger ?? ledger([])
  const canonicalForms = new Map(Array.from(entries, ([key, { declared }]) => [key, declared]))
  const all = { ledger: ledger([]), live: new Map(), changes: [change], throughViews: new Map(), digests }
  const known = { canonicalForms, searchPath: ['public'], sourceChanges: noSourceChanges }
  return explainChanges({ ...all, ...known, ...input })(change)
}

/** `both: manifest, drift`, or the cause alone, with the titles of what causes it. */
function causeOf(change: Change, input: Partial<CauseInput> = {}): string {
  const { cause, causes = [], because } = explain(change, input)
  return [`${cause ?? 'unknown'}`, [...causes, ...because].join(', ')].filter((part) => part !== '').join(': ')
}

const commentFields = (from: string, to: string) => [field('comment', 'clause', { from, to })]

describe('an altered object', () => {
  const alteration = (from: string, to: string) => alter(commented(from), commentFields(from, to), commented(to))
  test.each([
    ['that was never recorded', alteration('live', 'new'), ledger([]), 'unknown'],
    ['whose declaration changed', alteration('last', 'new'), recorded(commented('last')), 'manifest'],
    ['that was altered in the database', alteration('live', 'last'), recorded(commented('last')), 'drift'],
    ['that both have changed', alteration('live', 'new'), recorded(commented('last')), 'both: manifest, drift'],
  ])('%s', (_title, change, known, expected) => {
    expect(causeOf(change, { ledger: known })).toBe(expected)
  })

  test('by its source, if only what the source returned has changed', () => {
    const altered = new Map([[orders.key, commented('last').spec]])
    const sourceChanges = { ...noSourceChanges, altered }
    expect(causeOf(alteration('last', 'new'), { ledger: recorded(commented('last')), sourceChanges })).toBe('source')
  })

  test('that is renamed has the cause that its field has', () => {
    const change = alter(orders, [field('name', 'rename', { cause: 'manifest' })])
    expect(causeOf(change, { ledger: recorded(orders) })).toBe('manifest')
  })

  test('that only lacks its data has no known cause', () => {
    const sales = copy('sales')
    expect(causeOf(alter(sales, [field('populated', 'populate')]), { ledger: recorded(sales) })).toBe('unknown')
  })

  test.each([
    ['without its digest in the ledger', '', 'unknown'],
    ['if it is the recorded one', slowDigest(new Secret('password'), 'user mapping'), 'drift'],
    ['if it is not', slowDigest(new Secret('old'), 'user mapping'), 'manifest'],
  ])('a changed secret, %s', (_title, digest, expected) => {
    const secret = new Secret('password')
    const changed = mapping(shop, { options: { password: { digest: digests.ofRun(secret), secret } } })
    const before = mapping(shop, { options: { password: { digest: 'live', secret: new Secret('live') } } })
    const last = entry(changed, { declared: { options: { password: { digest } } } })
    const fields = [field('password', 'clause', { from: '(secret)', to: '(secret)' })]
    expect(causeOf(alter(before, fields, changed), { ledger: ledger([last]) })).toBe(expected)
  })

  test('an edit recorded by an older release, which kept only the text, is no drift', () => {
    const [from, to] = [table('orders', shop, retyped('integer')), table('orders', shop, retyped('bigint'))]
    const last = entry(table('orders', shop, retyped('int')), { hasCanonicalForm: false })
    const change = alter(from, [field('column a type', 'clause', { from: 'integer', to: 'bigint' })], to)
    expect(causeOf(change, { ledger: ledger([last]), canonicalForms: new Map() })).toBe('manifest')
  })
})

describe('a replaced object', () => {
  const sales = copy('sales', [orders])
  const query = [field('query', 'replace')]
  const changedTable = alter(orders, [field('column a type')], table('orders', shop, retyped('bigint')))

  test('depends on what it reads, if that changes', () => {
    const change = replace(sales, 'beside', sales, query)
    expect(causeOf(change, { ledger: recorded(sales), changes: [changedTable, change] })).toBe(
      'dependency: foreign table s.orders',
    )
  })
  test('depends on what it reads through plain views', () => {
    const through = copy('sales', [view('daily')])
    const change = replace(through, 'beside', through, query)
    const throughViews = new Map([[view('daily').key, [orders.key]]])
    expect(causeOf(change, { ledger: recorded(through), changes: [changedTable, change], throughViews })).toBe(
      'dependency: foreign table s.orders',
    )
  })
  test('lists what it depends on in the order of the plan', () => {
    const [first, second] = [table('first'), table('second')]
    const reader = copy('reader', [second, first])
    const change = replace(reader, 'beside', reader, query)
    const changes = [alter(first, [field('x')]), alter(second, [field('x')]), change]
    expect(causeOf(change, { ledger: recorded(reader), changes })).toBe(
      'dependency: foreign table s.first, foreign table s.second',
    )
  })
  test('does not depend on what is only adopted', () => {
    const change = replace(sales, 'beside', sales, [field('query', 'replace', { from: 'SELECT a', to: 'SELECT a' })])
    expect(causeOf(change, { ledger: recorded(sales), changes: [adopt(orders), change] })).not.toContain('dependency')
  })
  test('depends on a drop if the old one needs it', () => {
    const successor = copy('sales')
    const change = replace(sales, 'beside', successor, query)
    expect(causeOf(change, { ledger: recorded(successor), changes: [drop(orders), change] })).toBe(
      'dependency: foreign table s.orders',
    )
  })
  test('has the edit as its cause, where the declaration changed', () => {
    const edited = copy('sales', [orders], { query: 'SELECT b' })
    const fields = [field('query', 'replace', { from: 'SELECT a', to: 'SELECT b' })]
    const change = replace(sales, 'beside', edited, fields)
    expect(causeOf(change, { ledger: recorded(sales), changes: [changedTable, change] })).toBe('manifest')
  })
  test('that is unmanaged depends on what it reads', () => {
    const change = { ...replace(sales, 'beside'), isUnmanaged: true } as const
    expect(causeOf(change, { changes: [changedTable, change] })).toBe('dependency: foreign table s.orders')
  })
})

describe('other changes', () => {
  const added = { ...noSourceChanges, added: new Set([orders.key]) }
  const removed = { ...noSourceChanges, removed: new Set([orders.key]) }
  const edited = recorded(commented('last'))
  test.each([
    ['a new object', causeOf(create(orders)), 'unknown'],
    ['an object that is new at its source', causeOf(create(orders), { sourceChanges: added }), 'source'],
    ['an object that was dropped in the database', causeOf(create(orders), { ledger: recorded(orders) }), 'drift'],
    [
      'an object that was edited, and dropped in the database',
      causeOf(create(orders), { ledger: edited }),
      'both: manifest, drift',
    ],
    [
      'an object that is created because its parent is dropped',
      causeOf(create(orders), { ledger: recorded(orders), live: liveState(orders) }),
      'unknown',
    ],
    ['a dropped object', causeOf(drop(orders), { ledger: recorded(orders) }), 'manifest'],
    [
      'an object that its source no longer has',
      causeOf(drop(orders), { ledger: recorded(orders), sourceChanges: removed }),
      'source',
    ],
    ['an adopted object', causeOf(adopt(orders), { ledger: recorded(orders) }), 'manifest'],
  ])('%s', (_title, found, expected) => {
    expect(found).toBe(expected)
  })

  test('both halves of a renamed server have the cause of its replacement', () => {
    const typed = server('shop', { type: 'other' })
    const replaced = replace(shop, 'drop-and-create', typed, [
      field('type', 'replace', { from: undefined, to: 'other' }),
    ])
    const halves = [
      { op: 'drop', key: server('old').key, from: live(server('old')), renamedAsideFor: replaced },
      { op: 'create', key: shop.key, to: wanted(typed), renamesAside: replaced },
    ] as const
    expect(halves.map((half) => causeOf(half, { ledger: recorded(shop), changes: halves }))).toEqual([
      'manifest',
      'manifest',
    ])
  })
})
