// What a plan advises for new objects.

import { expect, test } from 'vitest'
import { foreignTable } from '../../../src/kinds/foreign-table/foreign-table.ts'
import { server } from '../../../src/kinds/server.ts'

test.each([
  ['postgres_fdw without fetch_size', {}, true],
  ['postgres_fdw with fetch_size', { options: { fetch_size: '100' } }, false],
  ['another wrapper', { wrapper: 'mysql_fdw' }, false],
])('a server: %s', (_, more, isAdvised) => {
  const spec = { wrapper: 'postgres_fdw', type: null, version: null, options: {}, ...more }
  const labels = server.display?.details?.(spec).map(([label]) => label) ?? []
  expect(labels.includes('advice')).toBe(isAdvised)
})

test.each([
  ['without columns', {}, true],
  ['that inherits its columns', { inherits: [{ schema: 's', name: 'parent' }] }, false],
  ['that is a partition', { partitionOf: { parent: { schema: 's', name: 'parent' }, bound: 'DEFAULT' } }, false],
])('a foreign table %s', (_, more, isAdvised) => {
  const spec = { server: 's', options: {}, columns: {}, checks: {}, ...more }
  const labels = foreignTable.display?.details?.(spec).map(([label]) => label) ?? []
  expect(labels.includes('advice')).toBe(isAdvised)
})
