// Compares the text of a plan with its JSON: each says what the other says, and no more. A reader of one must not miss anything.

import { Chalk } from 'chalk'
import type { Plan } from '../../src/core/plan.ts'
import { oneLine } from '../../src/core/printable.ts'
import type { ChangeDocument, PlanDocument } from '../../src/render/json/documents.ts'
import { planJson } from '../../src/render/json/plan.ts'
import { planOfDocument } from '../../src/render/json/read-plan.ts'
import { renderPlan } from '../../src/render/text/plan.ts'

const signs: Readonly<Record<string, string>> = { create: '+', alter: '~', replace: '±', drop: '-' }
const isRecordedOnly = ({ op }: ChangeDocument) => op === 'adopt' || op === 'release'

/** What one of the two has and the other lacks. */
export function disagreements(plan: Plan): readonly string[] {
  const document = planJson(plan)
  const options = { style: new Chalk({ level: 0 }), columns: 1_000_000, verbose: true }
  const text = renderPlan(plan, options)
  const lines = text.split('\n')
  const isReadBack = renderPlan(planOfDocument(JSON.parse(JSON.stringify(document))), options) === text
  return [
    ...inChanges(document, lines),
    ...inNotices(document, lines),
    ...inSummary(document, lines.at(-2) ?? ''),
    ...(isReadBack ? [] : ['the text of the plan that is read from the JSON is another one']),
  ]
}

function inChanges({ changes }: PlanDocument, lines: readonly string[]): readonly string[] {
  const entries = entriesOf(lines)
  const shown = changes.filter((change) => !isRecordedOnly(change))
  const recorded = changes.filter(isRecordedOnly)
  const recordedLines = lines.filter((line) => /^ {2}(?:adopts|releases|records|takes over) /.test(line))
  return [
    ...(entries.length === shown.length ? [] : [`the text has ${entries.length} changes, the JSON ${shown.length}`]),
    ...shown.flatMap((change, at) => inChange(change, entries[at] ?? [])),
    ...(recordedLines.length === recorded.length
      ? []
      : [`the text records ${recordedLines.length}, the JSON ${recorded.length}`]),
    ...recorded.flatMap(({ title }) =>
      recordedLines.some((line) => line.includes(oneLine(title))) ? [] : [`recorded ${title}: not in the text`],
    ),
  ]
}

/** The lines of each change: its title, and what is indented below it. */
function entriesOf(lines: readonly string[]): readonly (readonly string[])[] {
  const entries: string[][] = []
  let isOpen = false
  for (const line of lines) {
    const begins = /^ {2}[+~±-] /.test(line)
    if (begins) entries.push([])
    isOpen = begins || (isOpen && line.startsWith('      '))
    if (isOpen) entries.at(-1)?.push(line)
  }
  return entries
}

function inChange(change: ChangeDocument, [head = '', ...body]: readonly string[]): readonly string[] {
  const { op, title, fields = [], details = [], hazards, predecessor, takenFrom = [], causedBy = [] } = change
  const titled = `  ${signs[op]} ${oneLine(title)}`
  const text = [head, ...body].join('\n')
  // Of what is renamed aside, and of what is dropped for it, the text shows the fields where one is dropped.
  const ownFields = change.keptAs ? [] : fields.filter(({ field }) => op !== 'drop' || !isOfDependency(fields, field))
  const inText = [
    ...ownFields.map(({ field }) => oneLine(field)),
    ...details.map(([label]) => label),
    ...hazards.filter(({ name }) => name !== 'reads-source').map(({ detail }) => `! ${oneLine(detail)}`),
    ...hazards.filter(({ name }) => name === 'reads-source' && op === 'replace').map(() => 'reloads its data'),
    ...(predecessor?.keeps ?? []).map(oneLine),
    ...takenFrom,
    ...causedBy.map(oneLine),
  ]
  const count = (pattern: RegExp) => body.filter((line) => pattern.test(line)).length
  const shownHazards = hazards.filter(({ name }) => name !== 'reads-source').length
  const replaced = ownFields.filter(({ effect }) => effect === 'replace').length
  return [
    ...(head.startsWith(titled) ? [] : [`${op} ${title}: the text has ${head.trim()}`]),
    ...inText.filter((part) => !text.includes(part)).map((part) => `${title}: not in the text: ${part}`),
    ...(count(/^ {6}! /) === shownHazards
      ? []
      : [`${title}: the text has ${count(/^ {6}! /)} hazards, the JSON ${shownHazards}`]),
    ...(count(/ {3}forces replacement/) === replaced ? [] : [`${title}: fields that force its replacement`]),
  ]
}

function isOfDependency(fields: ChangeDocument['fields'] & object, name: string): boolean {
  return fields.some(({ field, from, to }) => field === name && from === null && to === null)
}

function inNotices(
  { refusals, undetermined, warnings, source }: PlanDocument,
  lines: readonly string[],
): readonly string[] {
  const labelled = (label: string) => lines.filter((line) => line.startsWith(`  ${label} `))
  const refusedKeys = new Set(refusals.map(({ address }) => JSON.stringify(address)))
  const own = undetermined.filter(({ follows, address }) => !follows && !refusedKeys.has(JSON.stringify(address)))
  const dependents = undetermined.filter(({ follows }) => follows).length
  const findings = source?.findings ?? []
  const expected: readonly (readonly [string, readonly string[]])[] = [
    ['refused', refusals.map(({ reason }) => reason)],
    [
      'undetermined',
      [...own.map(({ reason }) => reason), ...(dependents > 0 ? [`${dependents} dependent object`] : [])],
    ],
    ['warning', [...warnings, ...findings.flatMap(({ readsFail, message }) => (readsFail ? [message] : []))]],
    ['source', findings.flatMap(({ readsFail, message }) => (readsFail ? [] : [message]))],
  ]
  return expected.flatMap(([label, reasons]) => {
    const found = labelled(label)
    const missing = reasons.filter((reason) => !found.some((line) => line.includes(oneLine(reason))))
    const surplus = found.filter((line) => !reasons.some((reason) => line.includes(oneLine(reason))))
    return [
      ...missing.map((reason) => `${label}: not in the text: ${reason}`),
      ...surplus.map((line) => `not in the JSON: ${line}`),
    ]
  })
}

function inSummary({ summary, undetermined, refusals }: PlanDocument, last: string): readonly string[] {
  const { create, alter, replace, drop, adopt, release, load } = summary
  const isEmpty = create + alter + replace + drop === 0 && refusals.length === 0
  const shown = (pattern: RegExp) => Number(pattern.exec(last)?.[1] ?? 0)
  const expected: readonly (readonly [RegExp, number])[] = [
    [/(\d+) to create/, create],
    [/(\d+) to alter/, alter],
    [/(\d+) to replace/, replace],
    [/(\d+) to drop/, drop],
    [/loads (\d+) cop/, load],
    [/(\d+) objects? undetermined/, undetermined.length],
    ...(isEmpty ? [] : [[/(\d+) to record/, adopt + release] as const]),
  ]
  return expected.flatMap(([pattern, count]) =>
    shown(pattern) === count ? [] : [`the last line has ${shown(pattern)} for ${pattern.source}, the JSON ${count}`],
  )
}
