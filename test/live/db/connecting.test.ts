// Opening a session: addresses, TLS, authentication, timeouts, and the errors of each.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FdwsyncError } from '../../../src/core/errors.ts'
import { Secret } from '../../../src/core/secret.ts'
import { trusted } from '../../../src/core/sql.ts'
import { openSession } from '../../../src/db/session.ts'
import { connectionSettings } from '../../../src/db/settings.ts'
import { findBinaries, startThrowawayServer, type ThrowawayServer } from '../../../src/demo/server/server.ts'
import { proxyTo } from '../../support/proxy.ts'
import { asleep, majors, open, settingsFor } from '../../support/talkative-server.ts'

const password = "p@:/?#[] %'\\w€"
const [binaries] = majors

async function failure(work: Promise<unknown>): Promise<FdwsyncError> {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  if (error instanceof FdwsyncError) return error
  throw new Error(`not a FdwsyncError: ${error}`)
}

describe('without a server', () => {
  test.each([
    ['postgresql://u:hidden@127.0.0.1:1/d', 'cannot connect to u@127.0.0.1:1/d: connection refused'],
    ['postgresql://u:hidden@localhost:1/d', 'cannot connect to u@localhost:1/d: connection refused'],
    ['postgresql://u:hidden@host.invalid/d', 'the host name cannot be resolved'],
    ['postgresql://u:hidden@/d?host=/nowhere', 'cannot connect to u@/nowhere:5432/d: no usable socket exists there'],
  ])('%s', async (url, message) => {
    const error = await failure(open(url))
    expect(error.exitCode).toBe(1)
    expect(error.message).toContain(message)
    expect(error.problems[0]?.hint).toBeTruthy()
    expect(error.message).not.toContain('hidden')
  })

  test.each(['disable', 'require', 'prefer'])('one that accepts and never answers, sslmode %s', async (sslmode) => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const url = `postgresql://u@127.0.0.1:${typeof address === 'object' ? address?.port : ''}/d?sslmode=${sslmode}`
    const error = await failure(open(url, [new Secret('secret')], { PGCONNECT_TIMEOUT: '1' }))
    expect(error.message).toContain('no answer within 1 s')
    silent.close()
  })

  test('one that hangs up', async () => {
    const rude = createServer((socket) => socket.end())
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve))
    const address = rude.address()
    const url = `postgresql://u@127.0.0.1:${typeof address === 'object' ? address?.port : ''}/d`
    expect((await failure(open(url))).message).toContain('the server closed the connection immediately')
    rude.close()
  })
})

describe.skipIf(!binaries)('with a server', () => {
  let server: ThrowawayServer
  let folder: string

  beforeAll(async () => {
    if (!binaries) return
    server = await startThrowawayServer({
      binaries,
      hba: [
        'local all all trust',
        'hostssl all tls_only 127.0.0.1/32 trust',
        'hostnossl all plain_only 127.0.0.1/32 trust',
        'host all postgres,reader,locked 127.0.0.1/32 scram-sha-256',
      ],
    })
    folder = mkdtempSync(join(tmpdir(), 'fdwsync-'))
    const admin = await open(server.url())
    const quoted = password.replaceAll("'", "''")
    await admin.run(
      trusted(`CREATE ROLE reader LOGIN PASSWORD '${quoted}'; CREATE ROLE tls_only LOGIN; CREATE ROLE plain_only LOGIN;
        CREATE ROLE outsider LOGIN; CREATE ROLE locked LOGIN PASSWORD 'l' CONNECTION LIMIT 0`),
    )
    await admin.run(trusted('CREATE DATABASE closed'))
    await admin.run(trusted('REVOKE CONNECT ON DATABASE closed FROM PUBLIC'))
    await admin.close()
  })

  afterAll(async () => {
    await server?.stop()
    if (folder) rmSync(folder, { recursive: true })
  })

  test('a password of special characters, by URL, variable and passfile', async () => {
    const bare = `postgresql://reader@127.0.0.1:${server.port}/postgres`
    const passfile = join(folder, 'pgpass')
    const escaped = password.replaceAll(/[\\:]/g, '\\$&')
    writeFileSync(passfile, `127.0.0.1:${server.port}:*:reader:${escaped}\n`, { mode: 0o600 })
    const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
    const fileMode = (path: string) => statSync(path).mode
    const withFile = () =>
      connectionSettings({ database: bare, env: { PGPASSFILE: passfile }, readFile: read, fileMode })
    const all = [
      settingsFor(server.url('postgres', { user: 'reader', password })),
      settingsFor(bare, { PGPASSWORD: password }),
      withFile(),
    ]
    for (const settings of all) {
      const session = await openSession(settings, { purpose: 'test' })
      expect(session.user).toBe('reader')
      await session.close()
    }
    chmodSync(passfile, 0o644)
    const error = await failure(openSession(withFile(), { purpose: 'test' }))
    expect(error.message).toContain('the server asks for a password, and none is set')
    expect(error.message).toContain('chmod 600')
  })

  test.each([
    [
      'a wrong password',
      { user: 'reader', password: 'hidden' },
      'postgres',
      'password authentication failed',
      'PGPASSWORD',
    ],
    [
      'no pg_hba.conf entry',
      { user: 'outsider', password: 'hidden' },
      'postgres',
      'no pg_hba.conf entry',
      'pg_hba.conf',
    ],
    ['no such database', {}, 'nowhere', 'database "nowhere" does not exist', 'Create the database'],
    ['no right to connect', { user: 'reader', password }, 'closed', 'permission denied for database', 'GRANT CONNECT'],
    ['too many connections', { user: 'locked', password: 'l' }, 'postgres', 'too many connections', 'limit'],
    ['no TLS', { parameters: { sslmode: 'require' } }, 'postgres', 'does not support TLS', 'ssl = on'],
    ['an option that is unknown', { parameters: { options: '-cnonsense=1' } }, 'postgres', 'nonsense', 'log'],
  ])('%s', async (_, overrides, database, message, hint) => {
    const error = await failure(open(server.url(database, overrides)))
    expect(error.message).toContain(message)
    expect(error.message).toMatch(/^cannot connect to \w+@127\.0\.0\.1:\d+\/\w+: /)
    expect(error.problems[0]?.hint).toContain(hint)
    expect(error.message).not.toContain('hidden')
  })

  test('a Unix socket, on which sslmode means nothing', async () => {
    const session = await open(
      `postgresql://postgres@/postgres?host=${server.socketDirectory}&port=${server.port}&sslmode=require`,
    )
    const witness = await open(server.url())
    const running = expect(session.run(trusted('SELECT pg_sleep(60)'))).rejects.toMatchObject({ sqlstate: '57014' })
    await asleep(witness, session)
    await session.cancel()
    await running
    await session.close()
    await witness.close()
  })

  test('a server without TLS is asked for it once', async () => {
    const proxy = await proxyTo({ host: '127.0.0.1', port: server.port })
    const settings = settingsFor(server.url('postgres', { port: proxy.port }))
    for (const connections of [2, 3]) {
      const session = await openSession(settings, { purpose: 'test' })
      expect(proxy.connections).toBe(connections)
      await session.close()
    }
  })

  describe('with TLS', () => {
    let root: string

    beforeAll(async () => {
      root = join(folder, 'root.crt')
      const key = join(folder, 'root.key')
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
      const request = ['req', '-new', '-x509', '-days', '2', '-nodes', ...subject, '-keyout', key, '-out', root]
      execFileSync('openssl', request, { stdio: 'ignore' })
      const { uid, gid } = statSync(server.dataDirectory)
      for (const [from, to] of [
        [root, 'server.crt'],
        [key, 'server.key'],
      ] as const) {
        const target = join(server.dataDirectory, to)
        copyFileSync(from, target)
        chmodSync(target, 0o600)
        if (process.getuid?.() === 0) chownSync(target, uid, gid)
      }
      const admin = await open(server.url())
      await admin.run(trusted('ALTER SYSTEM SET ssl = on'))
      await admin.run(trusted('SELECT pg_reload_conf()'))
      await admin.close()
    })

    const connect = (user: string, host: string, query: string) =>
      openSession(
        connectionSettings({
          database: `postgresql://${user}@${host}:${server.port}/postgres?${query}`,
          env: {},
          readFile: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
        }),
        { purpose: 'test' },
      )

    test.each([
      ['disable', 'plain_only', false],
      ['allow', 'plain_only', false],
      ['allow', 'tls_only', true],
      ['prefer', 'plain_only', false],
      ['prefer', 'tls_only', true],
      ['require', 'tls_only', true],
    ])('sslmode %s lets in %s', async (mode, user, encrypted) => {
      const session = await connect(user, '127.0.0.1', `sslmode=${mode}`)
      const own = await session.query(trusted('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'))
      expect(own).toEqual([{ ssl: encrypted }])
      const witness = await open(server.url())
      const running = expect(session.run(trusted('SELECT pg_sleep(60)'))).rejects.toMatchObject({ sqlstate: '57014' })
      await asleep(witness, session)
      await session.cancel()
      await running
      await Promise.all([session.close(), witness.close()])
    })

    test.each([
      ['127.0.0.1', 'verify-ca', 'own', ''],
      ['localhost', 'verify-full', 'own', ''],
      ['127.0.0.1', 'verify-full', 'own', 'altnames'],
      ['localhost', 'require', 'system', 'self-signed'],
      ['localhost', 'verify-ca', 'system', 'self-signed'],
      ['localhost', 'disable', 'own', 'no pg_hba.conf entry'],
    ])('%s by sslmode %s with the %s authority: %s', async (host, mode, authority, problem) => {
      const query = `sslmode=${mode}&sslrootcert=${authority === 'own' ? root : 'system'}`
      const outcome = connect('tls_only', host, query).then(async (session) => await session.close())
      if (problem) expect((await failure(outcome)).message).toContain(problem)
      else await outcome
    })
  })
})

test('PostgreSQL 13 is refused with the reason', async (context) => {
  const [old] = findBinaries(13)
  if (!old) return context.skip('no PostgreSQL 13 is installed')
  const server = await startThrowawayServer({ binaries: old, hba: ['host all all 127.0.0.1/32 trust'] })
  expect((await failure(open(server.url()))).message).toContain('fdwsync needs 14 or later')
  await server.stop()
})
