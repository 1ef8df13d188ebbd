// Asks for confirmation on the terminal.

import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { printMessage } from '../output.ts'
import { openPrompt } from './prompt.ts'

/**
 * Only the answer `yes` confirms.
 * @throws FdwsyncError if standard input is not a terminal, or contains the manifest or the plan
 */
export async function confirm(question: string, readsStandardInput: boolean): Promise<boolean> {
  if (!process.stdin.isTTY || readsStandardInput) {
    const reason = readsStandardInput
      ? 'the manifest or the plan is read from standard input'
      : 'standard input is not a terminal'
    throw new FdwsyncError(
      {
        code: 'usage/no-terminal',
        message: `cannot prompt for confirmation: ${reason}`,
        hint: 'Use --auto-approve to apply without confirmation.',
      },
      exitCode.refused,
    )
  }
  const prompt = openPrompt()
  try {
    if ((await prompt.question(`\n${question} Type "yes" to confirm: `)) === 'yes') return true
    printMessage('Nothing was changed.\n')
    return false
  } finally {
    prompt.close()
  }
}
