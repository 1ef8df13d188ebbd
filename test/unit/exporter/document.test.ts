// The text of an exported manifest: any value survives it, and variables have distinct names.

import { expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { manifestText } from '../../../src/exporter/document.ts'
import { createVariables } from '../../../src/exporter/variables.ts'
import { type Written, withoutBrackets } from '../../../src/kinds/facets/stanza.ts'
import { read } from '../manifest/reading.ts'

const head = { comment: ['# names may hold\nanything: {'], name: 'm', searchPath: undefined }

/** Pseudo-random texts, the same in every run. */
function texts(count: number): readonly string[] {
  const pieces = [
    'a',
    'b c',
    ' ',
    '  ',
    '\n',
    '\n\n',
    '\t',
    '\r',
    "'",
    '"',
    '\\',
    ':',
    ': ',
    '#',
    ' #',
    '-',
    '- ',
    '? ',
    '{',
    '}',
    '[',
    ']',
    ',',
  ]
  const more = [
    '${',
    '${env:X}',
    '$${',
    '$',
    '&a',
    '*a',
    '!t',
    '|',
    '>',
    '%',
    '@',
    '`',
    '---',
    '...',
    '~',
    'null',
    'true',
    '0777',
    '1.10',
    '\u00a0',
    '\u2028',
    'é',
    '日本',
    '😀',
    '\u0007',
    '\u0085',
    '\ufeff',
  ]
  const all = [...pieces, ...more]
  let state = 1
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random(7) }, () => all[random(all.length)]).join(''),
  )
}

/** A text may look like a secret. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, revealed(part)]))
}

test('any text survives a round trip through YAML: as a value, a name, in lists, on one line and in blocks', async () => {
  const end = performance.now() + 5000
  for (const [at, text] of texts(1000).entries()) {
    // A busy machine tries as many as it has the time for.
    if (at >= 100 && performance.now() > end) return
    const value: Written = { comment: text, options: { [text]: text, plain: 5 } }
    const view = {
      query: 'SELECT 1',
      with: { [text]: text },
      indexes: { i: { columns: [text, { column: text }], comment: text } },
    }
    const yaml = manifestText(head, [
      { path: ['servers', text], value, notes: [text] },
      { path: ['schemas', text, 'materialized_views', text], value: view },
    ])
    const { manifest } = await read(yaml)
    const expected = { comment: text, options: { [text]: text, plain: '5' } }
    expect(revealed(manifest.servers), yaml).toEqual({ [text]: expected })
    expect(manifest.schemas?.[text]?.materialized_views?.[text], yaml).toEqual(view)
  }
})

test('variables have distinct names that a shell can set', () => {
  const context = createVariables()
  const name = (...words: readonly string[]) => context.variable(words, 'x').name
  expect(name('shop', 'password')).toBe('SHOP_PASSWORD')
  expect(name('shop', 'etl', 'password')).toBe('SHOP_ETL_PASSWORD')
  expect(name('Shop', 'Password')).toBe('SHOP_PASSWORD_2')
  expect(name('my-shop.eu', '2nd role', 'password')).toBe('MY_SHOP_EU_2ND_ROLE_PASSWORD')
  expect(name('2', 'token')).toBe('FDW_2_TOKEN')
  expect(name('日本', 'password')).toBe('PASSWORD')
  expect(context.required.length).toBe(6)
})

test.each([
  ['(id > 0)', 'id > 0'],
  ['((id > 0) AND (id < 5))', '(id > 0) AND (id < 5)'],
  ['(id > 0) AND (id < 5)', '(id > 0) AND (id < 5)'],
  ["(a <> ')'::text)", "a <> ')'::text"],
  ["('(' || a) = (b || ')')", "('(' || a) = (b || ')')"],
  ["(a = E'\\'')", "(a = E'\\'')"],
  ['("a)" > 1)', '("a)" > 1)'],
  ['\nCASE\n    WHEN a THEN b\nEND', 'CASE\n    WHEN a THEN b\nEND'],
  ['now()', 'now()'],
])('%s without its brackets', (text, bare) => expect(withoutBrackets(text)).toBe(bare))
