// The process of one target of a fleet.

import { spawn } from 'node:child_process'
import { exitCode } from '../../core/errors.ts'
import { fileFailure } from '../../core/file-failure.ts'
import type { FleetTarget } from '../../library/fleet-targets.ts'
import { printLineOf } from '../log.ts'
import type { RunningTargets } from './signals.ts'

interface Output {
  readonly code: number
  readonly stdout: string
}

/**
 * Runs this command on the target. Its progress and errors are printed as they happen, with the name of the target before each line.
 * @param args those of the command, without the options of fleets
 */
export async function runProcess(
  target: FleetTarget,
  args: readonly string[],
  running: RunningTargets,
): Promise<Output> {
  try {
    return await outputOf(target, args, running)
  } catch (error) {
    printLineOf(target.name, `error: the process for this target cannot be started: ${fileFailure(error)}`)
    return { code: exitCode.failed, stdout: '' }
  }
}

function outputOf(target: FleetTarget, args: readonly string[], running: RunningTargets): Promise<Output> {
  const { DATABASE_URL: _url, PGSERVICE: _service, ...environment } = process.env
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [process.argv[1] ?? '', ...args], {
      env: { ...environment, ...target.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // In a process group of its own, so that it gets the signals of a terminal once.
      detached: true,
    })
    child.on('error', reject)
    // A process that could not be started has no streams.
    if (child.pid === undefined) return
    running.add(child)
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    let rest = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) printLineOf(target.name, line)
    })
    child.on('close', (code, signal) => {
      running.delete(child)
      if (rest !== '') printLineOf(target.name, rest)
      if (signal !== null) printLineOf(target.name, `error: ended by ${signal}`)
      resolve({ code: code ?? exitCode.failed, stdout })
    })
  })
}
