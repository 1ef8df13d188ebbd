// The hazard for prepared statements of readers.

import { expect, test } from 'vitest'
import { relationKey } from '../../../../src/core/object.ts'
import { resultTypeHazards } from '../../../../src/differ/steps/result-type.ts'
import { materializedViewTable } from '../../kinds/materialized-view.ts'
import { alter, copy, create, drop, field, replace, shop } from '../objects.ts'

const [column] = materializedViewTable.spec.columns

/** A view with the columns of `a text, b bigint`. */
function withColumns(text: string) {
  const columns = text.split(', ').map((each) => {
    const [name, type] = each.split(' ')
    return { ...column, name, type }
  })
  return copy('v', [], { columns })
}

const replacedTypes = new Set([relationKey('s', 'mood')])

const detailOf = (from: string, to: string, op: 'alter' | 'replace' = 'replace') => {
  const [before, after] = [withColumns(from), withColumns(to)]
  const change = op === 'alter' ? alter(before, [field('x')], after) : replace(before, 'beside', after)
  return resultTypeHazards(change, replacedTypes).map(({ detail }) => detail)
}

const statements = 'prepared statements on it fail until they are prepared again'
const asterisks = 'prepared SELECT * statements on it fail until they are prepared again'

test.each([
  ['nothing changes', detailOf('a text', 'a text'), []],
  [
    'a type',
    detailOf('a numeric(10,2)', 'a numeric(12,3)'),
    [`its columns change (a numeric(10,2) → numeric(12,3)): ${statements}`],
  ],
  ['a column less', detailOf('a text, b text', 'a text'), [`its columns change (b is dropped): ${statements}`]],
  ['a column more', detailOf('a text', 'a text, b text'), [`its columns change (b is added): ${asterisks}`]],
  ['another order', detailOf('a text, b text', 'b text, a text'), [`its columns change (their order): ${asterisks}`]],
  [
    'the same types, one of which is replaced',
    detailOf('a s.kept, b s.mood[]', 'a s.kept, b s.mood[]'),
    [`its columns change (b is of the new s.mood[]): ${statements}`],
  ],
  ['ALTER keeps the order', detailOf('a text, b text', 'b text, a text', 'alter'), []],
  ['a server', resultTypeHazards(alter(shop, [field('x')]), replacedTypes), []],
  ['a new view', resultTypeHazards(create(withColumns('a text')), replacedTypes), []],
  ['a dropped view', resultTypeHazards(drop(withColumns('a text')), replacedTypes), []],
])('%s', (_title, found, expected) => {
  expect(found).toEqual(expected)
})
