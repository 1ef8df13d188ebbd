// What release warns of: objects that the manifest declares, or has from a source, so that the next apply would adopt them again.

import { expect, test } from 'vitest'
import { keyOf } from '../../../src/core/object.ts'
import { declaredAmong } from '../../../src/library/author.ts'
import { read } from '../manifest/reading.ts'

const manifest = `version: 1
name: a
servers: { s: { options: { host: h } } }
schemas:
  p:
    materialized_views: { m: { query: SELECT 1 AS one } }
    imports: [{ server: s, remote_schema: public, except: [left_out] }]
mirrors:
  all: { server: s, remote_schema: public, proxy_schema: proxy, schema: copy, as: tables, limit_to: [orders] }
`

test.each([
  ['materializedView', 'p', 'm', true],
  ['materializedView', 'p', 'other', false],
  ['foreignTable', 'p', 'orders', true],
  ['foreignTable', 'p', 'left_out', false],
  ['foreignTable', 'proxy', 'orders', true],
  ['foreignTable', 'copy', 'orders', false],
  ['table', 'copy', 'orders', true],
  ['table', 'copy', 'lines', false],
] as const)('%s %s.%s: %s', async (kind, schema, name, isDeclared) => {
  const found = declaredAmong(await read(manifest), [keyOf({ kind, schema, name })])
  expect(found).toHaveLength(isDeclared ? 1 : 0)
})
