// Starts, stops and kills a postmaster, the first process of a PostgreSQL server.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { childrenOf, isRunning, largePages, processOptions, until } from './processes.ts'

export interface PostmasterSettings {
  readonly bin: string
  readonly dataDirectory: string
  readonly logFile: string
  readonly port: number
}

export interface Postmaster {
  readonly pid: number
  readonly child: ChildProcess
}

/** The server ended instead of becoming ready. The message contains the end of its log. */
export class StartFailure extends Error {
  /** Another process took the port after it was found free. */
  readonly isPortTaken: boolean

  constructor(log: string) {
    super(`the server did not start; its log ends with\n${log.trimEnd().split('\n').slice(-15).join('\n')}`)
    this.isPortTaken = /Address already in use/.test(log)
  }
}

/** Starts a postmaster and waits until it lets clients in. */
export async function startPostmaster(settings: PostmasterSettings): Promise<Postmaster> {
  const { bin, dataDirectory, logFile, port } = settings
  const log = openSync(logFile, 'a')
  const logged = statSync(logFile).size
  const options = processOptions(dataDirectory)
  const child = spawn(join(bin, 'postgres'), ['-D', dataDirectory, '-p', String(port)], {
    ...options,
    env: { ...largePages, ...options.env },
    // Detached, so that Ctrl-C in the terminal does not reach it.
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  await once(child, 'spawn')
  child.unref()
  const { pid } = child
  if (pid === undefined) throw new Error('a process without an id')
  await until('the server to start', () => {
    if (hasEnded(child)) throw new StartFailure(readFileSync(logFile).subarray(logged).toString())
    return isReady(dataDirectory, pid)
  })
  return { pid, child }
}

/** `fast` shuts down cleanly; `immediate` is for data that are not needed any more. */
export async function stopPostmaster({ child, pid }: Postmaster, mode: 'fast' | 'immediate'): Promise<void> {
  if (hasEnded(child)) return
  child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
  try {
    await until('the server to stop', () => hasEnded(child), 20_000)
  } catch {
    await killPostmaster({ child, pid })
  }
}

/** Kills all processes of a server at once, so that none of them can send its client a reason. */
export async function killPostmaster({ child, pid }: Postmaster): Promise<void> {
  if (hasEnded(child)) return
  // Stopped, the postmaster starts no new processes. It is killed last: a child that notices its end would inform its client.
  child.kill('SIGSTOP')
  const children = childrenOf(pid)
  for (const one of children) killIfRunning(one)
  child.kill('SIGKILL')
  await until('the killed server to end', () => hasEnded(child) && !children.some(isRunning))
}

function killIfRunning(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended in the meantime.
  }
}

/** A killed server leaves a System V shared memory segment, which is not in any folder. */
export function removeSharedMemory(dataDirectory: string): void {
  const segment = postmasterFile(dataDirectory)[6]?.trim().split(/\s+/)[1]
  if (segment !== undefined) spawnSync('ipcrm', ['-m', segment], { stdio: 'ignore' })
}

/** A port of 127.0.0.1 that was free a moment ago: `wanted`, or any if that is 0. */
export async function freePort(wanted = 0): Promise<number | undefined> {
  const server = createServer().listen(wanted, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return undefined
  }
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' ? address?.port : undefined
}

/** Reads the postmaster's file, as pg_ctl does: pg_hba.conf may not allow any connection. */
function isReady(dataDirectory: string, pid: number): boolean {
  const lines = postmasterFile(dataDirectory)
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready'
}

function postmasterFile(dataDirectory: string): string[] {
  try {
    return readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    // It is not written yet, or already removed.
    return []
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
