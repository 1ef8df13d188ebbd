// Asks for confirmation on the terminal.

import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { printMessage } from '../output.ts'

/**
 * Only the answer `yes` confirms.
 * @throws FdwsyncError if standard input is not a terminal, or contains the manifest
 */
export async function confirm(question: string, readsStandardInput: boolean): Promise<boolean> {
  if (!process.stdin.isTTY || readsStandardInput) {
    const reason = readsStandardInput ? 'the manifest is read from standard input' : 'standard input is not a terminal'
    throw new FdwsyncError(
      {
        code: 'usage/no-terminal',
        message: `cannot prompt for confirmation: ${reason}`,
        hint: 'Use --auto-approve to apply without confirmation.',
      },
      exitCode.refused,
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    // Ctrl-C and Ctrl-D close the terminal, which counts as "no".
    const answered = terminal.question(`\n${question} Type "yes" to confirm: `)
    const answer = await Promise.race([answered, once(terminal, 'close').then(() => '')]).catch(() => '')
    if (answer.trim() === 'yes') return true
    printMessage('Nothing was changed.\n')
    return false
  } finally {
    terminal.close()
  }
}
