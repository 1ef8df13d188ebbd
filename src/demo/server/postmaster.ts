import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { childrenOf, isRunning, surroundings, until } from './processes.ts'

/** Where a postmaster runs, and what it needs for that. */
export interface PostmasterSettings {
  readonly bin: string
  readonly dataDirectory: string
  readonly logFile: string
  readonly port: number
}

/** A running postmaster. */
export interface Postmaster {
  readonly pid: number
  readonly child: ChildProcess
}

/** A server that ended instead of becoming ready. The message holds the end of its log. */
export class StartFailure extends Error {
  /** Somebody else took the port between our look and the server's. */
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
  const child = spawn(join(bin, 'postgres'), ['-D', dataDirectory, '-p', String(port)], {
    ...surroundings(dataDirectory),
    // Detached: a Ctrl-C in the terminal should not stop it behind our back.
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

/** Ends a server: `fast` keeps its data in order, `immediate` is for data that nobody will want again. */
export async function stopPostmaster({ child, pid }: Postmaster, mode: 'fast' | 'immediate'): Promise<void> {
  if (hasEnded(child)) return
  child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
  try {
    await until('the server to stop', () => hasEnded(child), 20_000)
  } catch {
    await killPostmaster({ child, pid })
  }
}

/** Kills all of a server's processes at once, so that none of them can tell its client why. */
export async function killPostmaster({ child, pid }: Postmaster): Promise<void> {
  if (hasEnded(child)) return
  // The postmaster goes last, and held still it starts no more: a child that sees it gone would tell its client.
  child.kill('SIGSTOP')
  const children = childrenOf(pid)
  for (const one of children) killIfThere(one)
  child.kill('SIGKILL')
  await until('the killed server to end', () => hasEnded(child) && !children.some(isRunning))
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/** A killed server leaves a System V shared memory segment, which no folder's removal removes. */
export function removeSharedMemory(dataDirectory: string): void {
  const segment = postmasterFile(dataDirectory)[6]?.trim().split(/\s+/)[1]
  if (segment !== undefined) spawnSync('ipcrm', ['-m', segment], { stdio: 'ignore' })
}

/** A port of 127.0.0.1 that was free a moment ago; `wanted` or, if that is 0, any. */
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

/** As pg_ctl does it. A client's connection would say the same, but pg_hba.conf may be one that lets nobody in. */
function isReady(dataDirectory: string, pid: number): boolean {
  const lines = postmasterFile(dataDirectory)
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready'
}

function postmasterFile(dataDirectory: string): string[] {
  try {
    return readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    // Not yet written, or no longer there.
    return []
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
