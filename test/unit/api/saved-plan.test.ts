// Which files are saved plans that this release applies, and how two plans are compared.

import { Chalk } from 'chalk'
import { describe, expect, test } from 'vitest'
import {
  differencesOf,
  newSavedPlan,
  parseSavedPlan,
  type SavedPlan,
  savedPlanText,
} from '../../../src/api/saved-plan/document.ts'
import { FdwsyncError } from '../../../src/core/errors.ts'
import { toolVersion } from '../../../src/core/version.ts'
import { planJson } from '../../../src/render/json/plan.ts'
import { planOfDocument } from '../../../src/render/json/read-plan.ts'
import { textFormat } from '../../../src/render/text/format.ts'
import { plans } from '../cli/texts-samples.ts'
import { alter, create, field, planWith, replace } from '../render/samples.ts'

const server = { kind: 'server', name: 's\u202e::error::x' } as const
const saved = newSavedPlan({
  createdAt: '2026-01-01T00:00:00.000Z',
  apply: '00000000-0000-4000-8000-000000000000',
  suffix: '0123456789ab',
  target: { label: null, database: 'd', databaseOid: 1, systemIdentifier: null },
  fingerprint: { '["server","s"]': 'f' },
  options: { only: [], populate: true, offline: false, takeOver: false },
  manifest: {
    files: [{ path: 'fdwsync.yaml', text: 'version: 1\nname: m\n' }],
    variables: { stage: 'test' },
    digest: 'x',
    references: null,
  },
  lock: null,
  plan: planJson(planWith({ changes: [alter(server, [field('option host', 'a', 'b')])] })),
})
const text = savedPlanText(saved)

function errorOf(content: string): FdwsyncError {
  try {
    parseSavedPlan('plan.json', content)
  } catch (error) {
    if (error instanceof FdwsyncError) return error
    throw error
  }
  throw new Error('it was accepted')
}

test('what was saved is read back', () => {
  expect(parseSavedPlan('plan.json', text)).toEqual(JSON.parse(JSON.stringify(saved)))
  expect(parseSavedPlan('plan.json', JSON.stringify(JSON.parse(text)))).toMatchObject({ format: saved.format })
})

const again = (more: object) => savedPlanText({ ...saved, ...more } as SavedPlan)

describe('refused with exit code 4:', () => {
  test.each([
    ['an empty file', '', 'it is no saved plan'],
    ['a manifest', 'version: 1\nname: m\n', 'it is no saved plan'],
    ['another document', '{"format":"fdwsync.plan/1"}', 'it is no saved plan'],
    ['a list', '[]', 'it is no saved plan'],
    ['a file that was cut off', text.slice(0, -20), 'perhaps cut off'],
    ['an edited file', text.replace('"b"', '"c"'), 'it was edited after it was saved'],
    ['an added key', text.replace('{', '{"x": 1,'), 'it was edited after it was saved'],
    ['an unknown version', again({ format: 'fdwsync.saved-plan/2' }), 'does not know its format, fdwsync.saved-plan/2'],
    ['another release', again({ fdwsync: '0.0.1' }), 'it was saved by fdwsync 0.0.1'],
    ['no plan', again({ plan: undefined }), 'its content is incomplete'],
    ['no file of a manifest', again({ manifest: { ...saved.manifest, files: [] } }), 'its content is incomplete'],
    ['a plan of another form', again({ plan: {} }), 'its content is incomplete'],
    ['a suffix that is no suffix', again({ suffix: "x'; DROP" }), 'its content is incomplete'],
  ])('%s', (_what, content, reason) => {
    expect(errorOf(content)).toMatchObject({ exitCode: 4, message: expect.stringContaining(reason) })
  })
  test('names this release', () => {
    expect(errorOf(again({ fdwsync: '0.0.1' })).problems[0]?.hint).toContain(`fdwsync ${toolVersion}`)
  })
})

test('two plans differ in what is done, not in how much data that concerns', () => {
  const view = { kind: 'materializedView', schema: 's', name: 'v' } as const
  const predecessor = (rows: number) => ({ rows, bytes: rows, keeps: [], loses: [] })
  const planOf = (rows: number, to: string) =>
    planJson(planWith({ changes: [replace(view, [field('query', 'a', to)], { predecessor: predecessor(rows) })] }))
  expect(differencesOf(planOf(1, 'b'), planOf(2, 'b'))).toEqual([])
  expect(differencesOf(planOf(1, 'b'), planOf(1, 'c'))).toEqual(['materialized view s.v'])
  const more = planJson(planWith({ changes: [create(server)] }))
  expect(differencesOf(planOf(1, 'b'), more)).toEqual(['materialized view s.v', expect.stringContaining('server')])
})

test.each(plans.map(([title, plan]) => ({ title, plan })))('a plan reads the same from its document: $title', ({
  plan,
}) => {
  const options = { style: new Chalk({ level: 0 }), columns: 100 }
  const document = JSON.parse(JSON.stringify(planJson(plan)))
  expect(textFormat.plan(planOfDocument(document), options)).toBe(textFormat.plan(plan, options))
})
