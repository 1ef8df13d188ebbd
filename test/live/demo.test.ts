import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { childrenOf, isRunning, until } from '../../src/demo/server/processes.ts'
import { findBinaries } from '../../src/demo/server/server.ts'
import { installHint } from '../../src/demo/usable-binaries.ts'

const packageFolder = join(import.meta.dirname, '../..')

test.each([
  'linux-x64',
  'linux-arm64',
  'darwin-x64',
  'darwin-arm64',
])('the server that the demo asks for on %s is the one of the tests', (platform) => {
  const servers = JSON.parse(readFileSync(join(packageFolder, 'test/servers/package.json'), 'utf8'))
  const [, name = '', version] = /install --no-save ([^@]+)@(\S+)$/.exec(installHint(platform)) ?? []
  expect(servers.optionalDependencies[name]).toBe(version)
})

describe.skipIf(findBinaries().length === 0)('the demo', () => {
  test('shows the whole round, and leaves nothing behind', async () => {
    const demo = start()
    const servers = await serversOf(demo.child)
    expect(await demo.exitCode, demo.output()).toBe(0)
    const moments = [
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
      'Both servers are stopped',
    ]
    expectInOrder(demo.output(), moments)
    // A pipe gets no colour.
    expect(demo.output()).not.toContain('\u001b')
    await untilGone(servers)
  })

  test('leaves nothing behind when it is interrupted in the middle', async () => {
    const demo = start()
    const servers = await serversOf(demo.child)
    await until('the demo to apply', () => demo.output().includes('$ fdwsync apply'))
    demo.child.kill('SIGINT')
    expect(await demo.exitCode, demo.output()).toBe(1)
    expect(demo.output()).toContain('interrupted by SIGINT')
    expect(demo.output()).not.toContain('bug')
    await untilGone(servers)
  })
})

interface Demo {
  readonly child: ChildProcess
  readonly exitCode: Promise<number | null>
  /** What it has written until now. */
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
  /** That of the whole demo, which holds those of its servers. */
  readonly folder: string
}

/** Both servers, as soon as they run. */
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
    // It has ended meanwhile.
    return ''
  }
}

async function untilGone(servers: readonly Server[]): Promise<void> {
  await until(
    'nothing to be left',
    () => servers.every(({ pid, folder }) => !isRunning(pid) && !existsSync(folder)),
    20_000,
  )
}

function expectInOrder(output: string, moments: readonly string[]): void {
  let from = 0
  for (const moment of moments) {
    const at = output.indexOf(moment, from)
    expect(at, `${moment} in\n${output.slice(from)}`).toBeGreaterThanOrEqual(0)
    from = at + moment.length
  }
}
