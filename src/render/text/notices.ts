// What a plan reports beside its changes: refusals, undetermined objects, findings at sources, warnings. One cause is one notice,
// however many objects it concerns.

import { groupBy } from '../../core/data.ts'
import { idOf, type ObjectId } from '../../core/object.ts'
import type { Plan, Undetermined } from '../../core/plan.ts'
import { oneLine } from '../../core/printable.ts'
import { titleOf } from '../../kinds/registry.ts'
import type { RenderOptions } from '../format.ts'
import { counted, wrap } from './layout.ts'
import { listed, placeOfTitled, subjectOf } from './objects.ts'

/** What is reported of one object. */
export interface Notice {
  readonly key: string
  readonly title: string
  readonly reason: string
  readonly hint: string
}

export function renderRefusals({ refusals }: Plan, options: RenderOptions): readonly string[] {
  return notices('refused', options.style.red, refusals, options)
}

/** What is undetermined and not refused: the reason for a refused object is already in its refusal. */
export function undeterminedOnly({ undetermined, refusals }: Plan): readonly Undetermined[] {
  const refused = new Set(refusals.map(({ key }) => key))
  return undetermined.filter(({ key }) => !refused.has(key))
}

export function renderUndetermined(plan: Plan, options: RenderOptions): readonly string[] {
  const undetermined = undeterminedOnly(plan)
  const own = undetermined.filter(({ follows }) => !follows)
  const dependents = undetermined.length - own.length
  return [
    ...notices('undetermined', options.style.yellow, own, options),
    ...(dependents > 0
      ? notice('undetermined', options.style.yellow, counted(dependents, 'dependent object'), [], options)
      : []),
  ]
}

export function renderFindings({ source }: Plan, options: RenderOptions): readonly string[] {
  const byEffect = groupBy(source?.findings ?? [], ({ readsFail }) => readsFail)
  const { style } = options
  return [...byEffect].flatMap(([readsFail, findings]) => {
    const [label, colour] = readsFail ? (['warning', style.yellow] as const) : (['source', style.cyan] as const)
    const found = findings.map(({ key, title, message }) => ({ key, title, reason: message, hint: '' }))
    return notices(label, colour, found, options)
  })
}

/** Warnings are texts. Many of them may differ only in the object that they concern: `index a of …: REASON`. */
export function renderWarnings({ warnings }: Pick<Plan, 'warnings'>, options: RenderOptions): readonly string[] {
  const fresh = warnings.filter(({ isReported }) => options.verbose || !isReported)
  const byCause = groupBy(fresh, ({ code, message, hint }) => JSON.stringify([code, reasonIn(message), hint]))
  const lines = [...byCause.values()].flatMap((alike) => {
    const [first, ...others] = alike
    if (first === undefined) return []
    const { hint = '' } = first
    if (alike.length <= 2 || options.verbose) {
      return alike.flatMap(({ message }) => notice('warning', options.style.yellow, message, [hint], options))
    }
    const more = `and ${counted(others.length, 'more like it', 'more like it')}; --verbose lists them`
    return notice('warning', options.style.yellow, first.message, [more, hint], options)
  })
  return [...lines, ...reportedLines(warnings.length - fresh.length, options)]
}

function reportedLines(count: number, { style, columns }: RenderOptions): readonly string[] {
  if (count === 0) return []
  const text = `${counted(count, 'warning')} of the last apply still ${count === 1 ? 'holds' : 'hold'}; --verbose lists ${count === 1 ? 'it' : 'them'}`
  return wrap(text, columns, '  ').map((line) => style.dim(line))
}

/** A message without the object at its start. */
export function reasonIn(message: string): string {
  return message.slice(Math.max(0, message.indexOf(': ')))
}

function notices(
  label: string,
  colour: (text: string) => string,
  all: readonly Notice[],
  options: RenderOptions,
): readonly string[] {
  return foldedNotices(all, options).flatMap(({ subject, names, reason, hint }) =>
    notice(label, colour, `${subject}: ${reason}`, [names, hint], options),
  )
}

/** Several notices that have the same cause. */
export interface FoldedNotice<Item extends Notice> {
  readonly first: Item
  /** `12 indexes in shop`, the title of the one object, or `12 objects` of several kinds, schemas or servers. */
  readonly subject: string
  readonly names: string
  readonly reason: string
  readonly hint: string
}

export function foldedNotices<Item extends Notice>(
  all: readonly Item[],
  { verbose }: Pick<RenderOptions, 'verbose'>,
): readonly FoldedNotice<Item>[] {
  const causes = groupBy(all, ({ reason, hint }) => JSON.stringify([reason, hint]))
  return [...causes.values()].flatMap((alike): readonly FoldedNotice<Item>[] => {
    const places = [...groupBy(alike, placeOfTitled).values()].flatMap((own) => {
      const [first] = own
      return first ? [{ first, ...subjectOf(own, verbose), reason: first.reason, hint: first.hint }] : []
    })
    const [one] = places
    const shared = sharedId(alike)
    if (one === undefined || places.length <= (shared ? 1 : maxPlaces)) return places
    const subjects = places.map(({ subject, names }) => (verbose && names !== '' ? `${subject} (${names})` : subject))
    const titles = new Set(alike.map(({ title }) => title))
    const subject = shared ? titleOf(shared) : counted(titles.size, 'object')
    return [{ ...one, subject, names: listed(subjects, verbose) }]
  })
}

/** The object that all entries are about, each with a title of its own: imports are about their server. */
function sharedId(alike: readonly Notice[]): ObjectId | undefined {
  const [key, ...others] = new Set(alike.map((each) => each.key))
  return key === undefined || others.length > 0 ? undefined : idOf(key)
}

/** What has one cause in more places than these is counted. */
const maxPlaces = 2

/** A label, a text, and the lines below it. The label is coloured last, since lines are broken without colour. */
function notice(
  label: string,
  colour: (text: string) => string,
  text: string,
  below: readonly string[],
  { columns }: RenderOptions,
): readonly string[] {
  const [first = '', ...others] = wrap(`${label} ${oneLine(text)}`, columns, '  ', '    ')
  const more = below.filter((line) => line !== '').flatMap((line) => wrap(oneLine(line), columns, '    '))
  return [first.replace(label, () => colour(label)), ...others, ...more]
}
