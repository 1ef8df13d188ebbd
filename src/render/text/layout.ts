// Measuring and wrapping of text for a terminal, and the formatting of numbers. What escapes it is in core/printable.ts.

import { eastAsianWidth } from 'get-east-asian-width'
import { oneLine } from '../../core/printable.ts'
import { numberText } from '../../core/some-of.ts'

/** A value as a string literal of PostgreSQL, so that different values look different and blanks at the ends show. */
export function quoted(text: string): string {
  const inside = oneLine(text.replaceAll('\\', '\\\\')).replaceAll("'", "''")
  return inside.includes('\\') ? `E'${inside}'` : `'${inside}'`
}

/**
 * How many columns of a terminal a text takes. It adds up code points and so may be too wide, but is never too narrow: a line that
 * is wider than measured would be broken by the terminal, and the rest of a name could pass for a line of a plan. `string-width`
 * and `wrap-ansi` measure grapheme clusters, of which one can be longer than a line (a hundred joined Devanagari consonants).
 */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += columnsOf(character)
  return width
}

function columnsOf(character: string): number {
  const codePoint = character.codePointAt(0) ?? 0
  if (codePoint < 0x300) return 1
  return /[\p{Mn}\p{Me}]/u.test(character) ? 0 : eastAsianWidth(codePoint)
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

/** The beginning of a text, as much as fits, with an ellipsis for the rest. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let [kept, width] = ['', 0]
  for (const character of text) {
    width += columnsOf(character)
    if (width >= columns) break
    kept += character
  }
  return `${kept}…`
}

/**
 * Breaks a text at blanks so that its lines fit the terminal. Nothing is cut off: a word that is wider than the terminal stays
 * in one piece. `hanging` is the indent of all lines but the first. For text from a manifest or a server it must be deeper than
 * the lines around it, so that no part of the text can pass for such a line.
 */
export function wrap(text: string, columns: number, indent: string, hanging = indent): readonly string[] {
  const [first = '', ...words] = text.split(' ')
  const lines: string[] = []
  let start = indent
  let line = start + first
  let width = widthOf(line)
  for (const word of words) {
    const wordWidth = widthOf(word)
    if (line === start || width + 1 + wordWidth <= columns) {
      line += ` ${word}`
      width += 1 + wordWidth
    } else {
      lines.push(line)
      start = hanging
      line = start + word
      width = widthOf(start) + wordWidth
    }
  }
  return [...lines, line]
}

/** `1 view`, `2 views`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${numberText(count)} ${count === 1 ? noun : plural}`
}

/** `3 inserted, 1 updated`: what a refresh has written, as far as it is known. */
export function writtenText(written: Readonly<Record<'inserted' | 'updated' | 'deleted', bigint | null>>): string {
  const parts = (['inserted', 'updated', 'deleted'] as const).flatMap((how) =>
    written[how] ? [`${numberText(written[how])} ${how}`] : [],
  )
  return parts.length === 0 ? 'no differences' : parts.join(', ')
}

/** `12 ms`, `1.2 s`, `3 min 20 s`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 995) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** `5.1 MB`, with the units of PostgreSQL's pg_size_pretty. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const value = bytes / 1024 ** power
  return `${value >= 10 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}
