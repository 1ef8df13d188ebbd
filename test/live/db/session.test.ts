// What a session does: statements, cancellation, deadlines, lost connections, transient errors.

import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FdwsyncError } from '../../../src/core/errors.ts'
import { trusted } from '../../../src/core/sql.ts'
import { withDeadline } from '../../../src/db/cancellation.ts'
import { isConnectionLost, isTransient } from '../../../src/db/database-error.ts'
import type { Session } from '../../../src/db/session.ts'
import { startThrowawayServer, type ThrowawayServer } from '../../../src/demo/server/server.ts'
import { asleep, lockWait, majors, open } from '../../support/talkative-server.ts'

describe.each(majors)('PostgreSQL $major', (binaries) => {
  let server: ThrowawayServer
  let session: Session
  let admin: Session

  beforeAll(async () => {
    server = await startThrowawayServer({ binaries })
    admin = await open(server.url())
    session = await open(server.url())
  })

  afterAll(async () => {
    await session?.close()
    await admin?.close()
    await server?.stop()
  })

  const terminate = (other: Session) => admin.query(trusted('SELECT pg_terminate_backend($1)'), [other.processId])

  test('knows the server', async () => {
    expect(Math.floor(session.serverVersion / 10000)).toBe(binaries.major)
    expect(session.serverVersionText).toMatch(new RegExp(`^${binaries.major}\\.\\d+$`))
    expect(session).toMatchObject({ database: 'postgres', user: 'postgres' })
    const shown = await admin.query(trusted('SELECT application_name FROM pg_stat_activity WHERE pid = $1'), [
      session.processId,
    ])
    expect(shown).toEqual([{ application_name: 'fdwsync test' }])
  })

  test('runs concurrent statements one after the other', async () => {
    const answers = [1, 2, 3, 4].map((n) => session.query<{ n: number }>(trusted(`SELECT pg_sleep(0.01), ${n} AS n`)))
    expect((await Promise.all(answers)).map(([row]) => row?.n)).toEqual([1, 2, 3, 4])
  })

  test('takes parameters, also arrays, and several statements without', async () => {
    expect(await session.query(trusted('SELECT $1::text[] AS a, $2::int8 AS b'), [['x', 'y,"z'], 7])).toEqual([
      { a: ['x', 'y,"z'], b: '7' },
    ])
    expect(await session.query(trusted('SELECT 1 AS a; SELECT 2 AS b'))).toEqual([{ b: 2 }])
    expect(await session.query(trusted(''))).toEqual([])
  })

  test('continues after an error, which has its position', async () => {
    await expect(session.query(trusted('SELECT 1,\n nowhere'))).rejects.toMatchObject({
      sqlstate: '42703',
      position: 12,
    })
    await session.run(trusted('SELECT 1'))
  })

  test('a pipeline: each statement is reported before the next one, and nothing runs after an error', async () => {
    await session.run(trusted('BEGIN; CREATE TEMPORARY TABLE piped (n int)'))
    const reported: unknown[] = []
    const texts = [
      "DO 'BEGIN RAISE WARNING ''one''; END'",
      'INSERT INTO piped VALUES (1)',
      'SELECT 1 / 0',
      'INSERT INTO piped VALUES (2)',
    ].map(trusted)
    const failing = session.pipeline(texts, (at) => {
      reported.push([at, session.takeNotices().map(({ text }) => text)])
    })
    // What is sent meanwhile comes after it.
    const after = session.run(trusted('ROLLBACK'))
    await expect(failing).rejects.toMatchObject({ sqlstate: '22012' })
    expect(reported).toEqual([
      [0, ['one']],
      [1, []],
    ])
    await after
    expect(await session.query(trusted("SELECT to_regclass('piped') AS piped"))).toEqual([{ piped: null }])
  })

  test('cancel', async () => {
    const running = session.run(trusted('SELECT pg_sleep(60)'))
    const cancelling = asleep(admin, session).then(session.cancel)
    await Promise.all([expect(running).rejects.toMatchObject({ sqlstate: '57014' }), cancelling])
    await session.run(trusted('SELECT 1'))
  })

  test('a deadline cancels, and the session goes on', async () => {
    const work = withDeadline(session, 100, 'the nap', () => session.run(trusted('SELECT pg_sleep(60)')))
    await expect(work).rejects.toThrow('the nap took longer than 0.1 s and was cancelled')
    await session.run(trusted('SELECT 1'))
    expect(await withDeadline(session, 60_000, 'nothing', async () => 7)).toBe(7)
    await expect(withDeadline(session, 60_000, 'it', () => session.run(trusted('nonsense')))).rejects.toMatchObject({
      sqlstate: '42601',
    })
  })

  test('an idle connection that is terminated is lost, and the process lives', async () => {
    const idle = await open(server.url())
    expect(idle.isLost()).toBe(false)
    await terminate(idle)
    expect(String(await idle.lost)).toMatch(/the connection to postgres@.* was lost: terminating connection/)
    expect(idle.isLost()).toBe(true)
    await expect(idle.query(trusted('SELECT 1'))).rejects.toSatisfy(isConnectionLost)
    await idle.close()
  })

  test('so is a busy one', async () => {
    const busy = await open(server.url())
    const running = busy.run(trusted('SELECT pg_sleep(60)')).catch((error: unknown) => error)
    await asleep(admin, busy)
    await terminate(busy)
    const error = await running
    expect(error).toSatisfy(isConnectionLost)
    expect(String(error)).toContain('terminating connection')
    await busy.close()
  })

  test('closing is not losing, and what comes after is refused', async () => {
    const closed = await open(server.url())
    await Promise.all([closed.close(), closed.close()])
    expect(closed.isLost()).toBe(false)
    await expect(closed.query(trusted('SELECT 1'))).rejects.toThrow('closed')
  })

  test('closing cuts off what runs', async () => {
    const busy = await open(server.url())
    const running = expect(busy.run(trusted('SELECT pg_sleep(60)'))).rejects.toSatisfy(isConnectionLost)
    await asleep(admin, busy)
    await busy.close()
    await running
    expect(busy.isLost()).toBe(true)
  })

  describe('with a source', () => {
    let dead: Server

    beforeAll(async () => {
      dead = createServer()
      await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve))
      const address = dead.address()
      const port = typeof address === 'object' ? address?.port : undefined
      await admin.run(
        trusted(`CREATE EXTENSION postgres_fdw;
          CREATE SERVER dead FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '${port}');
          CREATE USER MAPPING FOR postgres SERVER dead OPTIONS (user 'u', password 'p');
          CREATE FOREIGN TABLE silent (i int) SERVER dead;
          CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw
            OPTIONS (host '127.0.0.1', port '${server.port}', dbname 'postgres');
          CREATE USER MAPPING FOR postgres SERVER self OPTIONS (user 'postgres', password '${server.password}');
          CREATE VIEW suicide AS SELECT pg_terminate_backend(pg_backend_pid()) AS done;
          CREATE FOREIGN TABLE remote_suicide (done bool) SERVER self OPTIONS (table_name 'suicide')`),
      )
    })

    afterAll(() => {
      dead?.close()
    })

    // 14 and 15 do not listen to a cancel while they connect to a source, 16 and later do.
    test('that never answers: the deadline holds', async () => {
      const reader = await open(server.url())
      const work = withDeadline(reader, 200, 'the read', () => reader.run(trusted('SELECT * FROM silent')))
      await expect(work).rejects.toThrow(binaries.major < 16 ? 'was cut off' : 'was cancelled')
      expect(reader.isLost()).toBe(binaries.major < 16)
      await reader.close()
    })

    test('whose connection breaks: the session is not lost', async () => {
      const error = await session.query(trusted('SELECT * FROM remote_suicide')).catch((caught: unknown) => caught)
      expect(error).toMatchObject({ name: 'DatabaseError' })
      expect(error).not.toSatisfy(isConnectionLost)
      await session.run(trusted('SELECT 1'))
    })

    test('collisions of concurrent DDL are transient', async () => {
      const other = await open(server.url())
      const create = trusted("CREATE SERVER twin FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'a')")
      await admin.run(trusted('BEGIN'))
      await admin.run(create)
      const created = other.run(create).catch((error: unknown) => error)
      await lockWait(session)
      await admin.run(trusted('COMMIT'))
      expect(await created).toSatisfy(isTransient)
      await admin.run(trusted("BEGIN; ALTER SERVER twin OPTIONS (SET host 'b')"))
      const altered = other.run(trusted("ALTER SERVER twin OPTIONS (SET host 'c')")).catch((error: unknown) => error)
      await lockWait(session)
      await admin.run(trusted('COMMIT'))
      expect(await altered).toSatisfy(isTransient)
      await expect(other.run(create)).rejects.not.toSatisfy(isTransient)
      await other.close()
    })
  })

  test('a server that is killed is a lost connection', async () => {
    const victim = await open(server.url())
    const lost = [victim, session, admin].map((each) => each.lost)
    await server.kill()
    for (const error of await Promise.all(lost)) expect(error).toBeInstanceOf(FdwsyncError)
    await victim.close()
  })
})
