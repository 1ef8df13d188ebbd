// Runs the built command on a pseudo-terminal, with `script` of util-linux.

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { command } from './command.ts'
import type { Environment } from './fdwsync.ts'
import type { Fixture } from './fixture.ts'

export const hasPseudoTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux')

export interface OnTerminal {
  /** Everything that was written so far. */
  written(): string
  type(keys: string): void
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

/** @param manifest written to a file that `-f` names; undefined for commands without one */
export function startOnTerminal(
  { url, env }: Pick<Fixture, 'url' | 'env'>,
  args: readonly string[],
  manifest: string | undefined,
  { columns, ...more }: { readonly columns: number; readonly env?: Environment },
): OnTerminal {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-terminal-'))
  const file = join(folder, 'manifest.yaml')
  if (manifest !== undefined) writeFileSync(file, manifest)
  const all = manifest === undefined ? args : [...args, '-f', file]
  const line = `stty cols ${columns} rows 10 && exec '${process.execPath}' '${command}' ${all.map((arg) => `'${arg}'`).join(' ')}`
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', line, join(folder, 'typescript')], {
    env: { PATH: process.env.PATH, TERM: 'xterm', DATABASE_URL: url, ...env, ...more.env },
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  let written = ''
  child.stdout.on('data', (text) => {
    written += String(text)
  })
  return {
    written: () => written,
    type: (keys) => void child.stdin.write(keys),
    ended: new Promise((resolve) => child.on('close', resolve)),
  }
}

/** The lines that a terminal shows in the end. It knows the few sequences that the command uses. */
export function screenOf(written: string): readonly string[] {
  const lines = ['']
  let at = 0
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are controlled by them
  for (const [part, count, code] of written.matchAll(/\u001b\[(\d*)([A-Za-z])|\r?\n|\r|[^\u001b\r\n]+/g)) {
    if (code === 'A') at = Math.max(0, at - Number(count || 1))
    else if (code === 'J') lines.splice(at, Number.POSITIVE_INFINITY, '')
    else if (part.endsWith('\n')) at += 1
    else if (code === undefined && part !== '\r') lines[at] = `${lines[at] ?? ''}${part}`
  }
  return lines.map((line) => line ?? '')
}
