// The values that are read without nodes are those of the document: for hard texts, for all YAML files of the repository, and
// for what random edits make of them. What the document rejects is left to it.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FdwsyncError } from '../../../../src/core/errors.ts'
import { readValues } from '../../../../src/manifest/yaml/read-values.ts'
import { isOverlay, readDocument } from '../../../../src/manifest/yaml/read-yaml.ts'
import { toData } from '../../../../src/manifest/yaml/to-data.ts'

/** Undefined if there is anything to report. */
function valuesOfDocument(text: string): unknown {
  try {
    const { data, problems } = toData(readDocument('m.yaml', text).root)
    return problems.length > 0 ? undefined : data
  } catch (error) {
    if (error instanceof FdwsyncError) return undefined
    throw error
  }
}

const read = (text: string) => readValues(text, 64)
/** With the order of keys. */
const shown = (value: unknown) => JSON.stringify(value, null, 1)

const usual: readonly string[] = [
  'a: b',
  '---\na: b\n',
  '# one\n\n---\n# two\na: b # three\n# four\n',
  'a:\n  b:\n    c: d\n  e: f\ng: h',
  'a:\r\n  b: c\r\n  d: e\r\n',
  'extensions:\nservers:\nschemas:',
  'extensions: # none\n\nservers:\n  s:\n',
  'a:\n- b\n- c\nd:\n  - e\n  - f: g\n    h: i\n  -\n    j: k\n  - - l\n    - m\n',
  'a:\n  - b: c\n\n  # d\n  - e: f\n',
  'a: b\n   c\n\n   d\ne: f g:h',
  'a: b#c\nd: "e"   # f\ng: h:i\nj: -k\nl: ?m\nn: a - b',
  'a: [b, "c", \'d\', [e, {f: g}], {h: i, j: {k: l}}, ]\nm: {}\nn: []',
  'a: {b: c,\n  d: [e, # f\n    g],\n  h: i j\n     k }\nl: [\n]\n',
  '{"a": 1, "b":[1,2,{"c":no}],"d":{}}\n',
  '{\n"a": "b",\n"c": ["d"]\n}',
  'a: |\n  b\n   c\n\n  d\n\ne: >-\n  f\n  g\n\n   h\ni: |+\n  j\n\nk: |2\n    l\nm: >+ # n\n  o\n\n\np: |\nq: r',
  'a:\n  - |\n   b\n    c\n  - >\n    d\n    e\nf:\n  |\n  g\n',
  'a:\n  b: |\n      c\n\n  # d\n  e: f',
  'a: "b\\n\\x41\\u00e9 \\"c\\" \\\n  d"\ne: \'f\'\'g\'\nh: "i\n  j"\nk: \'l\n\n  m\'\n"n o": p\n\'q\': r',
  'a: 0777\nb: 1.10\nc: no\nd: 0x1F\ng: .inf\nh: 2026-01-01\n1: i\ntrue: j\n<<: k',
  'version: 1\nschemas: {p: {protect: TRUE, foreign_tables: {t: {protect: false, columns: {not_null: {not_null: true}}}}}}',
  'version: "1"\nschemas: {p: {protect: "true"}}',
  '__proto__: a\nconstructor: b\ntoString: {__proto__: c}',
  'a: ${env:A}\nb: x${file:c}y',
  `${'x'.repeat(1000)}: a`,
  'é: ü\n"😀": 😀\n',
]

test.each(usual.map((text) => [text]))('usual: %j', (text) => {
  expect(read(text)).toBeDefined()
  expect(shown(read(text))).toBe(shown(valuesOfDocument(text)))
})

/** Wrong, or so rare that the document may take care of them. */
const unusual: readonly string[] = [
  '',
  '# nothing',
  'a',
  '- a',
  '[a]',
  '"a"',
  '|\n a',
  'a: b\n---\nc: d',
  'a: b\n...\n',
  '%YAML 1.2\n---\na: b',
  'a: b\na: c',
  'a: {b: c, b: d}',
  'a: {b: c, "b": d}',
  '"\\x61": b\na: c',
  'a: &b c',
  'a: *b',
  'a: !b c',
  '&a b: c',
  '? a\n: b',
  '? a',
  ': a',
  '~: a',
  'null: a',
  '"a" : b',
  'a : b',
  'a:\tb',
  'a:\n\tb: c',
  'a:\n  b: c\n\td: e',
  'a: b\t# c',
  'a: b: c',
  'a: - b',
  'a:\n  b: c\n d: e',
  'a:\n  b: c\n   d: e',
  'a:\n  - b\n - c',
  'a:\n  - b\n   - c\n  d: e',
  '- a\nb: c',
  'a:\n  b\n  c: d',
  'a: "b" c',
  'a: "b"#c',
  'a: "b',
  "a: 'b",
  'a: "\\q"',
  'a: [b',
  'a: [b]]',
  'a: {b: c}}',
  'a: {b: c',
  'a: [b, , c]',
  'a: [, b]',
  'a: [b c: d]',
  'a: [b: c]',
  'a: {b}',
  'a: {b, c: d}',
  'a: {b: numeric(1,2)}',
  'a: [f(b, c)]',
  'a: {b: ${env:C}}',
  'a: {b:c}',
  'a: {[b]: c}',
  '[a]: b',
  '{a: b}: c',
  'a: [\nb\n]',
  'a:\n  b: [\n  c\n  ]',
  'a: @b',
  'a: `b',
  'a: %b',
  'a: ,b',
  'a: |x\n  b',
  'a: |\nb: c',
  'a: |#b\n  c',
  'a: |\n    b\n  c',
  'a: >\n   \n  b',
  'a: |\n  b\n\t\n',
  'a: |-+\n  b',
  'a: b\n  "c": d',
  `${'x'.repeat(1025)}: a`,
  `"${'\\x41'.repeat(300)}": a`,
  `a: ${'{ b: '.repeat(65)}c${' }'.repeat(65)}`,
  'schemas: {p: {protect: yes}}',
  'name:',
  'name: ""\nservers: {s: {options: {host: }}}',
  '\uFEFFa: b',
  'a: b\0c',
  'a: b\rc: d',
  '---\n---  { "a": b }',
  '... ": a',
  'a:\n# b\n  c\nd: e',
  'a:\n  -\n# b\n    c\n',
  'a: { b: c\n# d\n , e: f }',
]

test.each(unusual.map((text) => [text]))('unusual: %j', (text) => {
  const values = read(text)
  if (values !== undefined) expect(shown(values)).toBe(shown(valuesOfDocument(text)))
})

const root = join(import.meta.dirname, '../../../..')
const files = ['test/cases', 'examples'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.ya?ml$/.test(file))
    .map((file) => join(folder, file)),
)
const texts = new Map(
  files.map((file) => [file, readFileSync(join(root, file), 'utf8').replace('{{SHOP}}', 'name: shop')] as const),
)

test('the manifests of the repository', () => {
  const left = files.filter((file) => {
    const text = texts.get(file) ?? ''
    const [values, expected] = [read(text), valuesOfDocument(text)]
    // Overlays are read from the document, as null means something in them.
    if (isOverlay(values) || /^overlay: true$/m.test(text)) return false
    if (values !== undefined) expect(shown(values), file).toBe(shown(expected))
    return values === undefined && expected !== undefined
  })
  expect(left).toEqual([])
})

test('random edits of them', () => {
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed % below
  }
  const bits = [
    ' ',
    '  ',
    '\n',
    '\n  ',
    '- ',
    ': ',
    ':',
    '{',
    '}',
    '[',
    ']',
    ', ',
    ',',
    '#',
    ' #',
    '"',
    "'",
    '|',
    '>',
    '\t',
  ]
  const rare = ['', '?', '!', '&a', '*a', '%', '@', '---\n', '...\n', '\r', '\\', '(', '\n\n', '~', '|-\n', '- - ']
  const every = [...texts.values()].filter((text) => text.length < 4000)
  for (let round = 0; round < 1000; round++) {
    let text = every[random(every.length)] ?? ''
    for (let edit = random(3); edit >= 0; edit--) {
      const at = random(text.length)
      const bit = [...bits, ...rare][random(bits.length + rare.length)] ?? ''
      text = text.slice(0, at) + bit + text.slice(at + random(4))
    }
    const values = read(text)
    if (values !== undefined && !isOverlay(values)) expect(shown(values), text).toBe(shown(valuesOfDocument(text)))
  }
})
