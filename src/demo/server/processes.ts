import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Whom a program runs as; undefined is whoever we are. */
export type Account = { readonly uid: number; readonly gid: number } | undefined

/** The part of the options of node:child_process that is the same for all programs. */
export interface Surroundings {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly uid?: number
  readonly gid?: number
}

let account: { readonly found: Account } | undefined

/** PostgreSQL refuses to run as root, so root lends it another account. */
export function serverAccount(): Account {
  account ??= { found: process.getuid?.() === 0 ? lookUpAccount() : undefined }
  return account.found
}

function lookUpAccount(): Account {
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((option) => {
      try {
        return Number(execFileSync('id', [option, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
      } catch {
        return undefined
      }
    })
    if (uid && gid) return { uid, gid }
  }
  throw new Error('PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody')
}

/**
 * How every program of a server is started. None of the user's own PG* variables, password files and services have
 * any meaning for it, and the current folder may be one that its account cannot enter.
 */
export function surroundings(home: string): Surroundings {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name))
  return { cwd: '/', env: { ...Object.fromEntries(inherited), HOME: home, LC_ALL: 'C', TZ: 'UTC' }, ...serverAccount() }
}

/** Runs a program of the server's account to its end. */
export async function runProgram(home: string, file: string, args: readonly string[], input = ''): Promise<void> {
  const running = promisify(execFile)(file, args, surroundings(home))
  // A program that ends early does not read its input. Its exit code tells more than the broken pipe.
  running.child.stdin?.on('error', () => {})
  running.child.stdin?.end(input)
  await running
}

/** Polls until the condition gives something other than false or undefined. */
export async function until<T>(
  what: string,
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  milliseconds = 60_000,
): Promise<T> {
  const end = performance.now() + milliseconds
  for (;;) {
    const result = await condition()
    if (result !== false && result !== undefined) return result
    if (performance.now() > end) throw new Error(`waited ${milliseconds / 1000} s for ${what}`)
    await setTimeout(10)
  }
}

/** Whether a process still holds anything. A zombie does not, and nobody may ever ask for its exit code. */
export function isRunning(pid: number): boolean {
  if (hasProc) return !['Z', 'X', undefined].includes(stat(pid)?.state)
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The processes that this one has started. */
export function childrenOf(parent: number): number[] {
  if (hasProc) {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => stat(pid)?.parent === parent)
  }
  try {
    return execFileSync('pgrep', ['-P', String(parent)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number)
  } catch {
    // Its exit code for "none".
    return []
  }
}

const hasProc = existsSync('/proc/self/stat')

function stat(pid: number): { readonly state: string | undefined; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The program's name comes before, in brackets, and may hold anything.
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state, parent: Number(parent) }
  } catch {
    return undefined
  }
}
