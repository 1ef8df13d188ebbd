// Runs the command in this process. What it takes from its process and leaves there is replaced meanwhile.

import { Readable } from 'node:stream'
import { vi } from 'vitest'
import { wrapMessages } from '../../src/cli/output.ts'
import { runProgram } from '../../src/cli/program.ts'
import { hideInErrors } from '../../src/cli/report-error.ts'
import { printable } from '../../src/core/printable.ts'
import type { Environment } from './fdwsync.ts'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

let running: readonly string[] | undefined

/** One runs at a time. */
export async function runHere(args: readonly string[], env: Environment, input: string): Promise<Ended> {
  if (running) throw new Error(`a command runs in this process already: fdwsync ${running.join(' ')}`)
  running = args
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)]
  const restore = replaceProcess(env, input)
  // As in a new process.
  hideInErrors([])
  wrapMessages(printable)
  try {
    await runProgram([process.execPath, 'fdwsync', ...args])
    return { code: Number(process.exitCode), stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    restore()
    stdout.end()
    stderr.end()
    running = undefined
  }
}

function replaceProcess(env: Environment, input: string): () => void {
  const { env: environment, exitCode } = process
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const listeners = signals.map((signal) => process.listeners(signal))
  const stdin = vi.spyOn(process, 'stdin', 'get')
  // Only a terminal has more than a stream of bytes.
  stdin.mockReturnValue(Readable.from([Buffer.from(input)]) as typeof process.stdin)
  Object.assign(process, { env: { ...env }, exitCode: 0 })
  return () => {
    Object.assign(process, { env: environment, exitCode })
    stdin.mockRestore()
    for (const [at, signal] of signals.entries()) {
      const added = process.listeners(signal).filter((one) => !listeners[at]?.includes(one))
      for (const one of added) process.off(signal, one)
    }
  }
}

/** Keeps what is written to the stream. */
function capture(stream: NodeJS.WriteStream) {
  let text = ''
  const write = vi.spyOn(stream, 'write').mockImplementation((chunk, ...rest: readonly unknown[]) => {
    text += String(chunk)
    const written = rest.at(-1)
    if (typeof written === 'function') written()
    return true
  })
  return { text: () => text, end: () => write.mockRestore() }
}
