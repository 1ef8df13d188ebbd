// The format "github": annotations on the lines of the manifest, as commands to the runner of GitHub Actions.

import type { Failure, Place, Problem } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import { oneLine, withoutRunnerCommands } from '../../core/printable.ts'
import type { PlanFormat, PlanOptions, Validation } from '../format.ts'
import { planNotices } from '../plan-notices.ts'
import { counted } from '../text/layout.ts'
import { summaryOf } from '../text/plan-summary.ts'

export const githubFormat: PlanFormat = {
  isDocument: true,
  commandsRunner: true,
  failure: ({ problems }: Failure) => shown(problems.map((problem) => ofProblem('error', problem))),
  validation: ({ warnings }: Validation) => shown(warnings.map((warning) => ofProblem('warning', warning))),
  plan: planAnnotations,
}

type Level = 'error' | 'warning' | 'notice'

interface Annotation {
  readonly level: Level
  readonly line: string
}

/** GitHub shows this many annotations of each level for a step. All others are only in its log. */
const maximumShown = 10

/** The annotations as lines. The last one that GitHub shows of a level reports how many it does not show. */
function shown(annotations: readonly Annotation[]): string {
  const counts = new Map<Level, number>()
  const lines = annotations.flatMap(({ level, line }) => {
    const at = (counts.get(level) ?? 0) + 1
    counts.set(level, at)
    const all = at === maximumShown ? annotations.filter((each) => each.level === level).length : 0
    if (all <= maximumShown) return [line]
    const text = `${counted(all - at + 1, 'more', 'more')}, which GitHub does not show here: the log of this step has all`
    return [annotation(level, 'more', [text], undefined).line, line]
  })
  return lines.join('')
}

function planAnnotations(plan: Plan, options: PlanOptions): string {
  const notices: readonly Annotation[] = planNotices(plan).map(({ level, refusesApply, text, names, hint, place }) =>
    annotation(refusesApply ? 'error' : 'warning', level, [text, names, hint], place),
  )
  return shown([...notices, annotation('notice', 'plan', [summaryOf(plan, options)], undefined)])
}

function ofProblem(level: Level, { code, message, hint = '', place }: Problem): Annotation {
  return annotation(level, code, [message, hint], place)
}

function annotation(level: Level, title: string, texts: readonly string[], place: Place | undefined): Annotation {
  const at = place ? { file: place.file, line: String(place.line), col: String(place.column) } : {}
  const properties = Object.entries({ ...at, title: `fdwsync ${title}` }).map(
    ([key, value]) => `${key}=${property(value)}`,
  )
  // A line break in an annotation is this escape, which no text can contain.
  const message = texts
    .filter((text) => text !== '')
    .map(data)
    .join('%0A')
  return { level, line: `::${level} ${properties.join(',')}::${message}\n` }
}

/** As `@actions/core` escapes the text of a command. */
function data(text: string): string {
  return withoutRunnerCommands(oneLine(text), () => '\\u0023').replaceAll('%', '%25')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
