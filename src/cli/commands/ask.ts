import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { exitCode, FdwsyncError } from '../../core/errors.ts'

/**
 * Asks on the terminal. Only `yes` is taken for one. `isTaken`: standard input has the manifest.
 * @throws FdwsyncError if there is nobody to ask
 */
export async function ask(question: string, isTaken: boolean): Promise<boolean> {
  if (!process.stdin.isTTY || isTaken) {
    throw new FdwsyncError(
      {
        code: 'usage/no-terminal',
        message: 'there is nobody to ask whether to apply this',
        hint: 'Pass --auto-approve if it is meant to be applied unseen.',
      },
      exitCode.refused,
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    // Whoever presses Ctrl-C or Ctrl-D instead has answered as well.
    const asked = terminal.question(`\n${question} Only "yes" will do: `)
    const answer = await Promise.race([asked, once(terminal, 'close').then(() => '')]).catch(() => '')
    if (answer.trim() === 'yes') return true
    process.stderr.write('Nothing was changed.\n')
    return false
  } finally {
    terminal.close()
  }
}
