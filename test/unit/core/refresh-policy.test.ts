// Merging refresh policies: the nearest stanza that has a key decides.

import { expect, test } from 'vitest'
import { mergeStanzas, policyOf, type RefreshPolicy, type RefreshStanza } from '../../../src/core/refresh-policy.ts'

const cases: readonly (readonly [what: string, stanzas: readonly (RefreshStanza | undefined)[], RefreshPolicy])[] = [
  ['nothing', [undefined, undefined], { strategy: 'auto' }],
  ['one', [{ strategy: 'swap', max_age: '15min' }], { strategy: 'swap', maxAgeMilliseconds: 900_000 }],
  [
    'key by key',
    [{ max_age: '1d' }, undefined, { max_age: '15min', group: 'orders' }, { timeout: '10min', group: 'all' }],
    { strategy: 'auto', maxAgeMilliseconds: 86_400_000, group: 'orders', timeoutMilliseconds: 600_000 },
  ],
  [
    'a default that is taken back',
    [
      { max_age: 'none', schedule: 'none', timeout: 'none', skip_if_same: 'none', group: 'none' },
      { max_age: '1h', schedule: '@daily', timeout: '1h', skip_if_same: 'SELECT 1', group: 'g' },
    ],
    { strategy: 'auto' },
  ],
  [
    'a query and a schedule',
    [{ skip_if_same: 'SELECT 1; ' }, { schedule: ' @daily ' }],
    { strategy: 'auto', skipIfSame: 'SELECT 1', schedule: '@daily' },
  ],
]

test.each(cases)('%s', (_, stanzas, policy) => expect(policyOf(mergeStanzas(...stanzas))).toEqual(policy))
