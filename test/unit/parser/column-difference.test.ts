// Queries of copies whose columns differ: those that return the same rows otherwise, and those that may not.

import { expect, test } from 'vitest'
import { columnDifference } from '../../../src/parser/column-difference.ts'

const before = ' SELECT id,\n    total\n   FROM proxy.orders\n  WHERE (id <= 50)'
const from = 'FROM proxy.orders WHERE (id <= 50)'

test.each([
  ['a new column', `SELECT id, total, "Placed at" ${from}`, { dropped: [], added: ['Placed at'] }],
  ['a column less', `SELECT total ${from}`, { dropped: ['id'], added: [] }],
  ['both', `SELECT id, orders.note ${from}`, { dropped: ['total'], added: ['note'] }],
  [
    'what an expression without functions computes',
    `SELECT id, total, ((a)::text COLLATE "C") AS b, CASE WHEN (c IS NULL) THEN 1 ELSE (c + 1) END AS d, COALESCE(e, ARRAY[1]) AS f ${from}`,
    { dropped: [], added: ['b', 'd', 'f'] },
  ],
])('%s', async (_, after, difference) => {
  expect(await columnDifference(before, after)).toEqual(difference)
})

test.each([
  ['a column between others', before, `SELECT id, note, total ${from}`],
  ['another order', before, `SELECT total, id ${from}`],
  ['another expression', before, `SELECT id, (total * 2) AS total ${from}`],
  ['only other columns', before, `SELECT a, b ${from}`],
  ['another condition', before, 'SELECT id, total, note FROM proxy.orders WHERE (id <= 51)'],
  ['another relation', before, 'SELECT id, total, note FROM proxy.invoices WHERE (id <= 50)'],
  ['a function, which may return a set', before, `SELECT id, total, tags(note) AS tag ${from}`],
  ['an aggregate less', 'SELECT a, count(*) AS n FROM t', 'SELECT a FROM t'],
  ['a subquery', before, `SELECT id, total, (SELECT 1) AS one ${from}`],
  ['whole rows', before, `SELECT id, total, (orders.*)::text AS row ${from}`],
  ['a column of distinct rows', 'SELECT DISTINCT a, b FROM t', 'SELECT DISTINCT a FROM t'],
  [
    'a column of a union',
    'SELECT a, b FROM t UNION ALL SELECT a, b FROM u',
    'SELECT a FROM t UNION ALL SELECT a FROM u',
  ],
  ['a column without a name', before, `SELECT id, total, 1 ${from}`],
  ['two columns of one name', before, `SELECT id, total, a.x, b.x ${from}`],
])('%s differs in more than columns', async (_, one, other) => {
  expect(await columnDifference(one, other)).toBeUndefined()
})
