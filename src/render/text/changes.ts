// The changes of a plan as text. Many similar changes become one entry, so that a mirror of 150 tables fits on a screen.

import type { ObjectId } from '../../core/object.ts'
import type { Plan, PlannedChange, Predecessor } from '../../core/plan.ts'
import type { PlanOptions } from '../format.ts'
import {
  indent,
  renderBody,
  renderChange,
  renderHazards,
  renderPredecessor,
  renderTitle,
  type ShownChange,
} from './change.ts'
import { type Entry, foldAlike } from './fold.ts'
import { wrap } from './layout.ts'
import { countedObjects, idOfTitled, listed, nameInPlace, placeOf } from './objects.ts'

export function renderChanges(plan: Plan, options: PlanOptions): readonly string[] {
  const entries = changeEntries(plan, options)
  const note = options.style.dim('  --verbose lists every object, with its definition.')
  const lines = entries.flatMap((entry) => entry.lines)
  return entries.some(({ count }) => count > 1) ? [...lines, '', note] : lines
}

/** The lines of one change, or of several that are alike. */
export interface ChangeEntry {
  readonly count: number
  readonly lines: readonly string[]
}

export function changeEntries({ changes }: Plan, options: PlanOptions): readonly ChangeEntry[] {
  const shown = changes.flatMap((planned): readonly ShownChange[] => {
    const { change } = planned
    return change.op === 'adopt' || change.op === 'release' ? [] : [{ planned, change }]
  })
  return foldAlike(shown, (each) => likenessOf(each, options), options).map((entry) => ({
    count: entry.length,
    lines: entry.length === 1 ? renderChange(entry[0], options) : renderAlike(entry, options),
  }))
}

/**
 * Undefined for a change that is never folded. Definitions of new objects may differ, since the manifest shows them; everything
 * else that a plan shows of a change has to be the same for all.
 */
function likenessOf(shown: ShownChange, options: PlanOptions): string | undefined {
  const { planned, change } = shown
  const id = idOf(shown)
  if (!id || (change.op === 'drop' && change.renamedAsideFor)) return undefined
  const body = change.op === 'create' || followsOthers(shown) ? [] : renderBody(shown, options)
  const why = [planned.cause, planned.causes, planned.takenFrom]
  return JSON.stringify([change.op, placeOf(id), why, planned.beside, body, renderHazards(planned, options)])
}

/** Whether it is replaced only because something that it reads is. */
function followsOthers({ planned, change }: ShownChange): boolean {
  return (
    change.op === 'replace' &&
    planned.cause === 'dependency' &&
    change.fields.every(({ from, to }) => from === undefined && to === undefined)
  )
}

function renderAlike(entry: Entry<ShownChange>, options: PlanOptions): readonly string[] {
  const [first] = entry
  const ids = entry.flatMap((shown) => idOf(shown) ?? [])
  const planned = merged(entry.map((shown) => shown.planned))
  const shown = { ...first, planned: { ...first.planned, ...planned } }
  return [
    ...renderTitle(countedObjects(ids), shown, options),
    ...wrap(listed(ids.map(nameInPlace)), options.columns, indent, `${indent}    `),
    ...(first.change.op === 'create' || followsOthers(first) ? [] : renderBody(first, options)),
    ...renderPredecessor(shown, options, true),
    ...renderHazards(first.planned, options),
  ]
}

/** What several changes that are folded into one have in common, and what they add up to. */
function merged(all: readonly PlannedChange[]): Pick<PlannedChange, 'summary' | 'because' | 'predecessor'> {
  const [summary = '', ...otherSummaries] = new Set(all.map((planned) => planned.summary))
  const because = [...new Set(all.flatMap((planned) => planned.because))]
  const predecessors = all.flatMap(({ predecessor }) => predecessor ?? [])
  return {
    summary: otherSummaries.length === 0 ? summary : '',
    because: because.length > 3 ? ['what they read'] : because,
    ...(predecessors.length > 0 ? { predecessor: sumOf(predecessors) } : {}),
  }
}

function sumOf(all: readonly Predecessor[]): Predecessor {
  const known = all.flatMap(({ rows }) => rows ?? [])
  return {
    rows: known.length < all.length ? null : known.reduce((sum, rows) => sum + rows, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    keeps: all.flatMap(({ keeps }) => keeps),
    loses: all.flatMap(({ loses }) => loses),
  }
}

function idOf({ planned, change }: ShownChange): ObjectId | undefined {
  return idOfTitled({ key: change.key, title: planned.title })
}
