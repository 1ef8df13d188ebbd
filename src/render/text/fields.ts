// The lines under an object in a plan: its changed fields, and the attributes of a new object.

import { structuredPatch } from 'diff'
import type { FieldChange } from '../../core/change.ts'
import { oneLine, printableLines } from '../../core/printable.ts'
import { secretText } from '../../core/secret.ts'
import type { RenderOptions } from '../format.ts'
import { pad, quoted, widthOf, wrap } from './layout.ts'
import { isListField, listDifference } from './lists.ts'

const indent = '      '

/** A wider label has its text on the next line. */
const maxLabelWidth = 32

/** The changed fields of one object: old and new value side by side, or a unified diff of text of several lines. */
export function renderFields(fields: readonly FieldChange[], options: RenderOptions): readonly string[] {
  const widest = Math.max(0, ...fields.filter((field) => !isLong(field)).map(({ field }) => widthOf(oneLine(field))))
  return fields.flatMap((field) =>
    isLong(field) ? longField(field, options) : shortField(field, Math.min(widest, maxLabelWidth), options),
  )
}

function isLong({ from, to }: FieldChange): boolean {
  return Boolean(from?.includes('\n') || to?.includes('\n'))
}

/** The remark after a field: whether it forces a replacement, and why it differs. */
function remarkOf({ effect, cause, causes = [] }: FieldChange): string {
  const remark = effect.how === 'replace' ? '   forces replacement' : ''
  if (cause === undefined || cause === 'dependency') return remark
  const words = { manifest: 'manifest', source: 'source', drift: 'drifted' }
  const origins = cause === 'both' ? causes : [cause]
  return `${remark}   ${origins.map((origin) => words[origin]).join(' and ')}`
}

function shortField(field: FieldChange, width: number, options: RenderOptions): readonly string[] {
  const { style, columns } = options
  const label = oneLine(field.field)
  const forces = remarkOf(field)
  const text = difference(field, options)
  const line = `${indent}${pad(label, width)}   ${text}${forces}`
  if (widthOf(line) <= columns) return [`${indent}${style.dim(pad(label, width))}   ${text}${style.magenta(forces)}`]
  return [...labelLines(label, forces, { style, columns }), ...wrap(text, columns, `${indent}  `)]
}

function labelLines(label: string, forces: string, { style, columns }: RenderOptions): readonly string[] {
  const lines = wrap(label, columns, indent, `${indent}    `)
  const last = lines.length - 1
  return lines.map((line, at) => style.dim(line) + (at === last ? style.magenta(forces) : ''))
}

function difference({ field, from, to, outdates, readsEmpty }: FieldChange, { verbose }: RenderOptions): string {
  if (outdates) return 'its rows look different'
  if (readsEmpty) return 'reads its new columns'
  if (from === undefined && to === undefined) return 'also replaced'
  const isLong = !verbose && from !== undefined && to !== undefined && isListField(field)
  const list = isLong ? listDifference(from, to) : undefined
  if (!list) return valueDifference({ from, to }, valueText)
  const changes = list.changes.map((item) => valueDifference(item, itemText))
  return [...changes, ...(list.unchanged > 0 ? [`${list.unchanged} unchanged`] : [])].join(' · ')
}

function valueDifference({ from, to }: Pick<FieldChange, 'from' | 'to'>, textOf: (value: string) => string): string {
  const isSecret = [from, to].every((value) => value === undefined || value === secretText)
  if (from === undefined) return isSecret ? '(secret added)' : `added: ${textOf(to ?? '')}`
  if (to === undefined) return isSecret ? '(secret removed)' : `removed: ${textOf(from)}`
  return isSecret ? '(secret changed)' : `${textOf(from)} → ${textOf(to)}`
}

/** Quoted only if it could be mistaken for another value or for something else. */
function valueText(value: string): string {
  return /^E?'.*'$/.test(value) || value !== value.trim() ? quoted(value) : itemText(value)
}

/** An item of a list of names and literals. */
function itemText(item: string): string {
  const isPlain = item !== '' && item === oneLine(item) && !/ [→·] /.test(item)
  return isPlain ? item : quoted(item)
}

function longField(field: FieldChange, options: RenderOptions): readonly string[] {
  const forces = remarkOf(field)
  const lines = diffLines(field.from, field.to)
  return [...labelLines(oneLine(field.field), forces, options), ...lines.flatMap((line) => diffLine(line, options))]
}

/** Texts with more edits are shown in full, the old one before the new one. Comparing them would take too long. */
const maxEditLength = 2000

function diffLines(from: string | undefined, to: string | undefined): readonly string[] {
  const whole = (text: string | undefined) => (text === undefined ? '' : `${text}\n`)
  const patch = structuredPatch('', '', whole(from), whole(to), '', '', { context: 3, maxEditLength })
  if (patch) return patch.hunks.flatMap((hunk, at) => [...(at > 0 ? [' …'] : []), ...hunk.lines])
  const lines = (sign: string, text: string | undefined) => text?.split('\n').map((line) => sign + line) ?? []
  return [...lines('-', from), ...lines('+', to)]
}

function diffLine(line: string, { style, columns }: RenderOptions): readonly string[] {
  const colour = line.startsWith('+') ? style.green : line.startsWith('-') ? style.red : undefined
  return wrap(oneLine(line), columns, indent, `${indent}    `).map((shownLine) => colour?.(shownLine) ?? shownLine)
}

/** The attributes of a new object: a label with the text beside it or below it. */
export function renderDetails(
  details: readonly (readonly [label: string, text: string])[],
  { style, columns }: RenderOptions,
): readonly string[] {
  const labels = details.map(([label]) => widthOf(oneLine(label)))
  const width = Math.max(0, ...labels.filter((label) => label <= Math.min(maxLabelWidth, columns / 2)))
  return details.flatMap(([name, text]) => {
    const label = oneLine(name)
    if (text.includes('\n') || widthOf(label) > width) {
      const lines = printableLines(text.trimEnd())
      return [
        ...labelLines(label, '', { style, columns }),
        ...lines.flatMap((line) => wrap(line, columns, `${indent}  `, `${indent}      `)),
      ]
    }
    const hanging = `${indent}${' '.repeat(width)}  `
    const [first = '', ...others] = wrap(oneLine(text), columns, hanging)
    return [`${indent}${style.dim(pad(label, width))}  ${first.slice(hanging.length)}`, ...others]
  })
}
