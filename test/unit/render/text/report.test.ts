// The reports of an apply and of a refresh as text.

import { Chalk } from 'chalk'
import { describe, expect, test } from 'vitest'
import { keyOf, type ObjectId } from '../../../../src/core/object.ts'
import type { RefreshReport, Report, StepOutcome } from '../../../../src/core/report.ts'
import { titleOf } from '../../../../src/kinds/registry.ts'
import { widthOf } from '../../../../src/render/text/layout.ts'
import { renderRefresh } from '../../../../src/render/text/refresh-report.ts'
import { renderReport } from '../../../../src/render/text/report.ts'
import { reportOf } from '../../../support/reports.ts'

const style = new Chalk({ level: 0 })
const table: ObjectId = { kind: 'foreignTable', schema: 's', name: 't' }
const key = keyOf(table)

const refreshOf: RefreshReport = { manifest: 'm', isPreview: false, views: [], warnings: [], notImported: [] }

describe('reports', () => {
  const applied: StepOutcome = { status: 'applied', milliseconds: 1200 }
  const step = (
    action: Report['steps'][number]['action'],
    outcome: StepOutcome = applied,
    id = table,
  ): Report['steps'][number] => ({
    stage: action === 'populate' ? 'populate' : 'define',
    key: keyOf(id),
    title: titleOf(id),
    action,
    outcome,
  })
  const report = (steps: Report['steps'], columns = 200, applyId: string | undefined = '0') =>
    renderReport(reportOf(steps, { applyId }), { style, columns })
  const failed: StepOutcome = { status: 'failed', reason: 'no route', hint: 'Look at the network.' }
  const inDoubt: StepOutcome = { status: 'in-doubt', reason: 'the connection was lost' }

  const sentences: readonly (readonly [name: string, steps: Report['steps'], sentence: string])[] = [
    ['all done', [step('create'), step('populate')], 'Applied: 1 created, 1 loaded.'],
    ['only the ledger changed', [], 'Recorded in the ledger. Nothing had to change.'],
    ['nothing done', [step('create', failed)], 'Failed: nothing was changed.'],
    [
      'data not loaded',
      [step('create'), step('populate', failed)],
      'Applied in part: 1 created; 1 copy could not be loaded.',
    ],
    [
      'not dropped',
      [step('create'), step('populate', failed), step('drop', { status: 'skipped', reason: 'r' })],
      'Applied in part: 1 created; 1 copy could not be loaded, 1 object not dropped.',
    ],
    ['not replaced', [step('create'), step('replace', failed)], 'Applied in part: 1 created; 1 object not replaced.'],
    [
      'unknown outcome',
      [step('create'), step('replace', inDoubt)],
      'Unknown outcome: the connection was lost during COMMIT. Run fdwsync plan to see what was applied. Certainly applied: 1 created.',
    ],
  ]
  test.each(sentences)('the last line: %s', (_name, steps, sentence) => {
    expect(report(steps).trimEnd().split('\n').at(-1)).toBe(sentence)
  })
  test('nothing to do', () => {
    expect(renderReport(reportOf([], { applyId: undefined }), { style, columns: 80 })).toBe('Nothing to do.\n')
  })
  test('what is undetermined is named in the last line, without what it affects', () => {
    const undetermined = ['t', 'u', 'v', 'w', 'x'].map((name) => ({
      code: 'source/not-importable' as const,
      key,
      title: `foreign table s.${name}`,
      reason: 'it cannot be imported',
      hint: '',
      follows: name === 'u',
    }))
    const lastLine = (count: number) =>
      renderReport(reportOf([step('create')], { undetermined: undetermined.slice(0, count) }), { style, columns: 200 })
    expect(lastLine(3)).toBe('Applied: 1 created. Undetermined: foreign table s.t, foreign table s.v.\n')
    expect(lastLine(5)).toContain('foreign table s.t, foreign table s.v, foreign table s.w, foreign table s.x.')
    expect(renderRefresh({ ...refreshOf, notImported: undetermined }, { style, columns: 200 })).toBe(
      'Nothing to refresh. Not imported: foreign table s.t, foreign table s.u, foreign table s.v, foreign table s.w, foreign table s.x.\n',
    )
  })
  test('warnings come before the last line', () => {
    const warnings = [
      { code: 'server/notice' as const, message: 'server s: the server warns: mind this', hint: 'Look.' },
    ]
    expect(renderReport(reportOf([], { warnings }), { style, columns: 200 }).split('\n')).toEqual([
      '  warning server s: the server warns: mind this',
      '    Look.',
      'Recorded in the ledger. Nothing had to change.',
      '',
    ])
  })
  test('a failed step has its reason and a hint, in a narrow terminal too', () => {
    const lines = report([step('create', failed), step('replace', inDoubt)], 40).split('\n')
    expect(lines.slice(0, 2)).toEqual(['  failed create foreign table s.t: no', '            route'])
    expect(lines).toContain('            Look at the network.')
    expect(lines.filter((line) => widthOf(line) > 40)).toEqual([])
  })
  test('lines break in the same places with and without colour', () => {
    const text = (level: 0 | 3) =>
      renderReport(reportOf([step('create', failed)]), { style: new Chalk({ level }), columns: 30 })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of chalk begin with one
    expect(text(3).replace(/\u001b\[\d+m/g, '')).toBe(text(0))
  })
  test('another strategy than the chosen one has its reason', () => {
    const because = 'the source has no such function'
    const view = { key, title: 'table s.t', how: 'merge', insteadOf: 'compare', because, outcome: applied } as const
    const text = renderRefresh({ ...refreshOf, views: [view] }, { style, columns: 200 })
    expect(text).toContain('merge instead of compare: the source has no such function')
  })
  test.each([40, 80])('a refresh fits %d columns', (columns) => {
    const views: RefreshReport['views'] = [
      { key, title: 'materialized view shop_mirror.customer_orders', how: 'concurrently', outcome: applied },
      { key, title: 'materialized view shop.orders', how: undefined, outcome: failed },
    ]
    const text = renderRefresh({ ...refreshOf, views }, { style, columns })
    expect(text.split('\n').filter((line) => widthOf(line) > columns)).toEqual([])
    expect(text).toMatch(/concurrently(, | {2})1.2 s/)
    expect(text.trimEnd().split('\n').at(-1)).toBe('Refreshed 1 of 2 views.')
  })
})

test('in a refresh and its preview, readers who wait are one entry, however many copies there are', () => {
  const views = (outcome: RefreshReport['views'][number]['outcome']): RefreshReport['views'] =>
    Array.from({ length: 7 }, (_, at) => ({
      key: keyOf({ kind: 'materializedView', schema: 'shop', name: `v${at}` }),
      title: `materialized view shop.v${at}`,
      how: 'plain',
      because: 'readers wait',
      hint: 'Declare an index.',
      outcome,
    }))
  const text = (outcome: RefreshReport['views'][number]['outcome']) =>
    renderRefresh(
      { ...refreshOf, isPreview: outcome.status === 'planned', views: views(outcome) },
      { style, columns: 120 },
    )
  expect(text({ status: 'planned' }).split('\n').slice(0, 2)).toEqual([
    '  would refresh 7 materialized views in shop  plain: readers wait',
    '            Declare an index.',
  ])
  expect(text({ status: 'applied', milliseconds: 1000 }).match(/readers wait. Declare an index./g)).toHaveLength(1)
})

test.each([
  ['views', ['materializedView', 'materializedView'], 'Refreshed 2 views.'],
  ['a table', ['table'], 'Refreshed 1 table.'],
  ['both', ['table', 'materializedView', 'table'], 'Refreshed 3 copies.'],
] as const)('a refresh counts %s', (_, kinds, sentence) => {
  const views = kinds.map((kind, at) => {
    const outcome = { status: 'applied', milliseconds: 1 } as const
    return { key: keyOf({ kind, schema: 's', name: String(at) }), title: `copy ${at}`, how: undefined, outcome }
  })
  const text = renderRefresh({ ...refreshOf, views }, { style, columns: 100 })
  expect(text.trimEnd().split('\n').at(-1)).toBe(sentence)
})

test('a refresh is a table: strategy, rows and size, duration and that of the last time', () => {
  const view = (name: string) => ({
    key: keyOf({ kind: 'materializedView', schema: 'shop', name }),
    title: `materialized view shop.${name}`,
  })
  const views: RefreshReport['views'] = [
    {
      ...view('order_lines'),
      how: 'swap',
      rows: '1204331',
      bytes: 100_663_296,
      lastMilliseconds: 38_000,
      outcome: { status: 'applied', milliseconds: 41_000 },
    },
    {
      ...view('orders'),
      how: undefined,
      outcome: { status: 'applied', milliseconds: 100, unchanged: 'same as 12 min ago' },
    },
    {
      ...view('slow'),
      how: 'plain',
      because: 'readers wait: it has no index',
      hint: 'Declare one.',
      outcome: { status: 'applied', milliseconds: 2000 },
    },
    { ...view('customers'), how: undefined, outcome: { status: 'failed', reason: 'permission denied' } },
  ]
  expect(renderRefresh({ ...refreshOf, views }, { style, columns: 100 })).toBe(
    `  shop.order_lines  swap     1,204,331 rows · 96 MB  41.0 s  (38.0 s last time)
  shop.orders       skipped  same as 12 min ago      100 ms
  shop.slow         plain                            2.0 s
            readers wait: it has no index. Declare one.
  failed materialized view shop.customers: permission denied
Refreshed 2 of 4 views; 1 had not changed.
`,
  )
})
