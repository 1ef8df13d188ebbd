// The folders of throwaway servers: data in memory where possible, and programs that the server's account may run.

import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, mkdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { processOptions, serverAccount } from './processes.ts'
import { startWatchdog } from './watchdog.ts'

/** The lowest limit of any platform on the path of a socket, without the terminating zero. */
const longestSocketPath = 103
const gigabyte = 2 ** 30

let registerWithWatchdog: ((folder: string) => void) | undefined
let dataFolder: string | undefined
const runnable = new Map<string, string>()
let lastServer = 0

/** The folder of this process, in memory if there is enough room. The watchdog removes it after the process has ended. */
export function runFolder(): string {
  dataFolder ??= createFolder([...(hasRoom('/dev/shm') ? ['/dev/shm'] : []), tmpdir(), '/tmp'])
  return dataFolder
}

/** Creates a folder for one server. */
export function serverFolder(): string {
  lastServer += 1
  const folder = join(runFolder(), String(lastServer))
  mkdirSync(folder, { mode: 0o700 })
  chownToServerAccount(folder)
  return folder
}

/**
 * The folder of the server's programs, or of a copy if the server's account cannot run them where they are. The copy is
 * never in memory, because memory file systems are often mounted `noexec`.
 */
export function runnableBin(binaries: Binaries): string {
  const known = runnable.get(binaries.bin)
  if (known !== undefined) return known
  let bin = binaries.bin
  if (whyNotRunnable(bin) !== undefined && binaries.origin === 'embedded') {
    const copy = join(createFolder([tmpdir(), '/tmp', '/var/tmp']), String(binaries.major))
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
  const tried = spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8', ...processOptions('/') })
  return tried.status === 0 ? undefined : (tried.error?.message ?? tried.stderr.trim())
}

/** Creates a folder in the first place that the server's account can use. */
function createFolder(places: readonly string[]): string {
  registerWithWatchdog ??= startWatchdog()
  for (const place of places) {
    const folder = join(place, `fdwsync-${randomBytes(4).toString('hex')}`)
    if (Buffer.byteLength(join(folder, '999', '.s.PGSQL.65535')) > longestSocketPath) continue
    registerWithWatchdog(folder)
    if (tryCreate(folder)) return folder
  }
  throw new Error(`no place for a throwaway server: tried ${places.join(', ')}`)
}

function tryCreate(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch {
    return false
  }
  chownToServerAccount(folder)
  const test = spawnSync('/bin/sh', ['-c', 'cd "$0" && test -w .', folder], processOptions('/'))
  if (test.status !== 0) rmSync(folder, { recursive: true })
  return test.status === 0
}

function chownToServerAccount(folder: string): void {
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
