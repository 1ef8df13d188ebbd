// The steps of a plan, their stages and their order.

import { describe, expect, test } from 'vitest'
import type { Change, Replace } from '../../../../src/core/change.ts'
import type { Dependent } from '../../../../src/core/dependent.ts'
import type { Key, ObjectId } from '../../../../src/core/object.ts'
import { sql, statement } from '../../../../src/core/sql.ts'
import { replacementGroups } from '../../../../src/differ/replacement-groups.ts'
import type { StepInput } from '../../../../src/differ/steps/step-context.ts'
import { createSteps } from '../../../../src/differ/steps/steps.ts'
import {
  adopt,
  alter,
  copy,
  create,
  dependent,
  dependentView,
  drop,
  type Fixture,
  field,
  index,
  live,
  mapping,
  replace,
  schema,
  server,
  shop,
  stepText,
  table,
  view,
  wanted,
  wantedState,
} from '../objects.ts'

const orders = table('orders')
const sales = copy('sales', [orders])
const sums = copy('sums', [sales])
const onSales = index('sales_a', sales)
const s = schema('s')

interface World {
  readonly exists?: readonly Fixture[]
  readonly wants?: readonly Fixture[]
  readonly dependents?: readonly Dependent[]
  readonly populate?: boolean
  readonly temporaryNames?: readonly (readonly [Key, ObjectId])[]
}

function stepsOf(changes: readonly Change[], world: World = {}) {
  const { exists = [], wants = [], dependents = [], populate = true, temporaryNames = [] } = world
  const groups = replacementGroups(changes, [], 'abc')
  const input: StepInput = {
    changes,
    wanted: wantedState(...wants),
    dependents,
    live: new Set(exists.map(({ key }) => key)),
    populate,
    groups: new Map(groups.flatMap((group) => group.members.map(({ key }) => [key, group]))),
    temporaryNames: new Map(temporaryNames),
    suffix: 'abc',
    movedQueries: new Map(),
  }
  return createSteps(input)
}

const textsOf = (changes: readonly Change[], world?: World) => stepsOf(changes, world).map(stepText)

describe('definitions', () => {
  test('come in the order of need, whatever the order of the changes', () => {
    const order = [
      'define create schema s',
      'define create server shop',
      'define create user mapping for app on shop',
      'define create foreign table s.orders',
    ]
    const changes = [create(orders), create(mapping(shop)), create(shop), create(s)]
    expect(textsOf(changes)).toEqual(order)
    expect(textsOf(changes.toReversed())).toEqual(order)
  })
  test('come after drops, which come in the opposite order', () => {
    expect(textsOf([drop(s), drop(shop), drop(orders), create(table('new'))])).toEqual([
      'define drop foreign table s.orders',
      'define drop server shop',
      'define drop schema s',
      'define create foreign table s.new',
    ])
  })
  test('of what is recreated come after all drops', () => {
    expect(textsOf([replace(shop, 'drop-and-create'), replace(orders, 'drop-and-create')])).toEqual([
      'define drop foreign table s.orders',
      'define drop server shop',
      'define create server shop',
      'define create foreign table s.orders',
    ])
  })
  test('need no step if only the ledger changes, or nothing but data is missing', () => {
    const empty = alter(sales, [field('populated', 'populate')])
    expect(textsOf([adopt(orders), { op: 'release', key: shop.key, because: '' }, empty], { populate: false })).toEqual(
      [],
    )
  })
})

describe('loads', () => {
  test('come after the definitions, each after those that it reads', () => {
    expect(textsOf([create(sums), create(sales)])).toEqual([
      'define create materialized view s.sales',
      'define create materialized view s.sums',
      'populate populate materialized view s.sales',
      'populate populate materialized view s.sums < populate s.sales',
    ])
  })
  test('are left out on request', () => {
    expect(textsOf([create(sales)], { populate: false })).toEqual(['define create materialized view s.sales'])
  })
  test('are for new data, and for data that is missing', () => {
    const changes = [alter(sales, [field('populated', 'populate')]), create(copy('empty', [], { populated: false }))]
    expect(textsOf(changes)).toEqual([
      'define create materialized view s.empty',
      'populate populate materialized view s.sales',
    ])
  })
})

describe('what is committed first', () => {
  const added = field('values', 'clause', {
    effect: { how: 'statement', statement: statement(sql`SELECT 1`), committedFirst: true },
  })
  test('comes before all other definitions', () => {
    expect(textsOf([create(s), alter(orders, [added])])[0]).toBe('prepare alter foreign table s.orders')
  })
  test('unless it goes by a name that the plan has to give back', () => {
    const renamedSchema = alter({ ...s }, [field('name', 'rename')])
    const change = { ...renamedSchema, from: live(s, { renamedFrom: schema('old').id }) } as Change
    const inSchema = { ...orders, needs: [s.key] }
    expect(textsOf([change, alter(inSchema, [added])])).toEqual([
      'define alter schema s',
      'define alter foreign table s.orders',
    ])
  })
})

describe('renames', () => {
  test('come before all other definitions, outer objects first', () => {
    const renamed = (object: Fixture, from: Fixture): Change => ({
      ...(alter(object, [field('name', 'rename')]) as Extract<Change, { op: 'alter' }>),
      from: live(object, { renamedFrom: from.id }),
    })
    const steps = stepsOf([create(table('new')), renamed(orders, table('old')), renamed(s, schema('t'))])
    expect(steps.map((step) => ('statements' in step ? step.statements[0]?.sql : ''))).toEqual([
      'ALTER SCHEMA t RENAME TO s',
      'ALTER FOREIGN TABLE s.old RENAME TO orders',
      expect.stringContaining('CREATE FOREIGN TABLE s.new'),
    ])
  })
})

describe('children of what holds data', () => {
  test('are built after the definitions, with what they need to be of use', () => {
    const [step] = stepsOf([create(onSales)], { exists: [sales] })
    expect(step && stepText(step)).toBe('build create index s.sales_a')
    expect(step && 'statements' in step && step.statements.length).toBeGreaterThan(0)
  })
  test('are defined with a new parent', () => {
    expect(textsOf([create(onSales), create(sales)], { populate: false })).toEqual([
      'define create materialized view s.sales',
      'define create index s.sales_a',
    ])
  })
  test('are dropped in a transaction of their own, unless their parent is dropped', () => {
    expect(textsOf([drop(onSales)], { exists: [sales] })).toEqual(['build drop index s.sales_a'])
    expect(textsOf([drop(onSales), drop(sales)], { exists: [sales] })).toEqual([
      'define drop materialized view s.sales',
    ])
  })
  test('that move are created once their former parent is gone', () => {
    const moved = index('sales_a', sums)
    const change: Change = { op: 'create', key: moved.key, to: wanted(moved), instead: live(onSales) }
    expect(textsOf([drop(sales), change], { exists: [sums] })).toEqual([
      'define drop materialized view s.sales',
      'build create index s.sales_a',
    ])
    const [replaced] = [replace(sales, 'beside')]
    expect(textsOf([replaced, change], { exists: [sums] })).toEqual([
      'build replace materialized view s.sales',
      'build create index s.sales_a < build s.sales',
    ])
  })
})

describe('replacements', () => {
  const beside = (object: Fixture, to: Fixture = object): Replace => replace(object, 'beside', to)
  test('that read each other are one step, named after the last one', () => {
    const [step] = stepsOf([beside(sums), beside(sales)])
    expect(step && stepText(step)).toBe('build replace materialized view s.sums')
    expect(step?.action === 'replace' && step.members.map(({ title }) => title)).toEqual([
      'materialized view s.sales',
      'materialized view s.sums',
    ])
  })
  test('are named after what is declared, rather than after what reads it', () => {
    const steps = stepsOf([{ ...beside(sums), isUnmanaged: true }, beside(sales)])
    expect(steps.map(stepText)).toEqual(['build replace materialized view s.sales'])
  })
  test('wait for what is loaded for the first time', () => {
    expect(textsOf([beside(sums), create(sales)])).toEqual([
      'define create materialized view s.sales',
      'build replace materialized view s.sums < populate s.sales',
      'populate populate materialized view s.sales',
    ])
  })
  test('delay the drop of what the old ones need, and of what that needs', () => {
    const changes = [beside(sales, copy('sales')), drop(orders), drop(shop)]
    const dependents = [dependent(orders, sales), dependent(shop, orders)]
    expect(textsOf(changes, { dependents })).toEqual([
      'build replace materialized view s.sales',
      'build drop foreign table s.orders < build s.sales',
      'build drop server shop < build s.orders drop',
    ])
  })
  test('delay the drop of a user mapping as long as that of its server', () => {
    const app = mapping(shop)
    const changes = [beside(sales, copy('sales')), drop(orders), drop(shop), drop(app)]
    const dependents = [dependent(orders, sales), dependent(shop, orders), dependent(shop, app)]
    expect(textsOf(changes, { dependents })).toEqual([
      'build replace materialized view s.sales',
      'build drop foreign table s.orders < build s.sales',
      'build drop user mapping for app on shop < build s.orders drop',
      'build drop server shop < build s.orders drop < build shop.app drop',
    ])
  })
  test('bring their children, and take over those that move to them', () => {
    const moved = index('sums_a', sales)
    const former: Change = { op: 'create', key: moved.key, to: wanted(moved), instead: live(index('sums_a', sums)) }
    const [step] = stepsOf([beside(sales), former], { exists: [sales, sums], wants: [sales, onSales, moved] })
    const [member] = step?.action === 'replace' ? step.members : []
    expect(member?.children.map((child) => child.sql)).toEqual([
      expect.stringContaining('INDEX sales_a'),
      expect.stringContaining('INDEX sums_a'),
    ])
    expect(member?.swap.out[0]?.sql).toBe('DROP INDEX IF EXISTS s.sums_a')
  })
  test('are loaded if the old one has data, or if that is asked for', () => {
    const empty = copy('sales', [], { populated: false })
    const loads = (change: Replace, populate: boolean) => {
      const [step] = stepsOf([change], { populate })
      return step?.action === 'replace' ? step.members.map(({ load }) => load.length > 0) : []
    }
    expect(loads(beside(sales), false)).toEqual([true])
    expect(loads(beside(empty, sales), false)).toEqual([false])
    expect(loads(beside(empty, sales), true)).toEqual([true])
    expect(loads(beside(empty), true)).toEqual([false])
  })
  test('announce each view that is repointed once, and none that is replaced itself', () => {
    const [daily, weekly] = [view('daily', [sales]), view('weekly', [sales])]
    const dependents = [dependentView(sales, daily), dependentView(sales, daily), dependentView(sales, weekly)]
    const steps = stepsOf([beside(sales), beside(weekly)], { dependents })
    const hazards = steps.flatMap((step) => step.hazards.filter(({ name }) => name === 'rebuilds-dependents'))
    expect(hazards).toEqual([{ name: 'rebuilds-dependents', detail: 'repoints view s.daily' }])
  })
})

test('a server that is renamed aside leaves its name to its successor, and is dropped after the last swap', () => {
  const typed = server('shop', { type: 'other' })
  const old = server('fdwsync_old_1')
  const replaced = replace(shop, 'drop-and-create', typed)
  const steps = stepsOf(
    [
      { op: 'drop', key: old.key, from: live(old), renamedAsideFor: replaced },
      { op: 'create', key: shop.key, to: wanted(typed), renamesAside: replaced },
      replace(orders, 'beside'),
      replace(sales, 'beside'),
    ],
    { dependents: [dependent(old, orders), dependent(orders, sales)], temporaryNames: [[shop.key, old.id]] },
  )
  expect(steps.map(stepText)).toEqual([
    'define create server shop',
    'build replace materialized view s.sales',
    'build drop server fdwsync_old_1 < build s.sales',
  ])
  const [created] = steps
  expect(created && 'statements' in created && created.statements[0]?.sql).toBe(
    'ALTER SERVER shop RENAME TO fdwsync_old_1',
  )
})
