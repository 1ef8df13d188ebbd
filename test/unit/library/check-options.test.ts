// Options of programs that only show as something else later, or never.

import { expect, test } from 'vitest'
import { checkOptions } from '../../../src/library/check-options.ts'

test.each([
  [{ jobs: 0 }, 'jobs must be a whole number from 1, not 0'],
  [{ jobs: 1.5 }, 'jobs must be a whole number from 1, not 1.5'],
  [{ jobs: Number.NaN }, 'jobs must be a whole number from 1, not NaN'],
  [{ timeoutMilliseconds: -1 }, 'timeoutMilliseconds must be greater than 0, not -1'],
  [{ sourceTimeoutMilliseconds: 0 }, 'sourceTimeoutMilliseconds must be greater than 0, not 0'],
  [{ leaseTimeoutMilliseconds: Number.NaN }, 'leaseTimeoutMilliseconds must be at least 0, not NaN'],
  [{ allow: ['drops-data', 'drop-data'] }, /^allow must be one of untrusted-code, .*, not "drop-data"$/],
  [{ strategy: 'fast' }, /^strategy must be one of auto, .*, not "fast"$/],
])('%j', (options, message) => {
  expect(() => checkOptions(options)).toThrow(message)
})

test('what is possible, or not given, is accepted', () => {
  checkOptions({})
  checkOptions({ jobs: 1, lockTimeoutMilliseconds: 0, allow: ['drops-data'], strategy: 'swap', timeoutMilliseconds: 1 })
})
