// Runs fdwsync commands in a child process, the way a user runs them in a shell.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { FdwsyncError } from '../core/errors.ts'

export interface CommandLineOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Aborting interrupts the command and waits until it has ended. */
  readonly signal: AbortSignal
}

/**
 * Runs this program with other arguments and returns the exit code. Its output goes to this process's standard output.
 * @throws FdwsyncError without a problem of its own if it was interrupted and has reported that
 */
export async function runCommand(args: readonly string[], { cwd, env, signal }: CommandLineOptions): Promise<number> {
  signal.throwIfAborted()
  const program = [...process.execArgv, ...process.argv.slice(1, 2), ...args]
  // Detached, because otherwise Ctrl-C reaches the command twice: from the terminal and from `interrupt`. The second one
  // ends a command at once.
  const child = spawn(process.execPath, program, { cwd, env, detached: true, stdio: ['ignore', 1, 1] })
  const interrupt = () => child.kill('SIGINT')
  signal.addEventListener('abort', interrupt)
  try {
    const [code, endedBy] = await once(child, 'exit')
    if (typeof code !== 'number') {
      signal.throwIfAborted()
      throw new Error(`fdwsync ${args.join(' ')} was ended by ${endedBy}`)
    }
    // The command has reported the interruption.
    if (signal.aborted) throw new FdwsyncError([])
    return code
  } finally {
    signal.removeEventListener('abort', interrupt)
  }
}
