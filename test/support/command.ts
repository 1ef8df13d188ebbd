// Runs the command: the built one in a process of its own, as its users do, after `npm run build`; or the same code in this process.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { largePages } from '../../src/demo/server/processes.ts'
import { runHere } from './command-here.ts'
import type { Environment } from './fdwsync.ts'
import type { Fixture } from './fixture.ts'

export const command = fileURLToPath(new URL('../../dist/fdwsync.js', import.meta.url))

/** A run is too short for optimizing code and for several threads of garbage collection to pay off. */
const flags = ['--no-opt', '--single-threaded-gc']

export interface Ended {
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
  target: Target,
  args: readonly string[],
  manifest: string | undefined,
  more: Environment = {},
): Run {
  const child = spawn(process.execPath, [...flags, command, ...withManifest(args, manifest)], {
    env: { ...largePages, ...environmentFor(target, more) },
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

/** Runs the built command to its end, for tests of what only a process of its own shows. */
export function runBuilt(
  target: Target,
  args: readonly string[],
  manifest: string | undefined,
  more: Environment = {},
): Promise<Ended> {
  return start(target, args, manifest, more).ended
}

/**
 * Runs the command in this process, which takes a third of the time: Node does not start, and V8 has compiled the code. One runs at
 * a time: `start` runs others beside it.
 */
export async function run(
  target: Target,
  args: readonly string[],
  manifest: string | undefined,
  more: Environment = {},
): Promise<Ended> {
  const ended = await runHere(withManifest(args, manifest), environmentFor(target, more), manifest ?? '')
  return { ...ended, signal: null }
}

function withManifest(args: readonly string[], manifest: string | undefined): readonly string[] {
  return manifest === undefined ? args : [...args, '-f', '-']
}

/** This process's environment without what would change where the command connects or how it prints. */
function environmentFor({ url, env }: Target, more: Environment): Environment {
  const own = Object.entries(process.env).filter(([name]) => !/^(PG|DATABASE_URL|NO_COLOR|FORCE_COLOR)/.test(name))
  const inherited = Object.fromEntries(own.map(([name, value]) => [name, value ?? '']))
  return { ...inherited, DATABASE_URL: url, ...env, ...more }
}
