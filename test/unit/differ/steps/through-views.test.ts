// The order of loads that read through plain views.

import { describe, expect, test } from 'vitest'
import type { Change } from '../../../../src/core/change.ts'
import { type Key, keyOf } from '../../../../src/core/object.ts'
import type { PlainStep } from '../../../../src/core/plan.ts'
import { orderLoadsThroughViews, warningOf } from '../../../../src/differ/steps/through-views.ts'

const data = (name: string) => keyOf({ kind: 'materializedView', schema: 's', name })
const plain = (name: string) => keyOf({ kind: 'view', schema: 's', name })

function step(name: string, after: readonly string[] = []): PlainStep {
  const key = data(name)
  return {
    id: name,
    stage: 'populate',
    key,
    title: name,
    action: 'populate',
    after,
    locks: [],
    hazards: [],
    statements: [],
  }
}

function reads(name: string, ...needs: readonly Key[]): Change {
  const id = { kind: 'materializedView', schema: 's', name } as const
  return { op: 'create', key: data(name), to: { id, spec: {}, declared: {}, written: {}, needs } }
}

/** `a < b` for a step that waits. */
function waits(
  steps: readonly PlainStep[],
  changes: readonly Change[],
  views: Readonly<Record<string, readonly Key[]>>,
) {
  const throughViews = new Map(Object.entries(views).map(([view, read]) => [plain(view), read]))
  const waiting = orderLoadsThroughViews(steps, { changes, throughViews, live: new Map() })
  return {
    steps: waiting.steps.map(({ id, after }) => [id, ...after].join(' < ')),
    warnings: waiting.staleReads.map((read) => warningOf(read).message),
  }
}

describe('a load through plain views', () => {
  test('waits for what these read', () => {
    expect(waits([step('a'), step('b')], [reads('a', plain('v'))], { v: [data('b')] })).toEqual({
      steps: ['a < b', 'b'],
      warnings: [],
    })
  })

  test('waits for it once, and never for itself', () => {
    const changes = [reads('a', plain('v'), plain('w'))]
    const views = { v: [data('b'), data('a')], w: [data('b')] }
    expect(waits([step('a', ['b']), step('b')], changes, views)).toEqual({ steps: ['a < b', 'b'], warnings: [] })
  })

  test('does not wait where that would be a cycle, which is a stale read', () => {
    const changes = [reads('a', plain('v')), reads('b', data('c')), reads('c', data('a'))]
    expect(waits([step('a'), step('b', ['c']), step('c', ['a'])], changes, { v: [data('b')] })).toEqual({
      steps: ['a', 'b < c', 'c < a'],
      warnings: [
        'materialized view s.a is loaded before the plain views through which it reads materialized view s.b are repointed: refresh it afterwards',
      ],
    })
  })

  test('waits if only one of two that read each other can', () => {
    const changes = [reads('a', plain('v')), reads('b', plain('w'))]
    const { steps, warnings } = waits([step('a'), step('b')], changes, { v: [data('b')], w: [data('a')] })
    expect(steps).toEqual(['a < b', 'b'])
    expect(warnings).toHaveLength(1)
  })
})
