// What a reader of a plan must know beside its changes, in the same order for every format that is not for a terminal.

import { groupBy } from '../core/data.ts'
import type { Place } from '../core/errors.ts'
import { type Hazard, mustBeAllowed, type Plan, type PlannedChange, type Warning } from '../core/plan.ts'
import { foldedNotices, type Notice, reasonIn, undeterminedOnly } from './text/notices.ts'
import { permissionText } from './text/permission.ts'

export type NoticeLevel = 'refused' | 'hazard' | 'undetermined' | 'warning'

export interface PlanNotice {
  readonly level: NoticeLevel
  /** Whether an apply is refused because of it. A hazard can be allowed. */
  readonly refusesApply: boolean
  /** `SUBJECT: REASON`. */
  readonly text: string
  /** The names, if several objects have the same notice. */
  readonly names: string
  readonly hint: string
  readonly place: Place | undefined
}

/** Notices that need a decision come first. Mere information, such as that data is loaded, is left to the summary. */
export function planNotices(plan: Plan): readonly PlanNotice[] {
  return [
    ...noticesOf('refused', plan.refusals),
    ...noticesOf('hazard', hazardsOf(plan, mustBeAllowed)),
    ...noticesOf(
      'hazard',
      hazardsOf(plan, (hazard) => hazard.name !== 'reads-source' && !mustBeAllowed(hazard)),
    ),
    ...noticesOf(
      'undetermined',
      undeterminedOnly(plan).filter(({ follows }) => !follows),
    ),
    ...warningsOf(plan.warnings),
    ...noticesOf('warning', sourceNotices(plan)),
  ]
}

interface PlacedNotice extends Notice {
  readonly place?: Place
}

function noticesOf(level: NoticeLevel, all: readonly PlacedNotice[]): readonly PlanNotice[] {
  return foldedNotices(all, {}).map(({ first, subject, names, reason, hint }) => {
    return { level, refusesApply: level === 'refused', text: `${subject}: ${reason}`, names, hint, place: first.place }
  })
}

function hazardsOf({ changes }: Plan, isIncluded: (hazard: Hazard) => boolean): readonly PlacedNotice[] {
  return changes.flatMap((planned) =>
    planned.hazards
      .filter(isIncluded)
      .map((hazard) => ({ ...noticeOf(planned, hazard.detail), hint: permissionText(hazard) })),
  )
}

function noticeOf({ change, title, place }: PlannedChange, reason: string): PlacedNotice {
  return { key: change.key, title, reason, hint: '', ...(place ? { place } : {}) }
}

function sourceNotices({ source }: Plan): readonly PlacedNotice[] {
  return (source?.findings ?? []).map(({ key, title, message }) => ({ key, title, reason: message, hint: '' }))
}

/** Many warnings may differ only in the object at their start. */
function warningsOf(warnings: readonly Warning[]): readonly PlanNotice[] {
  const fresh = warnings.filter(({ isReported }) => !isReported)
  const groups = groupBy(fresh, ({ code, message, hint, refusesApply }) =>
    JSON.stringify([code, reasonIn(message), hint, refusesApply]),
  )
  return [...groups.values()].flatMap((alike) => {
    const [first, ...others] = alike
    if (!first) return []
    const names = others.length > 0 ? `and ${others.length} more like it` : ''
    const { message, hint = '', place, refusesApply = false } = first
    return [{ level: 'warning', refusesApply, text: message, names, hint, place } as const]
  })
}
