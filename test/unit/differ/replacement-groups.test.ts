// What is built and swapped together.

import { expect, test } from 'vitest'
import type { Replace } from '../../../src/core/change.ts'
import type { TriedView } from '../../../src/core/dependent.ts'
import { keyOf } from '../../../src/core/object.ts'
import { readsMembers, replacementGroups } from '../../../src/differ/replacement-groups.ts'
import { copy, drop, type Fixture, live, replace, shop, table, view } from './objects.ts'

const [a, b, orders] = [copy('a'), copy('b'), table('orders')]
const beside = (object: Fixture, to = object) => replace(object, 'beside', to)

/** The members of each group, and its scratch schemas. */
function groupsOf(changes: readonly Replace[], tried: readonly TriedView[] = []): readonly string[] {
  return replacementGroups(changes, tried, 'abc').map(({ members, scratch }) => {
    const names = members.map(({ to: { id } }) => ('name' in id ? id.name : ''))
    return `${names.join(' ')} in ${[...scratch].map(([schema, name]) => `${schema}: ${name}`).join(', ')}`
  })
}

const reading = (...on: readonly Fixture[]): TriedView => ({
  key: view('v').key,
  live: live(view('v')),
  on: new Set(on.map(({ key }) => key)),
  outcome: { becomes: 'repointed' },
  isReadByData: false,
})

test.each([
  [
    'what does not read each other',
    groupsOf([beside(a), beside(b)]),
    ['a in s: fdwsync_build_abc_1_1', 'b in s: fdwsync_build_abc_2_1'],
  ],
  [
    'what reads each other, in the order of need',
    groupsOf([beside(copy('a', [orders])), beside(b), beside(orders)]),
    ['orders a in s: fdwsync_build_abc_1_1', 'b in s: fdwsync_build_abc_2_1'],
  ],
  [
    'what has read each other',
    groupsOf([beside(copy('a', [orders]), a), beside(orders)]),
    ['a orders in s: fdwsync_build_abc_1_1'],
  ],
  [
    'what one unmanaged view reads',
    groupsOf([beside(a), beside(b)], [reading(a, b, orders)]),
    ['a b in s: fdwsync_build_abc_1_1'],
  ],
  [
    'long chains',
    groupsOf(['e', 'd', 'c', 'b'].map((name, at) => beside(copy(name, at === 3 ? [a] : [copy('dcb'[at] ?? '')])))),
    ['b c d e in s: fdwsync_build_abc_1_1'],
  ],
])('%s', (_title, found, expected) => {
  expect(found).toEqual(expected)
})

test('each schema of a group has its own scratch schema', () => {
  const elsewhere = { ...a, id: { kind: 'materializedView', schema: 't', name: 'a' } as const }
  const other = { ...elsewhere, key: keyOf(elsewhere.id), needs: [orders.key] }
  expect(groupsOf([beside(other), beside(orders)])).toEqual([
    'orders a in s: fdwsync_build_abc_1_1, t: fdwsync_build_abc_1_2',
  ])
})

test('only what is built in a scratch schema is grouped', () => {
  expect(replacementGroups([drop(a), replace(orders, 'drop-and-create'), replace(shop, 'beside')], [], 'abc')).toEqual(
    [],
  )
})

test('members that read others are known by their queries', () => {
  const [group] = replacementGroups(
    [beside(orders), beside(copy('a', [orders])), beside(copy('b', [copy('a')]))],
    [],
    'abc',
  )
  expect(group && readsMembers(group).map(({ to: { id } }) => ('name' in id ? id.name : ''))).toEqual(['a', 'b'])
})
