import type { ChalkInstance } from 'chalk'
import { structuredPatch } from 'diff'
import type { FieldChange } from '../core/change.ts'
import { oneLine, padded, printableLines, widthOf, wrapped } from './text.ts'

export interface TextOptions {
  readonly style: ChalkInstance
  /** The terminal's width. */
  readonly columns: number
}

const indent = '      '

/** The fields of one object side by side, a text of several lines as a unified diff. */
export function renderFields(fields: readonly FieldChange[], options: TextOptions): readonly string[] {
  const widest = Math.max(0, ...fields.filter((field) => !isLong(field)).map(({ field }) => widthOf(oneLine(field))))
  return fields.flatMap((field) =>
    isLong(field) ? longField(field, options) : shortField(field, Math.min(widest, 32), options),
  )
}

function isLong({ from, to }: FieldChange): boolean {
  return Boolean(from?.includes('\n') || to?.includes('\n'))
}

function shortField(field: FieldChange, width: number, { style, columns }: TextOptions): readonly string[] {
  const label = oneLine(field.field)
  const forces = field.effect.how === 'replace' ? '   forces replacement' : ''
  const text = difference(field)
  const line = `${indent}${padded(label, width)}   ${text}${forces}`
  if (widthOf(line) <= columns) return [`${indent}${style.dim(padded(label, width))}   ${text}${style.magenta(forces)}`]
  return [`${indent}${style.dim(label)}${style.magenta(forces)}`, ...wrapped(text, columns, `${indent}  `)]
}

function difference({ from, to }: FieldChange): string {
  const isSecret = (from ?? to) === '(secret)'
  if (from === undefined) return isSecret ? '(secret added)' : `added: ${shown(to)}`
  if (to === undefined) return isSecret ? '(secret removed)' : `removed: ${shown(from)}`
  return isSecret ? '(secret changed)' : `${shown(from)} → ${shown(to)}`
}

function shown(value: string | undefined): string {
  return value === '' ? "''" : oneLine(value ?? '')
}

function longField(field: FieldChange, { style }: TextOptions): readonly string[] {
  const head = `${indent}${style.dim(oneLine(field.field))}${field.effect.how === 'replace' ? style.magenta('   forces replacement') : ''}`
  const { hunks } = structuredPatch('', '', `${field.from ?? ''}\n`, `${field.to ?? ''}\n`, '', '', { context: 3 })
  const lines = hunks.flatMap((hunk, at) => [...(at > 0 ? [' …'] : []), ...hunk.lines])
  return [head, ...lines.flatMap((line) => printableLines(line)).map((line) => `${indent}${coloured(line, style)}`)]
}

function coloured(line: string, style: ChalkInstance): string {
  if (line.startsWith('+')) return style.green(line)
  return line.startsWith('-') ? style.red(line) : line
}

/** The attributes of a new object: a label, and the text beside it or under it. */
export function renderDetails(
  details: readonly (readonly [label: string, text: string])[],
  { style, columns }: TextOptions,
): readonly string[] {
  const width = Math.max(0, ...details.map(([label]) => widthOf(label)))
  return details.flatMap(([label, text]) => {
    if (text.includes('\n'))
      return [`${indent}${style.dim(label)}`, ...printableLines(text.trimEnd()).map((line) => `${indent}  ${line}`)]
    const hanging = `${indent}${' '.repeat(width)}  `
    const [first = '', ...others] = wrapped(oneLine(text), columns, hanging)
    return [`${indent}${style.dim(padded(label, width))}  ${first.slice(hanging.length)}`, ...others]
  })
}
