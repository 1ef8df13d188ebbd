// A MariaDB server for the tests of mysql_fdw.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processOptions, serverAccount, until } from '../../src/demo/server/processes.ts'

/** The programs of Debian's mariadb-server. */
export const mariadbPrograms = ['mariadb-install-db', 'mariadbd', 'mariadb'] as const

/** A MariaDB server that is gone when our process is. */
export interface Mariadb {
  readonly host: '127.0.0.1'
  readonly port: number
  /** Runs SQL as root, statement after statement. */
  run(text: string): void
  stop(): Promise<void>
}

export async function startMariadb(): Promise<Mariadb> {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-mariadb-'))
  const account = serverAccount()
  if (account) chownSync(folder, account.uid, account.gid)
  const [data, socket] = [join(folder, 'data'), join(folder, 'socket')]
  const where = processOptions(folder)
  execFileSync(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { ...where, stdio: 'pipe' },
  )
  const port = await freePort()
  const run = (text: string) => {
    execFileSync('mariadb', ['--no-defaults', `--socket=${socket}`, '--user=root', '--default-character-set=utf8mb4'], {
      ...where,
      input: text,
      stdio: 'pipe',
    })
  }
  const options = `--no-defaults --datadir=${data} --socket=${socket} --port=${port} --bind-address=127.0.0.1 --skip-log-bin`
  // The shell ends the server when its input ends, which it does with our process.
  const shell = spawn('/bin/sh', ['-c', `mariadbd ${options} & cat; kill $!; wait`], {
    ...where,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const stop = async () => {
    await ended(shell)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await until('MariaDB to answer', () => answers(run))
  } catch (error) {
    await stop()
    throw error
  }
  return { host: '127.0.0.1', port, run, stop }
}

function answers(run: Mariadb['run']): boolean {
  try {
    run('SELECT 1')
    return true
  } catch {
    return false
  }
}

function ended(shell: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    shell.once('close', () => resolve())
    shell.stdin?.end()
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
