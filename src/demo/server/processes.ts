// Runs the programs of a server under the account and in the environment that they need, and inspects processes.

import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

/** The account that a program runs as. Undefined: that of this process. */
export type Account = { readonly uid: number; readonly gid: number } | undefined

/** The options of node:child_process that all programs have in common. */
export interface ProcessOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly uid?: number
  readonly gid?: number
}

let account: { readonly found: Account } | undefined

/** PostgreSQL refuses to run as root, so root runs it under another account. */
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
  throw new Error('PostgreSQL refuses to run as root, and no user named postgres or nobody exists')
}

/**
 * The options for every program of a server. The user's own PG* variables, password files and services must not affect it,
 * and its account may not be able to enter the current folder.
 */
export function processOptions(home: string): ProcessOptions {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name))
  return { cwd: '/', env: { ...Object.fromEntries(inherited), HOME: home, LC_ALL: 'C', TZ: 'UTC' }, ...serverAccount() }
}

/**
 * For processes that live shortly, as the backends of a throwaway server do: mapping the pages of their memory takes a large part of
 * their time, on virtual machines most of it. With this, glibc takes huge pages and keeps them; other libraries ignore it.
 */
export const largePages: Readonly<Record<string, string>> = {
  GLIBC_TUNABLES: [
    'glibc.malloc.hugetlb=1',
    `glibc.malloc.top_pad=${2 ** 24}`,
    `glibc.malloc.mmap_threshold=${2 ** 25}`,
    `glibc.malloc.trim_threshold=${2 ** 28}`,
  ].join(':'),
}

/** Runs a program under the server's account until it ends. */
export async function runToEnd(home: string, file: string, args: readonly string[], input = ''): Promise<void> {
  const running = promisify(execFile)(file, args, processOptions(home))
  // A program that ends early does not read its input. Its exit code is the better error than the broken pipe.
  running.child.stdin?.on('error', () => {})
  running.child.stdin?.end(input)
  await running
}

/** Polls until the condition returns something other than false or undefined: often at first, then twenty times a second. */
export async function until<T>(
  what: string,
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  milliseconds = 60_000,
): Promise<T> {
  const end = performance.now() + milliseconds
  for (let pause = 5; ; pause = Math.min(2 * pause, 50)) {
    const result = await condition()
    if (result !== false && result !== undefined) return result
    if (performance.now() > end) throw new Error(`waited ${milliseconds / 1000} s for ${what}`)
    await setTimeout(pause)
  }
}

/** Whether a process still holds resources. A zombie does not, and may stay for ever if its parent never waits for it. */
export function isRunning(pid: number): boolean {
  if (hasProc) return !['Z', 'X', undefined].includes(stat(pid)?.state)
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The child processes of a process. */
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
    // pgrep exits with 1 if there are none.
    return []
  }
}

const hasProc = existsSync('/proc/self/stat')

function stat(pid: number): { readonly state: string | undefined; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The program's name, in brackets, comes first and may contain anything.
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state, parent: Number(parent) }
  } catch {
    return undefined
  }
}
