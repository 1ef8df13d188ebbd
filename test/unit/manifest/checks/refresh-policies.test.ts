// Refresh policies in a manifest: what is rejected, with its place, and the policy of each copy.

import { expect, test } from 'vitest'
import { expandManifest } from '../../../../src/manifest/expansion/expand.ts'
import { unidentified } from '../../../../src/manifest/expansion/lock.ts'
import { refreshPolicies } from '../../../../src/manifest/expansion/refresh-policies.ts'
import { parseManifest } from '../../../../src/manifest/parse.ts'
import { head, localTable, problemsOf, read, server, view } from '../reading.ts'

const refresh = (text: string) => view(`query: SELECT 1, refresh: { ${text} }`)
const ofTable = (text: string) => localTable(`query: SELECT 1 AS id, ${text}`)
const mirror = (text: string) =>
  `${head}mirrors:\n  m: { server: s, remote_schema: public, proxy_schema: p, schema: c, ${text} }\n`

test.each([
  ['a duration', refresh('max_age: 15 minutes'), 'm.yaml:6:49: "max_age" must be a duration such as'],
  ['a duration without a unit', refresh('timeout: 15'), 'm.yaml:6:49: "timeout" must be a duration such as'],
  ['minutes as m', refresh('max_age: 5m'), 'such as 90s, 15min, 1h or 1d, not "5m"'],
  ['a duration of nothing', refresh('timeout: 0s'), 'm.yaml:6:49: "timeout" must be longer than 0'],
  [
    'a schedule',
    refresh('schedule: "75 * * * *"'),
    'm.yaml:6:50: invalid schedule "75 * * * *": the minute must be from',
  ],
  ['a strategy', refresh('strategy: fast'), 'm.yaml:6:50: "strategy" must be one of auto, plain, concurrently, swap'],
  ['a query', refresh('skip_if_same: SELECT FROM WHERE'), 'm.yaml:6:66: invalid query'],
  ['a query that changes data', refresh('skip_if_same: DELETE FROM t'), 'm.yaml:6:54: a query must be a SELECT'],
  ['a group', refresh('group: ""'), 'm.yaml:6:47: "group" must not be empty'],
  [
    'a schedule and a swap',
    refresh('schedule: "@daily", strategy: swap'),
    'm.yaml:6:70: a copy with a schedule cannot have',
  ],
  ['plain of a table', ofTable('refresh: { strategy: plain }'), 'm.yaml:6:56: a table cannot have the strategy plain'],
  [
    'concurrently of a table, inherited',
    `refresh: { strategy: concurrently }\n${ofTable('primary_key: [id]')}`,
    'm.yaml:7:7: a table cannot have the strategy concurrently',
  ],
  ['merge of a view', refresh('strategy: merge'), 'm.yaml:6:50: a materialized view cannot have the strategy merge'],
  [
    'merge without a key',
    ofTable('refresh: { strategy: merge }'),
    'm.yaml:6:56: the strategy merge needs a primary key, and table p.t declares none',
  ],
  [
    'a watermark of its own without a key',
    ofTable('refresh: { watermark: { column: id } }'),
    'm.yaml:6:35: a watermark needs a primary key, and table p.t declares none',
  ],
  [
    'the strategy watermark without a key, inherited with its column',
    `refresh: { strategy: watermark, watermark: { column: id } }\n${ofTable('not_null: [id]')}`,
    'm.yaml:7:7: the strategy watermark needs a primary key, and table p.t declares none',
  ],
  [
    'a watermark of a view',
    refresh('watermark: { column: id }'),
    'm.yaml:6:29: a materialized view cannot have a watermark',
  ],
  [
    'a schedule without a key',
    ofTable('refresh: { schedule: "@daily" }'),
    'm.yaml:6:35: a schedule needs a primary key, and table p.t declares none',
  ],
  ['an unknown key', refresh('maxage: 1h'), 'm.yaml:6:40: unknown key "maxage"; did you mean "max_age"?'],
  ['of the manifest', `${head}refresh: { max_age: soon }\n`, 'm.yaml:3:21: "max_age" must be a duration'],
  ['of a mirror', mirror('refresh: { max_age: soon }'), 'm.yaml:4:90: "max_age" must be a duration'],
  [
    'of a table',
    mirror('tables: { t: { refresh: { schedule: soon } } }'),
    'm.yaml:4:106: invalid schedule "soon": it must',
  ],
  ['a database', `${head}cron: { database: ${'x'.repeat(64)} }\n`, 'm.yaml:3:19: the name has 64 bytes'],
  ['a limit of connections', server('max_connections: 0'), 'm.yaml:5:22: "max_connections" must be at least 1'],
])('%s is rejected', async (_, text, problem) => expect(await problemsOf(text)).toContain(problem))

test('what a copy declares takes back a strategy that it cannot have', async () => {
  const table = ofTable('primary_key: [id], refresh: { strategy: merge, schedule: "@daily" }')
  expect(await problemsOf(`refresh: { strategy: plain }\n${table}`)).toBe('')
})

test('a group with one copy, none and an unresolved reference are accepted', async () => {
  expect(await problemsOf(refresh('group: alone, max_age: none, schedule: none, skip_if_same: none'))).toBe('')
  const unresolved = Buffer.from(refresh('max_age: "${env:NO_SUCH}"'))
  await expect(parseManifest('m.yaml', unresolved, undefined)).resolves.toBeDefined()
})

test('the nearest policy decides, key by key: copy, table of the mirror, mirror, manifest', async () => {
  const parsed = await read(`${head}
refresh: { max_age: 1h, timeout: 1min }
mirrors:
  m:
    server: s
    remote_schema: public
    proxy_schema: p
    schema: c
    refresh: { max_age: 15min, group: g }
    tables:
      b: { refresh: { max_age: 1d } }
      d: { refresh: { strategy: swap, max_age: 2d } }
schemas:
  c:
    materialized_views:
      d: { query: SELECT 1, refresh: { max_age: none } }
      e: { query: SELECT 1 }
    tables:
      f: { query: SELECT 1, refresh: { max_age: 2h } }
`)
  const [request] = parsed.requests
  if (!request) throw new Error('the mirror requests nothing')
  const stanza = { server: 's', columns: { id: 'int' } }
  const tables = new Map(['a', 'b', 'd'].map((name) => [name, stanza]))
  const { expanded } = expandManifest(parsed, [
    { request, tables, types: [], indexes: new Map(), primaryKeys: new Map(), ...unidentified, isComplete: true },
  ])
  const policies = refreshPolicies(expanded.manifest).map(({ copy, policy }) => [copy.name, policy])
  const timeoutMilliseconds = 60_000
  expect(Object.fromEntries(policies)).toEqual({
    a: { strategy: 'auto', maxAgeMilliseconds: 900_000, group: 'g', timeoutMilliseconds },
    b: { strategy: 'auto', maxAgeMilliseconds: 86_400_000, group: 'g', timeoutMilliseconds },
    d: { strategy: 'swap', group: 'g', timeoutMilliseconds },
    e: { strategy: 'auto', maxAgeMilliseconds: 3_600_000, timeoutMilliseconds },
    f: { strategy: 'auto', maxAgeMilliseconds: 7_200_000, timeoutMilliseconds },
  })
})

test('a watermark of a mirror or a manifest is that of the tables with a primary key', async () => {
  const parsed = await read(`${head}
refresh: { watermark: { column: at } }
mirrors:
  m:
    server: s
    remote_schema: public
    proxy_schema: p
    schema: c
    as: tables
    refresh: { watermark: { column: changed } }
    tables: { b: { as: materialized_views }, d: { primary_key: [id] } }
schemas:
  local:
    materialized_views: { v: { query: SELECT 1 } }
    tables: { keyless: { query: SELECT 1 AS id }, keyed: { query: SELECT 1 AS id, primary_key: [id] } }
`)
  const stanza = { server: 's', columns: { id: 'int' } }
  const tables = new Map(['a', 'b', 'd'].map((name) => [name, stanza]))
  const { expanded } = expandManifest(
    parsed,
    parsed.requests.map((request) => ({
      ...{ request, tables, types: [], indexes: new Map(), primaryKeys: new Map(), ...unidentified, isComplete: true },
    })),
  )
  const policies = refreshPolicies(expanded.manifest).map(({ copy, policy }) => [copy.name, policy.watermark?.column])
  expect(Object.fromEntries(policies)).toEqual({
    a: undefined,
    b: undefined,
    d: 'changed',
    v: undefined,
    keyless: undefined,
    keyed: 'at',
  })
})

/** Two copies of one group, the second one with `two` as its query, and a mirror of the source. */
const grouped = ({ one = '', two = 'SELECT id FROM p.a', mirror = '' }) => `${head}
servers:
  s: { user_mappings: { public: { user: x }, etl: { user: x } } }
  other: {}
schemas:
  p:
    foreign_tables:
      a: { server: s, columns: { id: int } }
      b: { server: other, columns: { id: int } }
  local:
    materialized_views:
      one: { query: SELECT id FROM p.a, ${one}refresh: { group: g } }
      two:
        query: ${two}
        refresh: { group: g }
mirrors:
  m: { server: other, remote_schema: public, proxy_schema: m, schema: c, ${mirror} }
`

test.each([
  [
    'two servers',
    grouped({ two: 'WITH a AS (SELECT 1) SELECT id FROM p.b' }),
    'm.yaml:17:20: the group "g" is not of one moment: materialized view local.one reads server s, and materialized view local.two reads server other',
  ],
  [
    'the mappings of two roles',
    grouped({ one: 'owner: etl, ', two: 'SELECT id FROM p.a\n        owner: bi' }),
    'm.yaml:18:',
  ],
  ['two servers in one query', grouped({ two: 'SELECT FROM p.a, p.b' }), 'local.two reads server other'],
  ['a mirror of another server', grouped({ mirror: 'refresh: { group: g }' }), 'mirror m reads server other, and'],
  [
    'a table of such a mirror',
    grouped({ mirror: 'tables: { t: { refresh: { group: g } } }' }),
    'materialized view c.t reads server other, and',
  ],
  ['a table that such a mirror imports', grouped({ two: 'SELECT FROM m.anything' }), 'local.two reads server other'],
])('a group of %s is rejected', async (_, text, problem) => expect(await problemsOf(text)).toContain(problem))

test.each([
  ['one server', grouped({})],
  ['an unknown role', grouped({ one: 'owner: etl, ' })],
  ['roles without mappings', grouped({ one: 'owner: a, ', two: 'SELECT id FROM p.a\n        owner: b' })],
  ['a copy of a copy', grouped({ two: 'SELECT id FROM local.one' })],
  ['relations that are not managed', grouped({ two: 'SELECT FROM b, pg_class, x.y' })],
])('a group of %s is accepted', async (_, text) => expect(await problemsOf(text)).toBe(''))
