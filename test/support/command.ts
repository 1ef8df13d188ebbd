// Runs the built command, as its users do: `npm run build` comes first.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Environment } from './fdwsync.ts'
import type { Fixture } from './fixture.ts'

export const command = fileURLToPath(new URL('../../dist/fdwsync.js', import.meta.url))

/** A run is too short for optimizing code and for several threads of garbage collection to pay off. */
const flags = ['--no-opt', '--single-threaded-gc']

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface Run {
  readonly child: ChildProcess
  /** Resolves when the command has ended. */
  readonly ended: Promise<Ended>
}

type Target = Pick<Fixture, 'url' | 'env'>

/** Starts the command with a manifest on its standard input, or without one. It is killed when the test is over. */
export function start(
  { url, env }: Target,
  args: readonly string[],
  manifest: string | undefined,
  more: Environment = {},
): Run {
  const file = manifest === undefined ? [] : ['-f', '-']
  const child = spawn(process.execPath, [...flags, command, ...args, ...file], {
    env: { ...inherited(), DATABASE_URL: url, ...env, ...more },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text) => {
    stdout += String(text)
  })
  child.stderr.on('data', (text) => {
    stderr += String(text)
  })
  child.stdin.end(manifest ?? '')
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  return { child, ended }
}

export function run(
  target: Target,
  args: readonly string[],
  manifest: string | undefined,
  more: Environment = {},
): Promise<Ended> {
  return start(target, args, manifest, more).ended
}

/** This process's environment without what would change where the command connects or how it prints. */
function inherited(): Environment {
  const own = Object.entries(process.env).filter(([name]) => !/^(PG|DATABASE_URL|NO_COLOR|FORCE_COLOR)/.test(name))
  return Object.fromEntries(own.map(([name, value]) => [name, value ?? '']))
}
