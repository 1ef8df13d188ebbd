import type { ChalkInstance } from 'chalk'
import { structuredPatch } from 'diff'
import type { FieldChange } from '../../core/change.ts'
import { oneLine, pad, printableLines, quoted, widthOf, wrap } from './layout.ts'

export interface TextOptions {
  readonly style: ChalkInstance
  /** The terminal's width. */
  readonly columns: number
}

const indent = '      '

/** Labels that are wider have their text under them. */
const widestLabel = 32

/** The fields of one object side by side, a text of several lines as a unified diff. `withCauses`: each says why. */
export function renderFields(
  fields: readonly FieldChange[],
  options: TextOptions,
  showCauses = false,
): readonly string[] {
  const widest = Math.max(0, ...fields.filter((field) => !isLong(field)).map(({ field }) => widthOf(oneLine(field))))
  return fields.flatMap((field) =>
    isLong(field)
      ? longField(field, options, showCauses)
      : shortField(field, Math.min(widest, widestLabel), options, showCauses),
  )
}

function isLong({ from, to }: FieldChange): boolean {
  return Boolean(from?.includes('\n') || to?.includes('\n'))
}

/** What is said after a field: what it takes, and why. */
function remarkOn({ effect, cause, causes = [] }: FieldChange, withCauses: boolean): string {
  const remark = effect.how === 'replace' ? '   forces replacement' : ''
  if (!withCauses || cause === undefined || cause === 'dependency') return remark
  const words = { manifest: 'manifest', source: 'source', drift: 'drifted' }
  const origins = cause === 'both' ? causes : [cause]
  return `${remark}   ${origins.map((origin) => words[origin]).join(' and ')}`
}

function shortField(
  field: FieldChange,
  width: number,
  { style, columns }: TextOptions,
  withCauses: boolean,
): readonly string[] {
  const label = oneLine(field.field)
  const forces = remarkOn(field, withCauses)
  const text = difference(field)
  const line = `${indent}${pad(label, width)}   ${text}${forces}`
  if (widthOf(line) <= columns) return [`${indent}${style.dim(pad(label, width))}   ${text}${style.magenta(forces)}`]
  return [...labelLines(label, forces, { style, columns }), ...wrap(text, columns, `${indent}  `)]
}

function labelLines(label: string, forces: string, { style, columns }: TextOptions): readonly string[] {
  const lines = wrap(label, columns, indent, `${indent}    `)
  const last = lines.length - 1
  return lines.map((line, at) => style.dim(line) + (at === last ? style.magenta(forces) : ''))
}

function difference({ from, to }: FieldChange): string {
  if (from === undefined && to === undefined) return 'replaced as well'
  const isSecret = [from, to].every((value) => value === undefined || value === '(secret)')
  if (from === undefined) return isSecret ? '(secret added)' : `added: ${valueText(to ?? '')}`
  if (to === undefined) return isSecret ? '(secret removed)' : `removed: ${valueText(from)}`
  return isSecret ? '(secret changed)' : `${valueText(from)} → ${valueText(to)}`
}

/** Between quotes only where it could be taken for another value, or for something else than a value. */
function valueText(value: string): string {
  const isPlain = value !== '' && value === value.trim() && value === oneLine(value)
  return isPlain && !value.includes(' → ') && !/^E?'.*'$/.test(value) ? value : quoted(value)
}

function longField(field: FieldChange, options: TextOptions, withCauses: boolean): readonly string[] {
  const forces = remarkOn(field, withCauses)
  const lines = diffLines(field.from, field.to)
  return [...labelLines(oneLine(field.field), forces, options), ...lines.flatMap((line) => diffLine(line, options))]
}

/** What takes longer to compare than to read is shown whole, the old one before the new one. */
const maxEditLength = 2000

function diffLines(from: string | undefined, to: string | undefined): readonly string[] {
  const whole = (text: string | undefined) => (text === undefined ? '' : `${text}\n`)
  const patch = structuredPatch('', '', whole(from), whole(to), '', '', { context: 3, maxEditLength })
  if (patch) return patch.hunks.flatMap((hunk, at) => [...(at > 0 ? [' …'] : []), ...hunk.lines])
  const lines = (sign: string, text: string | undefined) => text?.split('\n').map((line) => sign + line) ?? []
  return [...lines('-', from), ...lines('+', to)]
}

function diffLine(line: string, { style, columns }: TextOptions): readonly string[] {
  const colour = line.startsWith('+') ? style.green : line.startsWith('-') ? style.red : undefined
  return wrap(oneLine(line), columns, indent, `${indent}    `).map((shownLine) => colour?.(shownLine) ?? shownLine)
}

/** The attributes of a new object: a label, and the text beside it or under it. */
export function renderDetails(
  details: readonly (readonly [label: string, text: string])[],
  { style, columns }: TextOptions,
): readonly string[] {
  const labels = details.map(([label]) => widthOf(oneLine(label)))
  const width = Math.max(0, ...labels.filter((label) => label <= Math.min(widestLabel, columns / 2)))
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
