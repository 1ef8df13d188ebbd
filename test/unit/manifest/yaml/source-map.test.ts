// The place of a character in every style of a YAML value. `@` marks it, and is removed.

import { expect, test } from 'vitest'
import { head, read } from '../reading.ts'

test.each<[string, string]>([
  ['plain', 'query: SELECT @a FROM t'],
  ['plain over two lines', 'query: SELECT 1,\n          @a FROM t'],
  ['literal', 'query: |\n          SELECT 1,\n            @a\n          FROM t'],
  ['literal with an indentation of its own', 'query: |4-\n            SELECT 1,\n            @a FROM t'],
  ['literal after a comment', 'query: | # of the shop\n          SELECT @a FROM t'],
  ['folded', 'query: >\n          SELECT 1,\n          2,\n\n            @a\n          FROM t'],
  ['single quotes', "query: 'SELECT ''x'' AS b, @a FROM t'"],
  ['single quotes over lines', "query: 'SELECT ''x''\n\n          AS b, @a FROM t'"],
  ['double quotes', 'query: "SELECT @a FROM t"'],
  ['escapes', String.raw`query: "SELECT '\\ \u0041\x42\U0001F600\_\t' AS \"b\",\n@a FROM t"`],
  ['a line continued', 'query: "SELECT 1, \\\n          @a FROM t"'],
  ['before a reference', 'query: SELECT @a, ${env:HOST} FROM t'],
  ['after a tab and characters of two units', 'query: "SELECT \'😀\',\t@a FROM t"'],
])('%s', async (_, value) => {
  const marked = `${head}schemas:\n  s:\n    materialized_views:\n      v:\n        ${value}\n`
  const parsed = await read(marked.replace('@', ''))
  const query = parsed.manifest.schemas?.s?.materialized_views?.v?.query ?? ''
  const before = marked.slice(0, marked.indexOf('@')).split('\n')
  const place = parsed.placeInside(['schemas', 's', 'materialized_views', 'v', 'query'], query.search(/\ba\b/))
  expect(place).toMatchObject({ line: before.length, column: (before.at(-1)?.length ?? 0) + 1 })
})

test('behind a reference, whose value is not in the text, it is the value', async () => {
  const parsed = await read(
    `${head}schemas: { s: { materialized_views: { v: { query: 'SELECT \${env:HOST}, a' } } } }\n`,
  )
  const place = parsed.placeInside(['schemas', 's', 'materialized_views', 'v', 'query'], 12)
  expect(place).toMatchObject({ line: 3, column: 51 })
})
