// Throwaway servers: they start, recover, and leave nothing behind.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isRunning, until } from '../../src/demo/server/processes.ts'
import {
  type Binaries,
  findBinaries,
  startThrowawayServer,
  type ThrowawayServer,
  type ThrowawayServerOptions,
} from '../../src/demo/server/server.ts'
import { connect } from '../servers/databases.ts'
import { wantedMajors } from '../servers/pair.ts'

const all = findBinaries()
const wanted = all.length === 0 ? [] : wantedMajors(all.map(({ major }) => major))
const found = all.filter(({ major }) => wanted.includes(major))

async function start(options: ThrowawayServerOptions): Promise<ThrowawayServer> {
  const server = await startThrowawayServer(options)
  onTestFinished(() => server.stop())
  return server
}

async function ask(url: string, text: string): Promise<unknown> {
  const client = await connect(url)
  try {
    const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' })
    return rows[0]?.[0]
  } finally {
    await client.end()
  }
}

describe.each(found)('a throwaway server, PostgreSQL $major $origin', (binaries) => {
  test('answers, and leaves neither a process nor a folder when it is stopped', async () => {
    const server = await start({ binaries })
    expect(await ask(server.url(), 'SELECT version()')).toMatch(`PostgreSQL ${binaries.major}.`)
    expect(await ask(server.url(), 'SHOW server_encoding')).toBe('UTF8')
    const { pid, socketDirectory } = server
    await server.stop()
    expect(isRunning(pid)).toBe(false)
    expect(existsSync(socketDirectory)).toBe(false)
    await expect(server.restart()).rejects.toThrow('the server was stopped')
  })

  test('recovers what was committed before it was killed', async () => {
    const server = await start({ binaries })
    const client = await connect(server.url())
    await client.query('CREATE TABLE kept AS SELECT 7 AS number')
    const lost = new Promise((resolve) => client.once('end', resolve))
    await server.kill()
    await lost
    expect(isRunning(server.pid)).toBe(false)
    await server.restart()
    expect(await ask(server.url(), 'SELECT number FROM kept')).toBe(7)
  })

  test('refuses a wrong password', async () => {
    const server = await start({ binaries })
    const attempt = ask(server.url('postgres', { password: 'guessed' }), 'SELECT 1')
    await expect(attempt).rejects.toThrow('password authentication failed')
  })

  test('takes settings and access rules', async () => {
    const server = await start({
      binaries,
      settings: { 'fdwsync.quoted': "it's" },
      hba: ['host all all 127.0.0.1/32 trust'],
    })
    expect(await ask(server.url('postgres', { password: 'any' }), `SHOW fdwsync.quoted`)).toBe("it's")
  })

  test('reports the end of the log when the server does not start', async () => {
    const starting = startThrowawayServer({ binaries, settings: { no_such_setting: '1' } })
    await expect(starting).rejects.toThrow('unrecognized configuration parameter "no_such_setting"')
  })
})

describe.skipIf(found.length === 0)('whatever ends the process that started a server, nothing is left of it', () => {
  test.for<[string, (child: ChildProcess) => unknown]>([
    ['SIGKILL', (child) => child.kill('SIGKILL')],
    ['SIGTERM', (child) => child.kill('SIGTERM')],
    ['SIGINT', (child) => child.kill('SIGINT')],
    ['a crash', (child) => child.stdin?.write('throw new Error()\n')],
    ['process.exit', (child) => child.stdin?.write('process.exit()\n')],
    ['nothing more to do', (child) => child.stdin?.end()],
  ])('%s', async ([, end]) => {
    const [binaries] = found
    if (!binaries) throw new Error('skipped above')
    const child = startInChild(binaries)
    const { pid, folder } = await reportOf(child)
    expect(isRunning(pid)).toBe(true)
    end(child)
    await until('the servers to end', () => !isRunning(pid) && !existsSync(dirname(folder)))
  })
})

/** A process that starts a server, reports it, and then runs code from its standard input. */
function startInChild(binaries: Binaries): ChildProcess {
  const module = new URL('../../src/demo/server/server.ts', import.meta.url).href
  const program = `
    const { startThrowawayServer } = await import(${JSON.stringify(module)})
    const server = await startThrowawayServer({ binaries: ${JSON.stringify(binaries)} })
    console.log(JSON.stringify({ pid: server.pid, folder: server.socketDirectory }))
    process.stdin.on('data', (text) => new Function(String(text))())
  `
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}

async function reportOf({ stdout }: ChildProcess): Promise<{ readonly pid: number; readonly folder: string }> {
  if (!stdout) throw new Error('started without a pipe')
  for await (const line of createInterface(stdout)) return JSON.parse(line)
  throw new Error('the process ended before its server was ready')
}
