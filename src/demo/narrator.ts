import process from 'node:process'
import type { ChalkInstance } from 'chalk'
import type { Row } from './stage.ts'

/** Tells the story on standard output. A written text has arrived before a command adds to it. */
export interface Narrator {
  heading(text: string): Promise<void>
  say(...lines: readonly string[]): Promise<void>
  /** What somebody types, after a prompt; on further lines psql shows another one. */
  typed(prompt: string, text: string): Promise<void>
  rows(rows: readonly Row[], milliseconds: number): Promise<void>
}

export function narrator(style: ChalkInstance): Narrator {
  let steps = 0
  return {
    heading(text) {
      steps += 1
      return write('', style.bold(`${steps}. ${text}`), '')
    },
    say: write,
    typed(prompt, text) {
      const [first, ...further] = text.split('\n').map((line) => style.cyan(line))
      const continued = style.dim(prompt.replace('=', '-'))
      return write('', `${style.dim(prompt)} ${first}`, ...further.map((line) => `${continued} ${line}`))
    },
    rows(rows, milliseconds) {
      const count = rows.length === 1 ? '1 row' : `${rows.length} rows`
      return write(...tableOf(rows), `(${count}, ${Math.ceil(milliseconds)} ms)`)
    },
  }
}

function write(...lines: readonly string[]): Promise<void> {
  const text = lines.map((line) => `${line}\n`).join('')
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()))
  })
}

/** As psql shows rows: numbers to the right. */
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
