// Sessions through pgbouncer, where it is installed.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { statementOf, trusted } from '../../../src/core/sql.ts'
import { withDeadline } from '../../../src/db/cancellation.ts'
import { serverAccount } from '../../../src/demo/server/processes.ts'
import type { ThrowawayServer } from '../../../src/demo/server/server.ts'
import { logReader, majors, open, sleep, startTalkativeServer, traces } from '../../support/talkative-server.ts'

const [binaries] = majors
const missing = isInstalled('pgbouncer') ? undefined : 'pgbouncer is not installed'

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (typeof address !== 'object' || !address) throw new Error('no address')
  return address.port
}

// The options go in the startup packet; this pooler refuses them by default, and logs what it refuses.
describe.each([
  ['refuses options', ''],
  ['drops options', 'ignore_startup_parameters = options'],
])('behind a transaction pooler that %s', (_, extra) => {
  let server: ThrowawayServer | undefined
  let pooler: ChildProcess | undefined
  let folder: string
  let port: number
  let log: () => string

  beforeEach((context) => {
    if (missing) context.skip(missing)
  })

  beforeAll(async () => {
    if (missing || !binaries) return
    server = await startTalkativeServer(binaries)
    log = logReader(server.logFile)
    folder = mkdtempSync(join(tmpdir(), 'fdwsync-'))
    chmodSync(folder, 0o777)
    port = await freePort()
    const lines = [
      '[databases]',
      `* = host=127.0.0.1 port=${server.port} user=postgres password=${server.password}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      'verbose = 2',
      `logfile = ${join(folder, 'log')}`,
      extra,
    ]
    writeFileSync(join(folder, 'ini'), lines.join('\n'))
    pooler = spawn('pgbouncer', ['-q', join(folder, 'ini')], { cwd: '/', stdio: 'ignore', ...serverAccount() })
    await connectable()
  })

  afterAll(async () => {
    pooler?.kill('SIGKILL')
    await server?.stop()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const url = () => `postgresql://postgres@127.0.0.1:${port}/postgres`

  async function connectable(): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) {
      const session = await open(url()).catch(() => undefined)
      if (session) return await session.close()
      await sleep(50)
    }
    throw new Error('pgbouncer does not start')
  }

  test('secrets go by COPY, and neither log has one', async () => {
    const secret = new Secret('canary')
    const session = await open(url(), [secret])
    await session.run(trusted('CREATE TABLE kept (id int, value text)'))
    const insert = (id: number) =>
      session.execute(statementOf([trusted(`INSERT INTO kept VALUES (${id}, `), secret, trusted(')')]))
    await insert(1)
    await session.run(trusted('BEGIN; SAVEPOINT before'))
    await insert(2)
    await session.run(trusted('ROLLBACK TO before'))
    await insert(3)
    await session.run(trusted('COMMIT'))
    expect(await session.query(trusted('SELECT * FROM kept ORDER BY id'))).toEqual([
      { id: 1, value: 'canary' },
      { id: 3, value: 'canary' },
    ])
    await session.close()
    const written = log()
    expect(written).toContain('COPY pg_temp.')
    expect(traces(written)).toEqual([])
    expect(traces(readFileSync(join(folder, 'log'), 'utf8'))).toEqual([])
  })

  test('a deadline reaches through it', async () => {
    const session = await open(url())
    const nap = withDeadline(session, 100, 'the nap', () => session.run(trusted('SELECT pg_sleep(60)')))
    await expect(nap).rejects.toThrow('was cancelled')
    await session.run(trusted('SELECT 1'))
    await session.close()
  })

  test('options of the user are not taken away silently', async () => {
    const work = open(url(), [], { PGOPTIONS: '-c work_mem=1MB' })
    if (extra) return await (await work).close() // what the administrator of this pooler chose
    await expect(work).rejects.toThrow('unsupported startup parameter')
  })
})
