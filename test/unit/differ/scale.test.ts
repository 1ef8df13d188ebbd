// Every pure phase looks at each object a bounded number of times: four times the objects take about four times the steps, not
// sixteen. Steps are counted, not timed, so a busy machine makes no difference.

import { describe, expect, test } from 'vitest'
import type { Change } from '../../../src/core/change.ts'
import type { PlainStep } from '../../../src/core/plan.ts'
import { refuseBlocked } from '../../../src/differ/blockers.ts'
import { dropDataLast, keepWhatIsRead } from '../../../src/differ/data-drops.ts'
import { diff } from '../../../src/differ/diff.ts'
import { addForcedReplacements } from '../../../src/differ/forced-replacements.ts'
import { plannedChanges } from '../../../src/differ/planned-changes.ts'
import { refuseProtected } from '../../../src/differ/protection.ts'
import { renameOldAside } from '../../../src/differ/rename-aside.ts'
import { replacementGroups } from '../../../src/differ/replacement-groups.ts'
import { addReplacements } from '../../../src/differ/replacements.ts'
import { createSteps } from '../../../src/differ/steps/steps.ts'
import { orderLoadsThroughViews } from '../../../src/differ/steps/through-views.ts'
import { createRunDigests } from '../../../src/introspector/digests.ts'
import { counting } from './counting.ts'
import {
  alter,
  copy,
  create,
  dependent,
  dependentView,
  drop,
  type Fixture,
  field,
  index,
  liveState,
  mapping,
  recorded,
  replace,
  server,
  shop,
  table,
  view,
  wantedState,
} from './objects.ts'

/** About that many objects: tables of one server, each with a copy, an index and an unmanaged view, which another copy reads. */
function world(size: number) {
  const app = mapping(shop)
  const parts = Array.from({ length: size / 3 }, (_, at) => {
    const orders = table(`t${at}`)
    const sales = copy(`c${at}`, at % 2 === 0 ? [orders] : [orders, view(`v${at - 1}`)])
    return { orders, sales, index: index(`i${at}`, sales), daily: view(`v${at}`, [sales]) }
  })
  const throughViews = new Map(parts.map(({ daily, sales }) => [daily.key, [sales.key]]))
  const loads = parts.map(({ sales: { key } }): PlainStep => {
    const step = { id: `populate ${key}`, stage: 'populate', action: 'populate', key, title: '' } as const
    return { ...step, after: [], locks: [], hazards: [], statements: [] }
  })
  const all: readonly Fixture[] = [shop, app, ...parts.flatMap((part) => [part.orders, part.sales, part.index])]
  const dependents = parts.flatMap(({ orders, sales, index: child, daily }) => [
    dependent(shop, orders),
    dependent(orders, sales, { column: 'a' }),
    dependent(sales, child, { parent: sales.key }),
    dependentView(sales, daily),
  ])
  return {
    parts,
    all,
    dependents,
    throughViews,
    loads,
    wanted: wantedState(...all),
    live: liveState(...all),
    ledger: recorded(...all),
  }
}

type World = ReturnType<typeof world>

const [small, large] = [world(300), world(1_200)]

/**
 * Four times the objects take at most 4.06 times the steps now. A loop in a loop shows, although there are few objects, as soon as it has
 * a fiftieth of all steps.
 */
const mostGrowth = 4.2

const digests = createRunDigests()
const none = new Map<never, never>()
const sourceChanges = { altered: none, added: new Set<never>(), removed: new Set<never>(), renamed: new Set<never>() }
const onColumnA = [field('column a type', 'clause', { blockedByUseOf: 'a' })]

/** Changes of everything, each in another way. */
const everything: Readonly<Record<string, (world: World) => readonly Change[]>> = {
  created: ({ all }) => all.map(create),
  dropped: ({ all }) => all.map(drop),
  altered: ({ all }) => all.map((each) => alter(each, onColumnA)),
  'recreated under another server': ({ all }) => [
    replace(shop, 'drop-and-create', server('shop', { type: 'other' })),
    ...all
      .slice(1)
      .filter(({ id }) => id.kind !== 'materializedView' && id.kind !== 'index')
      .map((each) => replace(each, 'drop-and-create')),
  ],
  'built beside': ({ parts }) =>
    parts.flatMap(({ orders, sales }) => [replace(orders, 'beside'), replace(sales, 'beside')]),
  'dropped under what is built beside': ({ parts }) => [
    drop(shop),
    ...parts.flatMap(({ orders, sales }) => [drop(orders), replace(sales, 'beside', copy(nameOf(sales)))]),
  ],
}

const nameOf = ({ id }: Fixture) => ('name' in id ? id.name : '')

type Phase = (changes: readonly Change[], world: World) => unknown

const phases: Readonly<Record<string, Phase>> = {
  addForcedReplacements: (changes, { wanted, live }) => addForcedReplacements(changes, wanted, live),
  keepWhatIsRead: (changes, { dependents, ledger }) =>
    keepWhatIsRead(dropDataLast(changes), { dependents, ledger, suffix: 'abc' }),
  refuseBlocked: (changes, { dependents, wanted }) => refuseBlocked(changes, dependents, new Set(wanted.keys())),
  renameOldAside: (changes, { dependents, ledger, wanted }) =>
    renameOldAside({ changes, dependents, ledger, wanted, suffix: 'abc' }),
  addReplacements: (changes, { dependents, wanted, live, throughViews }) =>
    addReplacements({ changes, dependents, wanted, live, unmanaged: new Set(), throughViews }),
  replacementGroups: (changes) => replacementGroups(changes, [], 'abc'),
  refuseProtected: (changes, { wanted, live, ledger }) => refuseProtected({ changes, wanted, live, ledger }),
  createSteps: (changes, { dependents, wanted, live }) => {
    const groups = replacementGroups(changes, [], 'abc')
    const byMember = new Map(groups.flatMap((group) => group.members.map(({ key }) => [key, group])))
    return createSteps({
      changes,
      dependents,
      wanted,
      live: new Set(live.keys()),
      populate: true,
      groups: byMember,
      temporaryNames: new Map(),
      suffix: 'abc',
      movedQueries: new Map(),
    })
  },
  orderLoadsThroughViews: (changes, { loads, throughViews, live }) =>
    orderLoadsThroughViews(loads, { changes, throughViews, live }),
  plannedChanges: (changes, { live, ledger }) =>
    plannedChanges({
      changes,
      live,
      ledger,
      canonicalForms: none,
      searchPath: [],
      digests,
      sourceChanges,
      policy: undefined,
      steps: [],
      predecessors: none,
      hazards: [],
      throughViews: none,
    }),
}

/** How many times as many steps four times the objects take. */
function growthOf(phase: Phase, changesOf: (world: World) => readonly Change[]): number {
  const stepsFor = (objects: World) => {
    const counter = { steps: 0 }
    phase(counting(changesOf(objects), counter), counting(objects, counter))
    return counter.steps
  }
  return stepsFor(large) / stepsFor(small)
}

describe.each(Object.entries(everything))('everything is %s', { timeout: 60_000 }, (_everything, changesOf) => {
  test.each(Object.entries(phases))('%s', (_phase, phase) => {
    expect(growthOf(phase, changesOf)).toBeLessThan(mostGrowth)
  })
})

test('the comparison itself', { timeout: 60_000 }, () => {
  const compare: Phase = (_changes, { wanted, live, ledger }) =>
    diff({
      wanted,
      declared: new Set(wanted.keys()),
      reading: { live, occupied: none },
      ledger,
      digests,
      takeOver: false,
    })
  expect(growthOf(compare, () => [])).toBeLessThan(mostGrowth)
})
