// A plan shows the comment of every new object that has one.

import { expect, test } from 'vitest'
import { createRunDigests } from '../../../src/introspector/digests.ts'
import { declaredKinds, kindOf } from '../../../src/kinds/registry.ts'
import { read } from '../manifest/reading.ts'

const commented = `version: 1
name: a
foreign_data_wrappers: { w: { comment: c } }
servers: { s: { foreign_data_wrapper: w, comment: c } }
schemas:
  p:
    comment: c
    types: { t: { enum: [a], comment: c } }
    foreign_tables: { f: { server: s, columns: { id: int }, comment: c } }
    materialized_views:
      m:
        query: SELECT 1 AS one
        comment: c
        indexes: { i: { columns: [one], comment: c } }
        statistics: { st: { columns: [one, two], comment: c } }
    tables: { u: { query: SELECT 1 AS one, comment: c } }
`

test('each kind', async () => {
  const { manifest } = await read(commented)
  const objects = declaredKinds.flatMap((kind) => kind.declare(manifest, createRunDigests()))
  const withComment = objects.filter(({ spec }) => (spec as { comment?: unknown }).comment === 'c')
  expect(withComment.map(({ id }) => id.kind).sort()).toEqual(
    'foreignTable foreignDataWrapper index materializedView schema server statistics table type'.split(' ').sort(),
  )
  for (const { id, spec } of withComment)
    expect(kindOf(id).display?.details?.(spec), id.kind).toContainEqual(['comment', 'c'])
})
