// The demo from start to end, and interrupted: its story, and that it leaves neither a process nor a folder behind.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { childrenOf, isRunning, until } from '../../src/demo/server/processes.ts'
import { findBinaries } from '../../src/demo/server/server.ts'
import { installHint, usableBinaries } from '../../src/demo/usable-binaries.ts'

const packageFolder = join(import.meta.dirname, '../..')

test.each([
  'linux-x64',
  'linux-arm64',
  'darwin-x64',
  'darwin-arm64',
])('the server that the demo proposes to install on %s is the one that the tests use', (platform) => {
  const servers = JSON.parse(readFileSync(join(packageFolder, 'test/servers/package.json'), 'utf8'))
  const [, name = '', version] = /install --no-save ([^@]+)@(\S+)$/.exec(installHint(platform)) ?? []
  expect(servers.optionalDependencies[name]).toBe(version)
})

describe.skipIf(findBinaries().length === 0)('the demo', () => {
  test('shows its story in order, and leaves nothing behind', async () => {
    const demo = start()
    const servers = await serversOf(demo.child)
    expect(await demo.exitCode, demo.output()).toBe(0)
    const expected = [
      '$ fdwsync plan -f',
      'shop.revenue_by_day',
      '$ fdwsync apply',
      '2025-11-28',
      'could not connect to server "shop"',
      'bedroom',
      '$ fdwsync refresh',
      '2026-01-01',
      'DROP INDEX',
      '$ fdwsync plan --detailed-exitcode',
      'fetch_size',
      'column_name',
      'TODO',
      '$ fdwsync apply',
      '$ fdwsync plan --detailed-exitcode',
      'Backup: a dump holds the data of tables',
      ...((await usableBinaries()).dump === undefined
        ? ['This part is left out']
        : ['$ pg_dump -Fc analytics', '$ fdwsync refresh', '31.50']),
      'The servers are stopped',
    ]
    expectInOrder(demo.output(), expected)
    // Output to a pipe has no colour.
    expect(demo.output()).not.toContain('\u001b')
    await untilGone(servers)
  })

  test('leaves nothing behind when it is interrupted in the middle', async () => {
    const demo = start()
    const servers = await serversOf(demo.child)
    await until('the demo to apply', () => demo.output().includes('$ fdwsync apply'))
    demo.child.kill('SIGINT')
    expect(await demo.exitCode, demo.output()).toBe(1)
    expect(demo.output().split('interrupted by SIGINT')).toHaveLength(2)
    expect(demo.output()).not.toContain('bug')
    await untilGone(servers)
  })

  test('ends when nobody reads its output', async () => {
    const demo = start()
    const servers = await serversOf(demo.child)
    demo.child.stdout?.destroy()
    expect(await demo.exitCode, demo.output()).toBe(1)
    expect(demo.output()).toContain('error: stopped: standard output cannot be written')
    await untilGone(servers)
  })
})

interface Demo {
  readonly child: ChildProcess
  readonly exitCode: Promise<number | null>
  /** The output so far. */
  output(): string
}

function start(): Demo {
  const child = spawn(process.execPath, ['dist/fdwsync.js', 'demo'], {
    cwd: packageFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return { child, exitCode: new Promise((resolve) => child.once('close', resolve)), output: () => output }
}

interface Server {
  readonly pid: number
  /** The folder of the whole demo, which contains those of its servers. */
  readonly folder: string
}

/** Waits until both servers run. */
function serversOf({ pid = 0 }: ChildProcess): Promise<readonly Server[]> {
  return until('both servers to start', () => {
    const servers = childrenOf(pid).flatMap((child): Server[] => {
      const [, data] = /\/postgres -D (\S+) -p /.exec(argumentsOf(child)) ?? []
      return data === undefined ? [] : [{ pid: child, folder: dirname(dirname(data)) }]
    })
    return servers.length === 2 && servers
  })
}

function argumentsOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'args=', '-ww', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    // It ended in the meantime.
    return ''
  }
}

async function untilGone(servers: readonly Server[]): Promise<void> {
  await until('nothing to be left', () => servers.every(({ pid, folder }) => !isRunning(pid) && !existsSync(folder)))
}

function expectInOrder(output: string, expected: readonly string[]): void {
  let from = 0
  for (const text of expected) {
    const at = output.indexOf(text, from)
    expect(at, `${text} in\n${output.slice(from)}`).toBeGreaterThanOrEqual(0)
    from = at + text.length
  }
}
