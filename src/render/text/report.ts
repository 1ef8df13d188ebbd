// The report of an apply as text, and what reports have in common.

import { groupBy } from '../../core/data.ts'
import { oneLine } from '../../core/printable.ts'
import { isNothingDone, isRecordedOnly, type Report, type StepOutcome } from '../../core/report.ts'
import type { RenderOptions } from '../format.ts'
import { doneText, missedText } from './counts.ts'
import { wrap } from './layout.ts'
import { renderWarnings } from './notices.ts'
import { listed, placeOfTitled, subjectOf } from './objects.ts'

/** The indent of continuation lines. */
export const hanging = ' '.repeat(12)

/** The steps that went wrong, then a summary in one sentence. */
export function renderReport(report: Report, options: RenderOptions): string {
  const problems = problemsOf(
    report.steps.map((step) => ({ ...step, verb: `${step.action} ` })),
    options,
  )
  const lines = [...problems, ...renderWarnings(report, options), ...sentenceLines(reportSentence(report), options)]
  return `${lines.join('\n')}\n`
}

export function sentenceLines(sentence: string, { style, columns }: RenderOptions): readonly string[] {
  // The sentence can contain names, so its indent must be deeper than that of other lines.
  return wrap(sentence, columns, '', '    ').map((line) => style.bold(line))
}

interface Ended {
  readonly key: string
  readonly title: string
  /** What was done to the object, with a blank after it; or nothing. */
  readonly verb: string
  readonly outcome: StepOutcome
}

/** One cause is one entry, however many objects it concerns. */
export function problemsOf(all: readonly Ended[], options: RenderOptions): readonly string[] {
  const missed = all.filter(({ outcome }) => outcome.status !== 'applied')
  const groups = groupBy(missed, (ended) => {
    const { status, reason, hint } = { reason: '', hint: '', ...ended.outcome }
    return JSON.stringify([ended.verb, placeOfTitled(ended), status, reason, hint])
  })
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike
    if (!first || first.outcome.status === 'applied') return []
    const { subject, names } = subjectOf(alike, options.verbose)
    return problemLines(`${first.verb}${subject}`, names, first.outcome, options)
  })
}

function problemLines(
  what: string,
  names: string,
  outcome: Exclude<StepOutcome, { status: 'applied' }>,
  { style, columns }: RenderOptions,
): readonly string[] {
  const status = outcome.status === 'in-doubt' ? 'unknown outcome' : outcome.status
  const colour = outcome.status === 'skipped' ? style.yellow : style.red
  const text = `${oneLine(what)}: ${oneLine(outcome.reason)}`
  const [first = '', ...others] = wrap(`${status} ${text}`, columns, '  ', hanging)
  const below = [names, outcome.status === 'failed' ? (outcome.hint ?? '') : ''].filter((line) => line !== '')
  const more = below.flatMap((line) => wrap(oneLine(line), columns, hanging))
  return [first.replace(status, () => colour(status)), ...others, ...more]
}

function reportSentence(report: Report): string {
  const unknown = report.undetermined.filter(({ follows }) => !follows).map(({ title }) => oneLine(title))
  return `${outcomeSentence(report)}${unknown.length === 0 ? '' : ` Undetermined: ${listed(unknown)}.`}`
}

function outcomeSentence(report: Report): string {
  const { applyId, planned, applied, steps } = report
  const missed = steps.filter(({ outcome }) => outcome.status !== 'applied')
  const done = doneText(applied)
  if (missed.some(({ outcome }) => outcome.status === 'in-doubt'))
    return `Unknown outcome: the connection was lost during COMMIT. Run fdwsync plan to see what was applied.${done === '' ? '' : ` Certainly applied: ${done}.`}`
  if (applyId === undefined) return 'Nothing to do.'
  if (missed.length === 0)
    return isRecordedOnly(report) ? 'Recorded in the ledger. Nothing had to change.' : `Applied: ${done}.`
  if (isNothingDone(report)) return 'Failed: nothing was changed.'
  const loads = missed.filter(({ action }) => action === 'populate').length
  return `Applied in part: ${done}; ${missedText(planned, applied, loads)}.`
}
