// The problems of a failed command as text. Many of one kind are one entry: the first, and where the others are.

import { groupBy } from '../../core/data.ts'
import { formatProblem, type Problem } from '../../core/errors.ts'
import { oneLine } from '../../core/printable.ts'

/** Fewer problems of one kind are shown one by one. */
const fewest = 3
const maxPlaces = 10

export function renderProblems(problems: readonly Problem[]): string {
  const groups = groupBy(problems, ({ code, message }) => JSON.stringify([code, splitMessage(message).reason]))
  const shown = problems.flatMap((problem) => {
    const { code, message } = problem
    const alike = groups.get(JSON.stringify([code, splitMessage(message).reason])) ?? []
    if (alike.length < fewest) return [`error: ${formatProblem(problem)}\n`]
    return alike[0] === problem ? [`error: ${formatProblem(problem)}\n  ${othersText(alike)}\n`] : []
  })
  return shown.join('')
}

function othersText([first, ...others]: readonly Problem[]): string {
  const subjects = new Set(others.map(({ message }) => splitMessage(message).subject))
  const isOfOne = subjects.size === 1 && first && subjects.has(splitMessage(first.message).subject)
  const wheres = new Set(
    others.map((problem) => (isOfOne ? placeText(problem) : splitMessage(problem.message).subject)),
  )
  const shown = [...wheres].slice(0, maxPlaces).map(oneLine)
  const more = wheres.size > maxPlaces ? ` and ${wheres.size - maxPlaces} more` : ''
  return `and ${others.length} more like it: ${shown.join(', ')}${more}`
}

function placeText({ place }: Problem): string {
  return place ? `${place.line}:${place.column}` : ''
}

/** `SUBJECT: REASON`. A message without a subject is all reason. */
function splitMessage(message: string): { readonly subject: string; readonly reason: string } {
  const colon = message.indexOf(': ')
  return colon < 0
    ? { subject: '', reason: message }
    : { subject: message.slice(0, colon), reason: message.slice(colon + 2) }
}
