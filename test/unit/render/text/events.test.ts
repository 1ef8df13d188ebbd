// The lines of steps that run, on a terminal.

import { Chalk } from 'chalk'
import { expect, test } from 'vitest'
import { keyOf } from '../../../../src/core/object.ts'
import { renderRunning } from '../../../../src/render/text/events.ts'
import { widthOf } from '../../../../src/render/text/layout.ts'

const key = keyOf({ kind: 'materializedView', schema: 'shop', name: 'orders' })
const title = 'materialized view shop.orders'
const step = { title, milliseconds: 41_000 }
const progress = { type: 'progress', stage: 'populate', key, ...step } as const
const terminal = { style: new Chalk({ level: 0 }), columns: 200, rows: 24, verb: 'refreshing' } as const
const lines = (more: object, columns = 200) =>
  renderRunning([{ ...step, progress: { ...progress, ...more } }], { steps: 0, of: 1 }, { ...terminal, columns })

test.each<readonly [string, object, string]>([
  ['nothing known', {}, '  shop.orders: 41.0 s'],
  ['how long it took the last time', { lastMilliseconds: 68_000 }, '  shop.orders: 41.0 s, about 60 %, 27.0 s left'],
  ['longer than the last time', { lastMilliseconds: 30_000 }, '  shop.orders: 41.0 s'],
  [
    'an index',
    { index: 'shop.i', rows: 1_204_331 },
    '  shop.orders: 41.0 s, building index shop.i, 1,204,331 rows so far',
  ],
  ['a lock', { waitsFor: 'process 1' }, '  shop.orders: 41.0 s, waiting for a lock of process 1'],
])('with %s', (_, more, line) => expect(lines(more)).toEqual([line]))

test.each([10, 20, 40])('they fit %d columns', (columns) => {
  const [line = ''] = lines({ index: '表'.repeat(30) }, columns)
  expect(widthOf(line)).toBeLessThanOrEqual(columns)
  expect(line).toMatch(/…$/)
})

test('of more than fit, the first are listed, below how many have ended', () => {
  const running = Array.from({ length: 30 }, (_, at) => ({ title: `table s.t${at}`, milliseconds: 0 }))
  const all = renderRunning(running, { steps: 12, of: 300 }, { ...terminal, rows: 10 })
  expect(all).toHaveLength(9)
  expect(all.slice(0, 2)).toEqual(['refreshing: 12 of 300 steps done, 30 running', '  s.t0: 0 ms'])
})
