// Asks questions on the terminal.

import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { printMessage } from '../output.ts'

export interface Prompt {
  /** The answer without blanks around it; undefined once Ctrl-C or Ctrl-D has closed the terminal. */
  question(text: string): Promise<string | undefined>
  close(): void
}

/** On standard error: standard output is for results. */
export function openPrompt(): Prompt {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const closed = once(terminal, 'close').then(() => undefined)
  return {
    async question(text) {
      const answer = await Promise.race([terminal.question(text), closed]).catch(() => undefined)
      if (answer === undefined) printMessage('\n')
      return answer?.trim()
    },
    close: () => terminal.close(),
  }
}
