// What is reported of a finished step.

import { expect, test } from 'vitest'
import { reportsOf } from '../../../src/applier/finished-step.ts'
import { keyOf } from '../../../src/core/object.ts'
import type { Step } from '../../../src/core/plan.ts'
import type { StepOutcome } from '../../../src/core/report.ts'

const keyOfView = (name: string) => keyOf({ kind: 'materializedView', schema: 'local', name })
const base = { id: 's', after: [], locks: [], hazards: [], title: 'materialized view local.b', key: keyOfView('b') }
const plain: Step = { ...base, stage: 'populate', action: 'populate', statements: [] }
const member = (name: string) => ({
  key: keyOfView(name),
  title: `materialized view local.${name}`,
  scratch: 'x',
  path: 'manifest' as const,
  statements: [],
  load: [],
  children: [],
  swap: { out: [], in: [] },
  repoints: [],
  hazards: [],
})
const replacement: Step = { ...base, stage: 'build', action: 'replace', members: [member('a'), member('b')] }

const applied: StepOutcome = { status: 'applied', milliseconds: 1 }
const failed: StepOutcome = { status: 'failed', reason: 'no' }
const skippedWithB: StepOutcome = {
  status: 'skipped',
  reason: 'it can only be replaced together with materialized view local.b',
}

test.each<[string, Step, StepOutcome, readonly StepOutcome[]]>([
  ['a step has one report', plain, applied, [applied]],
  ['a replacement has one for each member', replacement, applied, [applied, applied]],
  [
    'one member failed: the others are skipped',
    replacement,
    { ...failed, of: keyOfView('b') },
    [skippedWithB, { ...failed, of: keyOfView('b') }],
  ],
  ['the replacement failed as a whole: so did each member', replacement, failed, [failed, failed]],
])('%s', (_, step, outcome, expected) => {
  expect(reportsOf([step, outcome]).map((report) => report.outcome)).toEqual(expected)
})
