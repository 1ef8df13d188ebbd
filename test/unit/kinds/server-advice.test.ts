// What a plan advises for a new server.

import { expect, test } from 'vitest'
import { server } from '../../../src/kinds/server.ts'

test.each([
  ['postgres_fdw without fetch_size', {}, true],
  ['postgres_fdw with fetch_size', { options: { fetch_size: '100' } }, false],
  ['another wrapper', { wrapper: 'mysql_fdw' }, false],
])('%s', (_, more, isAdvised) => {
  const spec = { wrapper: 'postgres_fdw', type: null, version: null, options: {}, ...more }
  const labels = server.display?.details?.(spec).map(([label]) => label) ?? []
  expect(labels.includes('advice')).toBe(isAdvised)
})
