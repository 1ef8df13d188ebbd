// The format "github": annotations on the lines of the manifest, as commands to the runner of GitHub Actions.

import type { Failure, Place, Problem } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import { oneLine, withoutRunnerCommands } from '../../core/printable.ts'
import type { PlanFormat, PlanOptions, Validation } from '../format.ts'
import { planNotices } from '../plan-notices.ts'
import { summaryOf } from '../text/plan-summary.ts'

export const githubFormat: PlanFormat = {
  isDocument: true,
  commandsRunner: true,
  failure: ({ problems }: Failure) => problems.map((problem) => ofProblem('error', problem)).join(''),
  validation: ({ warnings }: Validation) => warnings.map((warning) => ofProblem('warning', warning)).join(''),
  plan: planAnnotations,
}

type Level = 'error' | 'warning' | 'notice'

function planAnnotations(plan: Plan, options: PlanOptions): string {
  const notices = planNotices(plan).map(({ level, refusesApply, text, names, hint, place }) =>
    annotation(refusesApply ? 'error' : 'warning', level, [text, names, hint], place),
  )
  return [...notices, annotation('notice', 'plan', [summaryOf(plan, options)], undefined)].join('')
}

function ofProblem(level: Level, { code, message, hint = '', place }: Problem): string {
  return annotation(level, code, [message, hint], place)
}

function annotation(level: Level, title: string, texts: readonly string[], place: Place | undefined): string {
  const at = place ? { file: place.file, line: String(place.line), col: String(place.column) } : {}
  const properties = Object.entries({ ...at, title: `fdwsync ${title}` }).map(
    ([key, value]) => `${key}=${property(value)}`,
  )
  // A line break in an annotation is this escape, which no text can contain.
  const message = texts
    .filter((text) => text !== '')
    .map(data)
    .join('%0A')
  return `::${level} ${properties.join(',')}::${message}\n`
}

/** As `@actions/core` escapes the text of a command. */
function data(text: string): string {
  return withoutRunnerCommands(oneLine(text), () => '\\u0023').replaceAll('%', '%25')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
