// Text that is not YAML: one error, which says what to do if a reference lacks its quotes.

import { describe, expect, test } from 'vitest'
import { head, problemsOf } from '../reading.ts'

describe('references without quotes', () => {
  test.each([
    ['in a map', 'servers: { s: { options: { host: ${env:H}, port: "1" } } }', '3:34'],
    ['as the last value', 'servers: { s: { options: { host: ${env:H} } } }', '3:34'],
    ['with a default', 'servers: { s: { options: { host: ${env:H:-x}, port: "1" } } }', '3:34'],
    ['of a file', 'servers: { s: { options: { host: ${file:h} } } }', '3:34'],
    ['in the middle of a value', 'servers: { s: { options: { host: db.${env:H}.example } } }', '3:37'],
    ['in a list', 'search_path: [ ${env:A}, b ]', '3:16'],
    ['in a map over several lines', 'servers: {\n  s: {\n    options: { host: ${env:H},\n  port: "1" } } }', '5:22'],
  ])('%s', async (_, text, place) => {
    expect(await problemsOf(head + text)).toMatch(
      new RegExp(
        `^m\\.yaml:${place}: a reference inside { } or \\[ ] must be quoted\\n.*\\n *\\^\\n {2}Write the value in double quotes.*$`,
      ),
    )
  })

  test('many of them are one error', async () => {
    const servers = Array.from({ length: 84 }, (_, at) => `  s${at}: { options: { host: \${env:H}, port: "1" } }`)
    expect((await problemsOf(`${head}servers:\n${servers.join('\n')}\n`)).split('\n')).toHaveLength(4)
  })

  test('in a block they need none', async () => {
    expect(await problemsOf(`${head}servers:\n  s:\n    options:\n      host: \${env:HOST}\n`)).toBe('')
  })
})

describe('a value that is not quoted ends early: the error is at what follows it', () => {
  const comma = /^a comma ends a value in (?:\{ }|\[ ]) that is not quoted$/
  const table = (columns: string) => `schemas: { p: { foreign_tables: { t: { server: s, columns: ${columns} } } } }`
  const index = (columns: string) =>
    `schemas: { p: { materialized_views: { v: { query: SELECT 1, indexes: { i: { columns: ${columns} } } } } } }`
  test.each<[string, string, string, RegExp]>([
    ['a type in a map', table('{ a: { type: numeric(12,2) } }'), '2)', comma],
    ['a type of a column', table('{ a: numeric(12, 2), b: int }'), '2)', comma],
    ['twice in a map, which is no duplicate', table('{ a: numeric(1,2), b: numeric(3,2) }'), '2)', comma],
    ['a query', 'schemas: { p: { materialized_views: { v: { query: SELECT a, b FROM t } } } }', 'b FROM', comma],
    [
      'a cast in a query',
      'schemas: { p: { materialized_views: { v: { query: SELECT a, b::int FROM t } } } }',
      'b::int',
      comma,
    ],
    ['an expression', index('[{ expression: coalesce(a, b) }]'), 'b)', comma],
    ['an expression in a list', index('[left(a, 3)]'), '3)', comma],
    ['an array', table('{ a: int[], b: int }'), '[], b', /^unexpected text after a value$/],
    ['an array in a map', table('{ a: { type: int[] } }'), '[] }', /^unexpected text after a value$/],
    ['a quote at the start', table("{ a: { type: text, default: 'x' || 'y' } }"), "|| 'y'", /^unexpected text after/],
    ['a cast', table("{ a: { type: text, default: 'x'::text } }"), "'x'", /^Block collections are not allowed/],
    ['a cast in a block', "schemas:\n  p:\n    comment: 'x'::text", '::text', /^unexpected text after a value$/],
  ])('%s', async (_, text, rest, message) => {
    const [first = '', , , hint] = (await problemsOf(head + text)).split('\n')
    const before = (head + text).slice(0, (head + text).indexOf(rest)).split('\n')
    const [, place, found = ''] = /^m\.yaml:(\d+:\d+): (.*)$/.exec(first) ?? []
    expect(found).toMatch(message)
    expect(place).toBe(`${before.length}:${(before.at(-1)?.length ?? 0) + 1}`)
    expect(hint).toBe('  If this is part of a value, quote the whole value: "…".')
  })

  test.each([
    '{ a:int }',
    '{ a: int, b:int }',
    '{ a=int }',
  ])('and without a blank after its colon a key has none: %s', async (columns) => {
    expect(await problemsOf(head + table(columns))).toMatch(
      /a key in \{ } has no value\n.*\n.*\n {2}Write a colon and a blank/,
    )
  })

  test('a password is not shown', async () => {
    const text = `${head}servers: { s: { user_mappings: { u: { password: hush, more } } } }`
    expect(await problemsOf(text)).not.toContain('hush')
  })
})

test.each([
  ['a bracket that is not closed', 'servers: { s: { options: [ }'],
  ['a quote that is not closed', 'servers: { s: { options: { host: "x } } }\nschemas: {}'],
  ['a tab', 'servers:\n\ts: {}\n\tt: {}'],
  ['an indentation', 'servers:\n    s: {}\n  t: {}\n  u: {}'],
  ['a second document', 'servers: { s: [ }\n---\nversion: 1'],
])('%s is one error', async (_, text) => {
  expect((await problemsOf(head + text)).match(/^m\.yaml:/gm)).toHaveLength(1)
})

test('of a long line only the surroundings of the error are shown', async () => {
  const servers = (letter: string) =>
    Array.from({ length: 99 }, (_, at) => `${letter}${at}: { options: { host: h } }`).join(', ')
  const [first = '', line = '', caret = ''] = (
    await problemsOf(`${head}servers: { ${servers('a')}, s: { optoins: {} }, ${servers('b')} }`)
  ).split('\n')
  const column = Number(/^m\.yaml:3:(\d+): unknown key/.exec(first)?.[1])
  expect(column).toBeGreaterThan(1000)
  expect([line.startsWith('  …'), line.endsWith('…'), line.length < 300]).toEqual([true, true, true])
  expect(line.slice(caret.indexOf('^')).startsWith('optoins')).toBe(true)
})
