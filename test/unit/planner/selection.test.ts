// What is planned along with what `--only` names.

import { expect, test } from 'vitest'
import { select } from '../../../src/planner/selection.ts'
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
