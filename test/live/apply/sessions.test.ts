// Pooled connections: which are reused, and what ends one.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { sql } from '../../../src/core/sql.ts'
import type { Session } from '../../../src/db/session.ts'
import { isReusable, pooledConnect, type SessionPool } from '../../../src/db/session-pool.ts'
import { createDatabase, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { connectTo } from '../../support/fdwsync.ts'
import { newestMajor } from '../../support/majors.ts'

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase(pair.target)
  })
  afterAll(() => database.drop())

  const cases: Readonly<Record<string, (sessions: SessionPool, first: Session) => Promise<void>>> = {
    'a closed connection is reused, with the name of its new purpose': async ({ connect }, first) => {
      await first.close()
      const second = await connect('ledger')
      expect(second.processId).toBe(first.processId)
      const [row] = await second.query<{ name: string }>(sql`SELECT current_setting('application_name') AS name`)
      expect(row?.name).toBe('fdwsync ledger')
    },
    'a lease takes no connection that has worked, and leaves its own to the next lease': async ({ connect }, first) => {
      await first.close()
      const lease = await connect('lease')
      await lease.close()
      const [plan, next] = [await connect('plan'), await connect('lease')]
      expect([plan.processId, next.processId]).toEqual([first.processId, lease.processId])
      expect(lease.processId).not.toBe(first.processId)
    },
    'two sessions at once have different connections': async ({ connect }, first) => {
      const second = await connect('ledger')
      expect(second.processId).not.toBe(first.processId)
    },
    'a session that is closed twice is not pooled twice': async ({ connect }, first) => {
      await first.close()
      await first.close()
      const both = [await connect('ledger'), await connect('ledger')]
      expect(new Set(both.map(({ processId }) => processId)).size).toBe(2)
    },
    'an open transaction is rolled back with its connection': async ({ connect }, first) => {
      await first.run(sql`BEGIN; SELECT pg_advisory_xact_lock(7)`)
      await first.close()
      const second = await connect('ledger')
      expect(second.processId).not.toBe(first.processId)
      await second.query(sql`SELECT pg_advisory_xact_lock(7)`)
    },
    'a session with secrets has a connection of its own, which is not reused': async ({ connect }, first) => {
      await first.close()
      const secret = await connect('define', [new Secret('hush')])
      await secret.close()
      const third = await connect('ledger')
      expect([secret.processId === first.processId, third.processId === first.processId]).toEqual([false, true])
    },
    'a closed session cannot be used': async ({ connect }, first) => {
      await first.close()
      const second = await connect('ledger')
      await second.run(sql`BEGIN`)
      await expect(first.run(sql`SELECT 1`)).rejects.toThrow('the session is closed')
      first.abandon('late')
      await second.run(sql`ROLLBACK`)
    },
    'a cancelled connection is not reused, because the cancel request may arrive late': async ({ connect }, first) => {
      await first.cancel()
      await first.close()
      expect((await connect('ledger')).processId).not.toBe(first.processId)
    },
    'a session that reads from sources has a connection of its own': async ({ connect }, first) => {
      await first.close()
      const load = await connect('load')
      await load.close()
      const third = await connect('ledger')
      expect([load.processId === first.processId, third.processId === first.processId]).toEqual([false, true])
    },
    'a connection that the server has terminated is not reused': async ({ connect }, first) => {
      const other = await connect('plan')
      await first.close()
      await other.query(sql`SELECT pg_terminate_backend($1, 10000)`, [first.processId])
      const second = await connect('ledger')
      expect(await second.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }])
    },
  }

  test.each(Object.entries(cases))('%s', async (_, run) => {
    const opened: Session[] = []
    const open = connectTo(database.url)
    const sessions = pooledConnect(async (purpose, secrets) => {
      const session = await open(purpose, secrets)
      opened.push(session)
      return session
    }, isReusable)
    try {
      await run(sessions, await sessions.connect('plan'))
    } finally {
      await sessions.close()
      await Promise.all(opened.map((session) => session.close()))
    }
  })
})
