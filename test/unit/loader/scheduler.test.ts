import { expect, test } from 'vitest'
import type { StepOutcome } from '../../../src/core/report.ts'
import { runGraph, tooManyAtOnce } from '../../../src/loader/scheduler.ts'
import { serverLimits } from '../../../src/loader/server-limits.ts'

interface Item {
  readonly id: string
  readonly after: readonly string[]
  readonly locks?: string
  readonly servers?: readonly string[]
}

const applied: StepOutcome = { status: 'applied', milliseconds: 0 }
const failed: StepOutcome = { status: 'failed', reason: 'broken' }

async function run(
  items: readonly Item[],
  jobs: number,
  outcomeOf: (id: string) => StepOutcome,
  signal = new AbortController().signal,
) {
  const log: string[] = []
  const finished = new Map<string, string>()
  let running = 0
  let most = 0
  const outcomes = await runGraph(items, {
    jobs,
    signal,
    id: ({ id }) => id,
    after: ({ after }) => after,
    locks: ({ locks, id }) => [locks ?? id],
    servers: ({ servers = [] }) => servers,
    limits: serverLimits(new Map([['small', 1]])),
    started: ({ id }) => log.push(`start ${id}`),
    finished: ({ id }, { status }) => finished.set(id, status),
    async run({ id }) {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running--
      log.push(`end ${id}`)
      return outcomeOf(id)
    },
  })
  const statuses = Object.fromEntries(outcomes.map(([{ id }, { status }]) => [id, status]))
  expect(Object.fromEntries(finished)).toEqual(statuses)
  return { log, most, statuses }
}

const diamond: readonly Item[] = [
  { id: 'd', after: ['b', 'c'] },
  { id: 'a', after: [] },
  { id: 'b', after: ['a'] },
  { id: 'c', after: ['a'] },
  { id: 'other', after: ['not among them'] },
]

test('each runs after those that it names, whatever the order given', async () => {
  const { log, statuses } = await run(diamond, 4, () => applied)
  for (const [first, second] of [
    ['a', 'b'],
    ['a', 'c'],
    ['b', 'd'],
    ['c', 'd'],
  ]) {
    expect(log.indexOf(`end ${first}`)).toBeLessThan(log.indexOf(`start ${second}`))
  }
  expect(new Set(Object.values(statuses))).toEqual(new Set(['applied']))
})

test.each([1, 2, 4])('at most %d at once', async (jobs) => {
  const { most } = await run(
    ['p', 'q', 'r', 's', 't'].map((id) => ({ id, after: [] })),
    jobs,
    () => applied,
  )
  expect(most).toBe(jobs)
})

test('those that lock the same thing run one at a time', async () => {
  const { log, most } = await run(
    ['p', 'q', 'r'].map((id) => ({ id, after: [], locks: id === 'r' ? 'other' : 'view' })),
    4,
    () => applied,
  )
  expect(most).toBe(2)
  expect(log.indexOf('end p')).toBeLessThan(log.indexOf('start q'))
})

test('one that fails takes down only what comes after it, however far', async () => {
  const { statuses } = await run([...diamond, { id: 'e', after: ['d'] }], 2, (id) => (id === 'b' ? failed : applied))
  expect(statuses).toEqual({ a: 'applied', b: 'failed', c: 'applied', d: 'skipped', e: 'skipped', other: 'applied' })
})

test('nothing is started once it is interrupted', async () => {
  const controller = new AbortController()
  const { statuses } = await run(
    diamond,
    1,
    (id) => {
      if (id === 'a') controller.abort()
      return applied
    },
    controller.signal,
  )
  expect(statuses).toMatchObject({ a: 'applied', b: 'skipped', c: 'skipped', d: 'skipped' })
})

test('steps that depend on each other in a circle are a bug, and do not hang', async () => {
  await expect(
    run(
      [
        { id: 'x', after: ['y'] },
        { id: 'y', after: ['x'] },
      ],
      2,
      () => applied,
    ),
  ).rejects.toThrow('depend on each other')
})

test('an item that cannot run beside so many others is run again, with fewer at once', async () => {
  const log: string[] = []
  let running = 0
  const outcomes = await runGraph(['a', 'b', 'c', 'd', 'e'], {
    jobs: 4,
    signal: new AbortController().signal,
    id: (id) => id,
    after: () => [],
    locks: (id) => [id],
    servers: () => [],
    limits: serverLimits(new Map()),
    started: () => {},
    finished: () => {},
    async run(id, othersRun) {
      running++
      await new Promise(setImmediate)
      const hasNoRoom = running > 2
      log.push(`${id}${hasNoRoom ? ' has no room' : ''}`)
      running--
      return hasNoRoom && othersRun() ? tooManyAtOnce : applied
    },
  })
  expect(outcomes.map(([id, { status }]) => `${id} ${status}`)).toEqual(
    ['a', 'b', 'c', 'd', 'e'].map((id) => `${id} applied`),
  )
  expect(log.filter((line) => line.endsWith('room')).length).toBe(2)
})

test('an item that cannot run even alone is not run again', async () => {
  let runs = 0
  const outcomes = await runGraph(['a'], {
    jobs: 4,
    signal: new AbortController().signal,
    id: (id) => id,
    after: () => [],
    locks: () => [],
    servers: () => [],
    limits: serverLimits(new Map()),
    started: () => {},
    finished: () => {},
    run: async (_, othersRun) => (++runs > 3 || !othersRun() ? failed : tooManyAtOnce),
  })
  expect(outcomes).toEqual([['a', failed]])
  expect(runs).toBe(1)
})

test('no more items read from a server at once than its limit allows, and the others go on', async () => {
  const items = ['a', 'b', 'c'].map((id) => ({ id, after: [], servers: ['large', 'small'] }))
  const free = ['d', 'e'].map((id) => ({ id, after: [], servers: ['large'] }))
  const { log, most, statuses } = await run([...items, ...free], 4, () => applied)
  expect(most).toBe(3)
  expect(log.slice(0, 3)).toEqual(['start a', 'start d', 'start e'])
  expect(Object.values(statuses)).not.toContain('skipped')
})

test('items that are run as one: each as soon as it could start, and again if the batch has not run it', async () => {
  const items: readonly Item[] = ['a', 'b', 'c', 'd'].map((id) => ({
    id,
    after: id === 'd' ? ['a'] : [],
    servers: ['small'],
  }))
  const log: string[] = []
  const outcomes = await runGraph(items, {
    jobs: 4,
    signal: new AbortController().signal,
    id: ({ id }) => id,
    after: ({ after }) => after,
    locks: () => [],
    servers: ({ servers = [] }) => servers,
    limits: serverLimits(new Map([['small', 1]])),
    started: () => {},
    finished: () => {},
    batches: {
      choose: (_, candidates) => [...candidates],
      async run(batch) {
        log.push(batch.map(({ id }) => id).join(' '))
        return new Map(batch.slice(0, 2).map((item) => [item, applied]))
      },
    },
    async run({ id }) {
      log.push(`${id} alone`)
      return applied
    },
  })
  expect(log).toEqual(['a b c', 'c d'])
  expect(outcomes.map(([{ id }, { status }]) => `${id} ${status}`)).toEqual(items.map(({ id }) => `${id} applied`))
})

test.each([
  ['that depend on nothing', (at: number) => ({ id: String(at), after: [] })],
  ['of a server that is full', (at: number) => ({ id: String(at), after: [], servers: ['small'] })],
  ['each after the one before', (at: number) => ({ id: String(at), after: [String(at - 1)] })],
  ['all after the first', (at: number) => ({ id: String(at), after: at > 0 ? ['0'] : [] })],
])('the work for items %s grows as their number', async (_, itemAt: (at: number) => Item) => {
  const looksFor = async (count: number) => {
    const items = Array.from({ length: count }, (_, at) => itemAt(at))
    let looks = 0
    const look = <Value>(value: Value): Value => {
      looks++
      return value
    }
    await runGraph(items, {
      jobs: 4,
      signal: new AbortController().signal,
      id: ({ id }) => look(id),
      after: ({ after }) => look(after),
      locks: ({ id }) => look([id]),
      servers: ({ servers = [] }) => look(servers),
      limits: serverLimits(new Map([['small', 1]])),
      started: () => {},
      finished: () => {},
      run: async () => applied,
    })
    return looks
  }
  expect((await looksFor(4000)) / (await looksFor(1000))).toBeLessThan(4.1)
})
