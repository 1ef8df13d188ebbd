// What is printed cannot control a terminal or a CI runner, whatever a manifest, a server or a source puts into a text.

import { Chalk } from 'chalk'
import { describe, expect, test } from 'vitest'
import { errorText } from '../../../src/cli/report-error.ts'
import { FdwsyncError, formatProblem, type Problem } from '../../../src/core/errors.ts'
import { keyOf } from '../../../src/core/object.ts'
import type { PlainStep } from '../../../src/core/plan.ts'
import { oneLine, printable, printableText } from '../../../src/core/printable.ts'
import { ident, literal, sql, statement } from '../../../src/core/sql.ts'
import { DatabaseError } from '../../../src/db/database-error.ts'
import { manifestText } from '../../../src/exporter/document.ts'
import { githubFormat } from '../../../src/render/github/format.ts'
import { jsonFormat } from '../../../src/render/json/format.ts'
import { markdownFormat } from '../../../src/render/markdown/format.ts'
import { sqlFormat } from '../../../src/render/sql/format.ts'
import { renderEvent } from '../../../src/render/text/events.ts'
import { textFormat } from '../../../src/render/text/format.ts'
import { read } from '../manifest/reading.ts'
import { alter, field, planWith } from './samples.ts'

const commands = [
  '::error::forged',
  '::error file=a.yaml,line=1::forged',
  '::add-mask::x',
  '::stop-commands::token',
  '::Warning::forged',
  '##[error]forged',
  '##vso[task.setvariable variable=x]y',
  "##teamcity[buildStatus text='x']",
]
const controls = [
  ...Array.from({ length: 32 }, (_, code) => String.fromCodePoint(code)),
  ...Array.from({ length: 33 }, (_, code) => String.fromCodePoint(0x7f + code)),
  ...Array.from('\u00a0\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\u{e0041}'),
  '\u001b[31m',
  '\u001b]8;;http://evil\u0007',
  '\u009b2J',
  '\r\n',
  '\ud800',
]
const words = [
  'server',
  ' ',
  '  ',
  "'",
  '"',
  ':',
  '::',
  '#',
  '##',
  '[',
  'x',
  'größe',
  '日本',
  '${env:X}',
  '\\',
  '\n',
  '- ',
]

/** Pseudo-random hostile texts, the same in every run. */
function* hostileTexts(count: number): Generator<string> {
  const pieces = [...commands, ...commands.map((command) => `\n${command}`), ...controls, ...words]
  let state = 7
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  for (let made = 0; made < count; made++) {
    yield Array.from({ length: 1 + random(8) }, () => pieces[random(pieces.length)]).join('')
  }
}

/** As GitHub, Azure DevOps and TeamCity look for their commands in a line. */
const isCommand = (line: string) =>
  /^\s*::(?:\w+-[\w-]+|debug|echo|error|warning|notice|group|endgroup)(?: .*)?::/i.test(line) ||
  /##(?:vso|teamcity)?\[/.test(line)
const harmful = (text: string) =>
  text.split('\n').filter((line) => /(?! )[\p{Cc}\p{Cf}\p{Cs}\p{Z}]/u.test(line) || isCommand(line))

describe('10,000 problems', () => {
  test('print no control character, no command of a CI runner, and no line of their own', () => {
    const bad: unknown[] = []
    for (const text of hostileTexts(10_000)) {
      const place = { file: text, line: 1, column: 1 + (text.length % 9), excerpt: text.split('\n')[0] ?? '' }
      const problem: Problem = { code: 'usage/invalid-argument', message: text, hint: text }
      const errors = [
        errorText(new FdwsyncError([problem, { ...problem, place }])),
        errorText(new DatabaseError({ message: text, code: '42601', detail: text, hint: text }, [])),
      ]
      for (const error of errors) {
        bad.push(...harmful(printable(error)), ...error.split('\n').filter((line) => !/^(error: | {2}|$)/.test(line)))
      }
      bad.push(...harmful(printable(errorText(new Error(text)))))
    }
    expect(bad).toEqual([])
  })

  test('of manifests with hostile keys and values are as harmless', async () => {
    for (const text of hostileTexts(500)) {
      const quotedText = JSON.stringify(text)
      const manifests = [
        `version: 1\nname: m\n${quotedText}: 1`,
        `version: 1\nname: m\nservers: { ${quotedText}: { options: { ${quotedText}: [] } } }`,
        `version: 1\nname: ${quotedText}\nschemas: { s: { ${quotedText}: {} } }`,
        `version: 1\nname: m\nschemas: { s: { comment: "\${env:X}", foreign_tables: { t: { server: ${quotedText} } } } }`,
        `version: 1\nname: m\n${text.replaceAll('\0', '')}`,
      ]
      for (const manifest of manifests) {
        const error = await read(manifest).then(
          () => undefined,
          (reason: unknown) => reason,
        )
        if (error !== undefined) expect(harmful(printable(errorText(error))), JSON.stringify(manifest)).toEqual([])
      }
    }
  })
})

test('a line of SQL that begins with a cast is printed as it is', () => {
  const query = "SELECT '1'\n::bigint AS a, '2'::text AS b\n  ::date || c::text"
  expect(printable(query)).toBe(query)
})

test('plans, progress, exports and JSON documents are harmless', async () => {
  const style = new Chalk({ level: 0 })
  const options = { style, columns: 80 }
  const id = { kind: 'server', name: 's' } as const
  for (const text of hostileTexts(1000)) {
    const planned = alter(id, [field(text, text, `${text} `)], { title: text, because: [text], cause: 'dependency' })
    const plan = planWith({ manifest: text, changes: [planned], warnings: [{ code: 'source/type', message: text }] })
    const document = jsonFormat.plan(plan, options)
    const yaml = manifestText({ comment: [text], name: 'm', searchPath: undefined }, [
      { path: ['servers', text], value: { comment: text, options: { [text]: text } }, notes: [text] },
    ])
    const event = { type: 'step-started', stage: 'build', key: keyOf(id), title: text, action: 'replace' } as const
    const markdown = markdownFormat.plan(plan, options)
    // A script is refused while a reference is unresolved.
    const isReference = /\$\{(?:env|file):/.test(text)
    const script = isReference
      ? ''
      : sqlFormat.plan(planWith({ manifest: text, steps: [commentStep(text)], script: noScript }), options)
    const outputs = [document, yaml, textFormat.plan(plan, options), renderEvent(event, style) ?? '', markdown, script]
    for (const output of outputs) {
      expect(harmful(printable(output)), JSON.stringify(text)).toEqual([])
    }
    // These are read by programs, so the way out must not change them.
    expect(printable(document)).toBe(document)
    expect(printable(yaml)).toBe(yaml)
    expect(printable(script)).toBe(script)
    expect(outsideOfCode(markdown), JSON.stringify(text)).toMatch(/^[\w\s#:→*·.,>![\]()<>/-]*$/)
    const annotations = githubFormat.plan(plan, options)
    expect(printableText(annotations)).toBe(annotations)
    for (const line of annotations.trimEnd().split('\n')) {
      expect(line, JSON.stringify(text)).toMatch(/^::(?:warning|notice) title=fdwsync \w+::(?!.*##\[)/)
    }
    expect(JSON.parse(document)).toMatchObject({ format: 'fdwsync.plan/1' })
  }
})

/** The text without its code spans and code blocks, of which a reader is shown every character. */
function outsideOfCode(markdown: string): string {
  return markdown.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, '').replace(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g, '')
}

const noScript = { check: undefined, marks: undefined, parts: new Map() }

function commentStep(text: string): PlainStep {
  const named = sql`COMMENT ON SERVER ${ident(text)} IS ${literal(text)}`
  const id = { kind: 'server', name: text } as const
  const base = { id: 's', stage: 'define', key: keyOf(id), title: text, after: [], locks: [], hazards: [] } as const
  return { ...base, action: 'alter', statements: [statement(named)] }
}

describe('one text', () => {
  test.each([
    ['plain\ntext', 'plain\ntext'],
    ['\u001b[2J', '\\u001b[2J'],
    ['\u009b31m', '\\u009b31m'],
    ['a\r\nb', 'a\\r\nb'],
    ['user\u202egnp.exe', 'user\\u202egnp.exe'],
    ['::error::x', '\\u003a:error::x'],
    ['  ::warning file=a::x', '  \\u003a:warning file=a::x'],
    ['x ##[error]y', 'x \\u0023#[error]y'],
    ["a = '1'\n  ::text", "a = '1'\n  ::text"],
    ['std::vector::size', 'std::vector::size'],
  ])('%j', (text, shown) => expect(printable(text)).toBe(shown))
  test('keeps its own colours, and nobody else’s', () => {
    const coloured = new Chalk({ level: 1 }).red(oneLine('a\u001b[0m'))
    expect(printable(coloured, true)).toBe(coloured)
    expect(printable(coloured)).not.toContain('\u001b')
  })
  test('the caret is below the right character of an escaped line', () => {
    const place = { file: 'f', line: 1, column: 3, excerpt: 'a\u202eb' }
    expect(formatProblem({ code: 'yaml/syntax', message: 'm', place })).toBe('f:1:3: m\n  a\\u202eb\n         ^')
  })
})
