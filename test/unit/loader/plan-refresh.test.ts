// Which strategy each copy gets, and which copies share a transaction.

import { expect, test } from 'vitest'
import { type Key, keyOf } from '../../../src/core/object.ts'
import { defaultPolicy, type RefreshStrategy } from '../../../src/core/refresh-policy.ts'
import { unknownState } from '../../../src/core/strategy-state.ts'
import type { RefreshTarget } from '../../../src/loader/copies.ts'
import { planRefresh } from '../../../src/loader/plan-refresh.ts'
import { chooseBatch, smallCopies } from '../../../src/loader/small-copies.ts'
import { chooseStrategy } from '../../../src/loader/strategies/auto.ts'
import type { CopyFacts, TableColumn, TableFacts } from '../../../src/loader/strategies/strategy.ts'

const column = (name: string, more: Partial<TableColumn> = {}): TableColumn => ({
  name,
  type: 'integer',
  digest: { how: 'send', function: 'int4send' },
  width: 4,
  ...more,
})
const tableFacts = (more: Partial<TableFacts> = {}): TableFacts => ({
  owner: 'alice',
  columns: [column('a')],
  key: [{ name: 'a', equals: 'OPERATOR(pg_catalog.=)' }],
  rows: 1_000_000,
  canMerge: true,
  ...more,
})

const large = 100 * 1024 * 1024
const facts = (more: Partial<CopyFacts> = {}): CopyFacts => ({
  isPopulated: true,
  hasUniqueIndex: true,
  lackedByOwner: undefined,
  table: undefined,
  bytes: large,
  owner: 'owner',
  connections: [],
  isOwnerAvailable: true,
  swapObstacle: undefined,
  swapObstacleOfAnyRole: undefined,
  lastMilliseconds: {},
  state: unknownState,
  ...more,
})

const lackedByOwner = { reason: 'its owner a has no USAGE on schema s', hint: 'GRANT it' }

test.each<readonly [string, Partial<CopyFacts>, string, RegExp]>([
  ['a table with a key', { table: tableFacts() }, 'compare', /primary key/],
  ['a table without a key', { table: tableFacts({ key: [] }) }, 'swap', /no primary key/],
  ['a small table', { table: tableFacts(), bytes: 8192 }, 'merge', /small/],
  [
    'a key without digests',
    { table: tableFacts({ columns: [column('a', { digest: undefined })] }) },
    'merge',
    /key column a/,
  ],
  [
    'most data without digests',
    { table: tableFacts({ columns: [column('a'), column('b', { digest: undefined, width: 100 })] }) },
    'merge',
    /in columns that its source cannot digest/,
  ],
  ['most rows had changed', { table: tableFacts(), state: { ...unknownState, changed: 0.9 } }, 'merge', /90 %/],
  ['other digests', { table: tableFacts(), state: { ...unknownState, unlikeDigests: true } }, 'merge', /other digests/],
  ['large', {}, 'swap', /size/],
  ['small', { bytes: 8192 }, 'concurrently', /small/],
  ['not loaded', { isPopulated: false }, 'plain', /no data yet/],
  ['large, but bound', { swapObstacle: 'function f() depends on it' }, 'concurrently', /f\(\) depends on it/],
  ['without an index', { hasUniqueIndex: false }, 'swap', /no unique index/],
  [
    'small and quick, without an index',
    { hasUniqueIndex: false, bytes: 8192, lastMilliseconds: { plain: 5 } },
    'plain',
    /no longer/,
  ],
  [
    'small and slow, without an index',
    { hasUniqueIndex: false, bytes: 8192, lastMilliseconds: { plain: 5000 } },
    'swap',
    /index/,
  ],
  [
    'small, slow once, quick since, without an index',
    { hasUniqueIndex: false, bytes: 8192, lastMilliseconds: { plain: 70, swap: 40 } },
    'plain',
    /no longer/,
  ],
  ['small, of an owner without a privilege', { bytes: 8192, lackedByOwner }, 'swap', /no USAGE.*CONCURRENTLY/],
  ['large and quick, without an index', { hasUniqueIndex: false, lastMilliseconds: { plain: 5 } }, 'swap', /index/],
])('auto: %s', (_, more, strategy, reason) => {
  const choice = chooseStrategy(facts(more), defaultPolicy)
  expect(choice).toMatchObject({ strategy, reason: expect.stringMatching(reason) })
  expect(choice.hint).toBeUndefined()
})

test.each([
  [{ hasUniqueIndex: false }, /unique index/],
  [{ lackedByOwner }, /GRANT it/],
])('auto: where readers wait, it names what would change that: %j', (more, hint) => {
  const choice = chooseStrategy(facts({ ...more, swapObstacle: 'function f() depends on it' }), defaultPolicy)
  expect(choice).toMatchObject({
    strategy: 'plain',
    reason: expect.stringMatching(/^readers wait: .*f\(\) depends on it/),
    hint: expect.stringMatching(hint),
  })
})

const key = (name: string): Key => keyOf({ kind: 'materializedView', schema: 's', name })

interface Described extends Partial<CopyFacts> {
  readonly reads?: readonly string[]
  /** Of what it reads: through a plain view. */
  readonly through?: readonly string[]
  readonly strategy?: RefreshStrategy
  readonly group?: string
  readonly missing?: true
}

function unitsOf(
  copies: Readonly<Record<string, Described>>,
  strategy?: RefreshStrategy,
  unmanagedReaders: readonly string[] = [],
) {
  const names = Object.keys(copies)
  const targets = names.map((name): RefreshTarget => {
    const { reads = [], through = [], missing, strategy: _, group: __, ...more } = copies[name] ?? {}
    const id = { kind: 'materializedView', schema: 's', name } as const
    const readers = names.filter((reader) => copies[reader]?.reads?.includes(name))
    return {
      id,
      key: key(name),
      title: name,
      sources: [],
      copy: missing ? undefined : { id, key: key(name), title: name, oid: 1, facts: facts(more) },
      reads: [...reads, ...through].map(key),
      readers: [...readers, ...unmanagedReaders].map((reader) => ({ key: key(reader), title: reader })),
    }
  })
  const policies = new Map(
    names.map((name) => {
      const { strategy: asked = 'auto', group } = copies[name] ?? {}
      return [key(name), { strategy: asked, ...(group !== undefined && { group }) }] as const
    }),
  )
  return planRefresh({ targets, policies, strategy })
}

function planned(...described: Parameters<typeof unitsOf>) {
  return unitsOf(...described).map(({ copies: members, after }) => ({
    copies: members.map(
      (each) => `${each.target.title} ${'choice' in each ? each.choice.strategy : each.refusal.reason}`,
    ),
    after: after.map((id) => JSON.parse(id)[2]),
  }))
}

test('each copy is a unit, after those that it reads; the strategy of the run comes before the declared one', () => {
  const copies = { a: { strategy: 'concurrently' }, b: { reads: ['a'], strategy: 'plain' } } as const
  expect(planned(copies)).toEqual([
    { copies: ['a concurrently'], after: [] },
    { copies: ['b plain'], after: ['a'] },
  ])
  expect(planned(copies, 'plain').map((unit) => unit.copies)).toEqual([['a plain'], ['b plain']])
  for (const [strategy, reason] of [
    [undefined, 'as declared'],
    ['plain', 'as asked for'],
  ] as const)
    expect(unitsOf(copies, strategy)[0]?.copies).toMatchObject([{ choice: { reason } }])
})

test('auto never binds copies to each other: one that fails would stop the others', () => {
  expect(planned({ a: {}, b: { reads: ['a'] } }).map(({ copies }) => copies)).toEqual([['a concurrently'], ['b swap']])
  expect(planned({ a: {}, b: { through: ['a'] } }).map(({ copies }) => copies)).toEqual([['a swap'], ['b swap']])
})

test('what reads a swapped copy is swapped with it', () => {
  const copies = {
    a: { strategy: 'swap' },
    b: { reads: ['a'], bytes: 0 },
    c: { reads: ['b'] },
    d: { through: ['c'] },
  } as const
  expect(planned(copies)).toEqual([
    { copies: ['a swap', 'b swap', 'c swap'], after: [] },
    { copies: ['d swap'], after: ['c'] },
  ])
})

test.each<readonly [string, Parameters<typeof planned>, RegExp]>([
  [
    'another strategy is declared for what reads it',
    [{ a: { strategy: 'swap' }, b: { reads: ['a'], strategy: 'plain' } }],
    /b reads it, and has the strategy plain/,
  ],
  [
    'what reads it is not refreshed',
    [{ a: { strategy: 'swap' } }, undefined, ['other']],
    /other reads it, and is not refreshed with it/,
  ],
  [
    'what reads it cannot be swapped',
    [{ a: { strategy: 'swap' }, b: { reads: ['a'], swapObstacle: 'f() depends on it' } }],
    /b reads it, and cannot be swapped: f\(\)/,
  ],
  ['it cannot be dropped', [{ a: { swapObstacle: 'f() depends on it' } }, 'swap'], /f\(\) depends on it/],
  ['its owner lacks a privilege', [{ a: { strategy: 'concurrently', lackedByOwner } }], /no USAGE on schema s/],
  ['it has no unique index', [{ a: { strategy: 'concurrently', hasUniqueIndex: false } }], /no unique index/],
  ['it does not exist', [{ a: { missing: true } }], /missing from the database/],
])('refused: %s', (_, parameters, reason) => {
  expect(planned(...parameters)[0]?.copies[0]).toMatch(reason)
})

test('the first load is plain, whatever is declared', () => {
  expect(planned({ a: { strategy: 'concurrently', isPopulated: false } })[0]?.copies).toEqual(['a plain'])
})

test('auto: a copy with a group is not locked while the others are refreshed, however quick its own REFRESH is', () => {
  const quick = { hasUniqueIndex: false, bytes: 8192, lastMilliseconds: { plain: 5 } }
  const copies = { a: { strategy: 'swap', group: 'g' }, b: { ...quick, group: 'g' }, c: quick } as const
  expect(planned(copies).map((unit) => unit.copies)).toEqual([['a swap', 'b swap'], ['c plain']])
})

test.each<readonly [string, Parameters<typeof unitsOf>, RegExp]>([
  ['that something not refreshed with it reads', [{ o: {} }, undefined, ['u']], /no primary key, .* u reads it/],
  ['that a function depends on', [{ o: { swapObstacle: 'function f() depends on it' } }], /no primary key, .* f\(\)/],
  [
    'that is read both directly and through a view',
    [{ o: {}, x: { through: ['o'] }, m: { reads: ['o', 'x'] } }],
    /no primary key, .* through a view too/,
  ],
  ['swapped by name', [{ o: { strategy: 'swap' } }, undefined, ['u']], /strategy swap: u reads it/],
])('a table without a key %s is refused', (_, [{ o, ...copies }, ...more], reason) => {
  const [unit] = unitsOf({ o: { ...o, table: tableFacts({ key: [] }) }, ...copies }, ...more)
  const [first] = unit?.copies ?? []
  expect(first && 'refusal' in first && first.refusal).toMatchObject({
    reason: expect.stringMatching(reason),
    hint: expect.stringContaining('primary key'),
  })
})

test('a table without a key is swapped with its readers, whatever their strategies', () => {
  const copies = { o: { table: tableFacts({ key: [] }) }, a: { reads: ['o'], strategy: 'plain' } } as const
  expect(planned(copies)[0]?.copies).toEqual(['o swap', 'a swap'])
})

test('a copy that is read both directly and through a view by what is refreshed with it is not swapped', () => {
  const copies = { a: { strategy: 'swap' }, x: { through: ['a'] }, b: { reads: ['a'], through: ['x'] } } as const
  expect(planned(copies)[0]?.copies[0]).toMatch(/a it cannot be refreshed by strategy swap: .* through a view too/)
})

const through = (server: string, mapping = 1) => ({ connections: [{ server, mapping }], group: 'g' })

test('a group is one transaction, if one connection reads all of it', () => {
  const here = { group: 'g' }
  expect(
    planned({ a: through('x'), b: { ...through('x'), reads: ['a'] }, c: here, d: {} }).map(({ copies }) => copies),
  ).toEqual([['a concurrently', 'b swap', 'c swap'], ['d swap']])
  const two = planned({ a: through('x'), b: through('y') })[0]?.copies
  expect(two).toEqual(
    ['a', 'b'].map((name) =>
      expect.stringMatching(`^${name} the group "g" is not of one moment: a reads server x, and b reads server y`),
    ),
  )
  const mappings = planned({ a: through('x'), b: through('x', 2) })[0]?.copies
  expect(mappings?.[0]).toMatch(/by the user mappings of different roles/)
})

test('a group with a copy between two of its members is refused', () => {
  const units = planned({ a: { group: 'g' }, x: { reads: ['a'] }, b: { group: 'g', through: ['x'] } })
  expect(units.map(({ copies }) => copies[0])).toContainEqual(
    expect.stringMatching(/a copy outside of a group reads one of its members/),
  )
})

test.each<readonly [string, readonly string[], Readonly<Record<string, Described>>]>([
  ['that took milliseconds', ['a', 'b'], { a: {}, b: {} }],
  ['unless one took long', ['a'], { a: {}, b: { lastMilliseconds: { plain: 30 } } }],
  ['unless one was never loaded', ['a'], { a: {}, b: { lastMilliseconds: {} } }],
  ['unless one is large, or has no data', ['a'], { a: {}, b: { bytes: large }, c: { isPopulated: false } }],
  ['unless one is swapped', ['a'], { a: {}, b: { strategy: 'swap' } }],
  ['of one source', ['a', 'c'], { a: on('one'), b: on('other'), c: on('one') }],
  ['for some time', [...'abcde'], Object.fromEntries([...'abcdef'].map((name) => [name, took(19)]))],
])('small copies are refreshed together: those %s', (_, together, copies) => {
  const small = { bytes: 8192, lastMilliseconds: { plain: 1 }, strategy: 'plain' } as const
  const units = unitsOf(Object.fromEntries(Object.entries(copies).map(([name, more]) => [name, { ...small, ...more }])))
  const [first, ...candidates] = units
  if (!first) throw new Error('there are copies')
  const chosen = [first, ...chooseBatch(first, candidates, smallCopies(units, undefined))]
  expect(chosen.map(({ id }) => JSON.parse(id)[2])).toEqual(together)
  // A timeout of milliseconds is that of each.
  expect(smallCopies(units, 50).size).toBe(0)
})

function on(server: string): Described {
  return { connections: [{ server, mapping: 1 }] }
}

function took(plain: number): Described {
  return { lastMilliseconds: { plain } }
}
