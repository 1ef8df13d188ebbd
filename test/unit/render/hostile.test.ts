// Text from a manifest or a server cannot forge a line of a plan, control the terminal, or hide a difference.

import { Chalk } from 'chalk'
import { describe, expect, test } from 'vitest'
import { keyOf, type ObjectId } from '../../../src/core/object.ts'
import type { Plan } from '../../../src/core/plan.ts'
import { oneLine } from '../../../src/core/printable.ts'
import { quoted, widthOf, wrap } from '../../../src/render/text/layout.ts'
import { renderPlan } from '../../../src/render/text/plan.ts'
import { renderRefresh } from '../../../src/render/text/refresh-report.ts'
import { renderReport } from '../../../src/render/text/report.ts'
import { renderStatus } from '../../../src/render/text/status.ts'
import { reportOf } from '../../support/reports.ts'
import { alter, create, field, planWith } from './samples.ts'

const style = new Chalk({ level: 0 })
const escapeCode = '\u001b[2J'
const forged = '- server prod   no longer declared'
/** Enough blanks to reach the next line of a terminal, whatever its width. */
const farAway = Array.from({ length: 130 }, (_, blanks) => `x${' '.repeat(blanks)}${forged}`)

const table: ObjectId = { kind: 'foreignTable', schema: 's', name: 't' }
const valueChange = (from: string | undefined, to: string | undefined) => field('comment', from, to)
const show = (more: Partial<Plan>, columns = 80) => renderPlan(planWith(more), { style, columns })
const key = keyOf(table)
const unmanaged = {
  key,
  manifests: [],
  populated: undefined,
  freshness: undefined,
  indexes: undefined,
  sourceReachable: undefined,
  verification: undefined,
  isChild: false,
}

/** Every place where text of a manifest or a server gets into a plan. */
const places: readonly (readonly [name: string, plan: (text: string) => Partial<Plan>])[] = [
  ['the manifest', (text) => ({ manifest: text })],
  ['the database', (text) => ({ database: { name: text, serverVersion: '17', user: 'u' } })],
  ['the version', (text) => ({ database: { name: 'd', serverVersion: text, user: 'u' } })],
  ['a title', (text) => ({ changes: [alter(table, [], { title: text })] })],
  ['a summary', (text) => ({ changes: [create(table, { summary: text })] })],
  ['a cause', (text) => ({ changes: [alter(table, [], { cause: 'dependency', because: [text] })] })],
  ['a label', (text) => ({ changes: [create(table, { details: [[`check ${text}`, 'id > 0']] })] })],
  ['a detail', (text) => ({ changes: [create(table, { details: [['query', text]] })] })],
  ['a line of a detail', (text) => ({ changes: [create(table, { details: [['query', `SELECT\n${text}`]] })] })],
  ['a field', (text) => ({ changes: [alter(table, [{ ...valueChange('a', 'b'), field: text }])] })],
  ['a value', (text) => ({ changes: [alter(table, [valueChange('a', text)])] })],
  ['a line of a value', (text) => ({ changes: [alter(table, [valueChange('a\nb', `a\n${text}`)])] })],
  ['a hazard', (text) => ({ changes: [alter(table, [], { hazards: [{ name: 'drops-data', detail: text }] })] })],
  ['a refusal', (text) => ({ refusals: [{ code: 'object/protected', key, title: text, reason: text, hint: text }] })],
  [
    'what is unknown',
    (text) => ({
      undetermined: [{ code: 'object/locked', key, title: text, reason: text, hint: text, follows: false }],
    }),
  ],
  ['a warning', (text) => ({ warnings: [{ code: 'source/type', message: text }] })],
  [
    'a release',
    (text) => ({ changes: [{ ...alter(table, [], { title: text }), change: { op: 'release', key, because: text } }] }),
  ],
]

describe.each(places)('hostile text in %s', (_name, planOf) => {
  test('cannot control the terminal', () => {
    const text = show(planOf(`a${escapeCode}\r\u0007\u009b\u202eb\u200b\u00a0c`))
    expect(text.replaceAll('\n', '')).not.toMatch(/(?! )[\p{Cc}\p{Cf}\p{Z}]/u)
  })
  test('cannot forge a line by a line break', () => {
    expect(show(planOf(`a\n  ${forged}\r\n  ${forged}`))).not.toMatch(/^ {0,2}- server/m)
  })
  test.each([40, 80])('cannot forge a line by how it wraps at %d columns', (columns) => {
    for (const text of farAway) {
      const lines = show(planOf(text), columns).split('\n')
      // The terminal breaks wider lines and continues in its first column.
      expect(lines.filter((line) => widthOf(line) > columns)).toEqual([])
      expect(lines.filter((line) => /^ {0,3}- server/.test(line))).toEqual([])
    }
  })
})

test.each([40, 80])('hostile text in reports cannot forge a line by how it wraps at %d columns', (columns) => {
  const database = { name: 'd', serverVersion: '18', user: 'u' }
  for (const text of farAway) {
    const warnings = [{ code: 'server/notice' as const, message: text, hint: text }]
    const missing = { key, title: text, reason: text, code: 'source/not-importable' as const, hint: '', follows: false }
    const unknown = { ...unmanaged, id: { ...table, name: text }, state: 'unknown' as const, reason: text }
    const lines = [
      renderReport(reportOf([], { warnings, undetermined: [missing] }), { style, columns }),
      renderRefresh(
        { manifest: 'm', isPreview: false, views: [], warnings, notImported: [missing] },
        { style, columns },
      ),
      renderStatus({ database, manifest: 'm', objects: [unknown] }, { style, columns }),
    ].flatMap((rendered) => rendered.split('\n'))
    expect(lines.filter((line) => /^ {0,3}- server/.test(line))).toEqual([])
  }
})

describe('two values that differ look different', () => {
  const cases: readonly (readonly [from: string, to: string, shown: string])[] = [
    ['x', 'x ', "x → 'x '"],
    ['a\tb', 'a\\tb', "E'a\\tb' → a\\tb"],
    ["'x '", 'x ', "'''x ''' → 'x '"],
    ['a', 'a\u00ad', "a → E'a\\u00ad'"],
    ['a', 'a\u{e0041}', "a → E'a\\U000e0041'"],
    ['a', 'a\ufe0f', "a → E'a\\ufe0f'"],
    ['a → b', 'c', "'a → b' → c"],
    ["'new'::text", "'old'::text", "'new'::text → 'old'::text"],
    ['(secret)', 'evil', '(secret) → evil'],
  ]
  test.each(cases)('%j and %j', (from, to, shown) => {
    expect(show({ changes: [alter(table, [valueChange(from, to)])] })).toContain(`comment   ${shown}\n`)
  })
  test('new text of several lines has only added lines', () => {
    const text = show({ changes: [alter(table, [valueChange(undefined, 'one\ntwo')])] })
    expect(text).toContain('      comment\n      +one\n      +two\n')
  })
  test('texts with nothing in common are shown in full', () => {
    const text = (sign: string) => Array.from({ length: 3000 }, (_, at) => `${sign}${at}`).join('\n')
    const lines = show({ changes: [alter(table, [valueChange(text('a'), text('b'))])] }).split('\n')
    expect(lines.filter((line) => line.startsWith('      -'))).toHaveLength(3000)
    expect(lines.filter((line) => line.startsWith('      +'))).toHaveLength(3000)
  })
})

describe('text', () => {
  test.each([
    ['plain', 'plain'],
    ['größe 订单 → ✓', 'größe 订单 → ✓'],
    ['\ud800', '\\ud800'],
    ['\u2800\u3164', '\\u2800\\u3164'],
  ])('%j in one line', (text, shown) => expect(oneLine(text)).toBe(shown))
  test('quoted as PostgreSQL does', () => {
    expect([quoted(''), quoted("o'k"), quoted('a\\b')]).toEqual(["''", "'o''k'", "E'a\\\\b'"])
  })
  test.each([
    ['abc', 3],
    ['订单', 4],
    ['e\u0301', 1],
    ['\u0903', 1],
    ['⏰', 2],
    // One grapheme cluster, but a terminal may show each consonant.
    ['क्'.repeat(70), 70],
  ])('%j has the width that a terminal gives it', (text, width) => expect(widthOf(text)).toBe(width))
  test('wraps at blanks, keeps leading blanks, and does not break a long name', () => {
    expect(wrap('  a bb cc', 6, '')).toEqual(['  a bb', 'cc'])
    expect(wrap('a bb cc', 5, '', '   ')).toEqual(['a bb', '   cc'])
    expect(wrap('a looong_name b', 6, '')).toEqual(['a', 'looong_name', 'b'])
  })
})
