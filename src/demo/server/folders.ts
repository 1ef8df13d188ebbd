import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, mkdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { serverAccount, surroundings } from './processes.ts'
import { startWatchdog } from './watchdog.ts'

/** The shortest limit of any platform to a socket's path, less its end. */
const longestSocketPath = 103
const gigabyte = 2 ** 30

let announce: ((folder: string) => void) | undefined
let dataFolder: string | undefined
const runnable = new Map<string, string>()
let lastServer = 0

/** The folder of this process, on a memory file system if there is one with room. It lasts as long as the process. */
export function runFolder(): string {
  dataFolder ??= makeFolder([...(hasRoom('/dev/shm') ? ['/dev/shm'] : []), tmpdir(), '/tmp'])
  return dataFolder
}

/** A folder for one server. */
export function serverFolder(): string {
  lastServer += 1
  const folder = join(runFolder(), String(lastServer))
  mkdirSync(folder, { mode: 0o700 })
  giveAway(folder)
  return folder
}

/**
 * The server's programs where its account can run them: where they are, or in a copy. The copy is never in memory, since
 * that is often mounted so that nothing in it can be executed.
 */
export function runnableBin(binaries: Binaries): string {
  const known = runnable.get(binaries.bin)
  if (known !== undefined) return known
  let bin = binaries.bin
  if (whyNotRunnable(bin) !== undefined && binaries.origin === 'embedded') {
    const copy = join(makeFolder([tmpdir(), '/tmp', '/var/tmp']), String(binaries.major))
    execFileSync('cp', ['-R', dirname(binaries.bin), copy])
    const account = serverAccount()
    if (account) execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, copy])
    bin = join(copy, 'bin')
  }
  const reason = whyNotRunnable(bin)
  if (reason !== undefined) throw new Error(`cannot run ${join(binaries.bin, 'postgres')}: ${reason}`)
  runnable.set(binaries.bin, bin)
  return bin
}

function whyNotRunnable(bin: string): string | undefined {
  const tried = spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8', ...surroundings('/') })
  return tried.status === 0 ? undefined : (tried.error?.message ?? tried.stderr.trim())
}

/** Makes a folder in the first place where the server's account can use one. */
function makeFolder(places: readonly string[]): string {
  announce ??= startWatchdog()
  for (const place of places) {
    const folder = join(place, `fdwsync-${randomBytes(4).toString('hex')}`)
    if (Buffer.byteLength(join(folder, '999', '.s.PGSQL.65535')) > longestSocketPath) continue
    announce(folder)
    if (isMade(folder)) return folder
  }
  throw new Error(`no place for a throwaway server: tried ${places.join(', ')}`)
}

function isMade(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch {
    return false
  }
  giveAway(folder)
  const test = spawnSync('/bin/sh', ['-c', 'cd "$0" && test -w .', folder], surroundings('/'))
  if (test.status !== 0) rmSync(folder, { recursive: true })
  return test.status === 0
}

function giveAway(folder: string): void {
  const account = serverAccount()
  if (account) chownSync(folder, account.uid, account.gid)
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize > gigabyte
  } catch {
    return false
  }
}
