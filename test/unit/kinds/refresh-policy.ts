// Refresh policies, which are rows of the ledger.
import type { RefreshPolicy } from '../../../src/core/refresh-policy.ts'
import { refreshPolicy } from '../../../src/kinds/refresh-policy.ts'
import { type KindTable, nothing } from './table.ts'

const update = (assignment: string) =>
  `UPDATE fdwsync.policy SET ${assignment} WHERE address = '["refreshPolicy","shop","it''s"]'`

export const refreshPolicyTable: KindTable<RefreshPolicy> = {
  kind: refreshPolicy,
  id: { kind: 'refreshPolicy', schema: 'shop', name: "it's" },
  spec: { strategy: 'auto' },
  compare: {
    strategy: [[{}, { strategy: 'swap' }, 'strategy: auto → swap', update("strategy = 'swap'")]],
    maxAgeMilliseconds: [
      [{}, { maxAgeMilliseconds: 900_000 }, 'max age: none → 15min', update("max_age = '15min'")],
      [{ maxAgeMilliseconds: 5_400_000 }, {}, 'max age: 90min → none', update('max_age = NULL')],
      [{ maxAgeMilliseconds: 60_000 }, { maxAgeMilliseconds: 60_000 }, nothing, '60s is 1min'],
    ],
    schedule: [
      [
        { schedule: '@daily' },
        { schedule: '5 0 * * *' },
        'schedule: @daily → 5 0 * * *',
        update("schedule = '5 0 * * *'"),
      ],
    ],
    timeoutMilliseconds: [[{}, { timeoutMilliseconds: 90_000 }, 'timeout: none → 90s', update("timeout = '90s'")]],
    skipIfSame: [
      [{}, { skipIfSame: "SELECT 'a'" }, "skip if same: none → SELECT 'a'", update("skip_if_same = 'SELECT ''a'''")],
    ],
    watermark: [
      [
        { watermark: { column: 'at', fullMilliseconds: 86_400_000 } },
        { watermark: { column: 'at', overlap: '5min', soft: 'gone' } },
        'watermark: at, deletes never, full 1d → at, overlap 5min, deletes where gone, full never',
        update(`watermark = '{"column":"at","overlap":"5min","soft":"gone"}'`),
      ],
    ],
    group: [[{ group: 'a' }, { group: 'b' }, 'group: a → b', update("group_name = 'b'")]],
  },
  together: [
    [
      {},
      { strategy: 'plain', group: 'g' },
      ['strategy: auto → plain', 'group: none → g'],
      update("strategy = 'plain', group_name = 'g'"),
    ],
  ],
  settle: {},
  roundTrips: {
    definition: 'refresh',
    unwritten: { watermark: 'a materialized view has none' },
    manifest: { schemas: { shop: { materialized_views: { "it's": { query: 'SELECT 1' } } } } },
    stanzas: [
      [{ strategy: 'concurrently', max_age: '15min', timeout: '90s' }],
      [{ strategy: 'auto', schedule: '*/15 * * * *', skip_if_same: 'SELECT 1', group: 'g' }],
    ],
  },
}
