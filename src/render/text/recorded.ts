// The changes of a plan that only the ledger records, as text: adopted and released objects.

import type { Plan, PlannedChange } from '../../core/plan.ts'
import { oneLine } from '../../core/printable.ts'
import type { PlanOptions } from '../format.ts'
import { nameIndent, remarkColumn, renderHazards } from './change.ts'
import { type Entry, foldAlike } from './fold.ts'
import { pad, widthOf, wrap } from './layout.ts'
import { countedObjects, idOfTitled, listed, nameInPlace, placeOf } from './objects.ts'

interface Recorded {
  readonly planned: PlannedChange
  readonly verb: string
  readonly remark: string
  /** An explanation is left out where it does not fit. */
  readonly remarkIs: 'reason' | 'part of the sentence' | 'explanation'
}

export function renderRecorded({ changes }: Plan, options: PlanOptions): readonly string[] {
  const recorded = changes.flatMap((planned) => recordedOf(planned) ?? [])
  return foldAlike(recorded, (each) => likenessOf(each, options), options).flatMap((entry) =>
    entryLines(entry, options),
  )
}

function recordedOf(planned: PlannedChange): Recorded | undefined {
  const { change, cause, takenFrom } = planned
  if (change.op === 'release') return { planned, verb: 'releases', remark: change.because, remarkIs: 'reason' }
  if (change.op !== 'adopt') return undefined
  if (takenFrom.length > 0) {
    const remark = `from manifest ${takenFrom.join(', ')}; already as declared`
    return { planned, verb: 'takes over', remark, remarkIs: 'part of the sentence' }
  }
  return cause === undefined
    ? { planned, verb: 'adopts', remark: 'already exists as declared', remarkIs: 'explanation' }
    : {
        planned,
        verb: 'records',
        remark: 'its declaration or identity changed; already as declared',
        remarkIs: 'explanation',
      }
}

function idOfRecorded({ planned }: Recorded) {
  return idOfTitled({ key: planned.change.key, title: planned.title })
}

function likenessOf(recorded: Recorded, options: PlanOptions): string | undefined {
  const id = idOfRecorded(recorded)
  return id && JSON.stringify([placeOf(id), recorded.verb, recorded.remark, renderHazards(recorded.planned, options)])
}

function entryLines([first, ...others]: Entry<Recorded>, options: PlanOptions): readonly string[] {
  const { style, columns } = options
  const ids = [first, ...others].flatMap((recorded) => idOfRecorded(recorded) ?? [])
  const start = `${first.verb} ${others.length === 0 ? oneLine(first.planned.title) : countedObjects(ids)}`
  const names = others.length === 0 ? [] : wrap(listed(ids.map(nameInPlace)), columns, nameIndent)
  const below = [...names, ...renderHazards(first.planned, options)]
  const remark = oneLine(first.remark)
  if (first.remarkIs === 'reason') return [...wrap(`${start}: ${remark}`, columns, '  ', nameIndent), ...below]
  const line = pad(`  ${start}`, remarkColumn)
  if (widthOf(`${line} ${remark}`) <= columns) return [`${line} ${style.dim(remark)}`, ...below]
  const text = first.remarkIs === 'explanation' ? start : `${start} ${remark}`
  return [...wrap(text, columns, '  ', nameIndent), ...below]
}
