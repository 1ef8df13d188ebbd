// What is planned along with what `--only` names.

import { expect, test } from 'vitest'
import { select, selectionWarnings } from '../../../src/planner/selection.ts'
import { alter, drop, field, liveState, table, view, wantedState } from '../differ/objects.ts'

const orders = table('orders')
const [other, sourceView] = [table('other'), view('the query of a table', [orders])]

test.each([
  ['s.orders', [orders.key, ...orders.needs, sourceView.key]],
  ['s.other', [other.key, ...other.needs]],
])('%s takes along the view that a table left behind, if it reads that', (pattern, expected) => {
  const changes = [alter(orders, [field('x')]), alter(other, [field('x')]), drop(sourceView)]
  const candidates = { wanted: wantedState(orders, other), live: liveState(orders, other, sourceView), changes }
  expect([...select([pattern], new Set(), candidates).keys].sort()).toEqual(expected.toSorted())
})

test('names some of what it takes along, and counts the rest', () => {
  const changes = Array.from({ length: 1_011 }, (_, at) => alter(table(`t${at}`), [field('x')]))
  const selection = {
    ...select(['s.other'], new Set(), { wanted: wantedState(other), live: liveState(other), changes: [] }),
  }
  const leftOut = new Set(changes.map(({ key }) => key))
  expect(selectionWarnings({ ...selection, leftOut }, [])).toMatchObject([
    { message: '--only leaves out 1,011 other objects that differ' },
  ])
  expect(selectionWarnings(selection, changes)).toMatchObject([
    { message: expect.stringMatching(/^--only takes along what it needs or affects: [^,]*t0, .*t9 and 1,001 more$/) },
  ])
})
