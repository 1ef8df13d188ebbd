// Prints the story of the demo: headings, text, commands, and rows as psql shows them.

import type { ChalkInstance } from 'chalk'
import type { Row } from './databases.ts'

/** Each method resolves once its text is written, so that the output of a command comes after it. */
export interface Narrator {
  heading(text: string): Promise<void>
  print(...lines: readonly string[]): Promise<void>
  /** A command or statement after its prompt. Further lines get psql's continuation prompt. */
  command(prompt: string, text: string): Promise<void>
  rows(rows: readonly Row[], milliseconds: number): Promise<void>
}

/** `write` resolves once the text is written. */
export function createNarrator(style: ChalkInstance, write: (text: string) => Promise<void>): Narrator {
  let headings = 0
  const print = (...lines: readonly string[]) => write(lines.map((line) => `${line}\n`).join(''))
  return {
    heading(text) {
      headings += 1
      return print('', style.bold(`${headings}. ${text}`), '')
    },
    print,
    command(prompt, text) {
      const [first, ...further] = text.split('\n').map((line) => style.cyan(line))
      const continued = style.dim(prompt.replace('=', '-'))
      return print('', `${style.dim(prompt)} ${first}`, ...further.map((line) => `${continued} ${line}`))
    },
    rows(rows, milliseconds) {
      const count = rows.length === 1 ? '1 row' : `${rows.length} rows`
      return print(...tableOf(rows), `(${count}, ${Math.ceil(milliseconds)} ms)`)
    },
  }
}

/** A table in the style of psql: numbers are aligned to the right. */
function tableOf(rows: readonly Row[]): readonly string[] {
  const columns = Object.keys(rows[0] ?? {}).map((name) => {
    const values = rows.map((row) => String(row[name] ?? ''))
    const width = Math.max(...[name, ...values].map(({ length }) => length))
    const isNumeric = values.every((value) => /^-?[\d.]+$/.test(value))
    const cells = values.map((value) => (isNumeric ? value.padStart(width) : value.padEnd(width)))
    return { title: name.padEnd(width), rule: '-'.repeat(width + 2), cells }
  })
  const line = (cells: readonly string[]) => ` ${cells.join(' | ')}`.trimEnd()
  return [
    line(columns.map(({ title }) => title)),
    columns.map(({ rule }) => rule).join('+'),
    ...rows.map((_, at) => line(columns.map(({ cells }) => cells[at] ?? ''))),
  ]
}
