// An interrupt while a plan waits for a source that accepts connections and stays silent.

import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { planAndApply } from '../../../src/api/apply.ts'
import { until } from '../../../src/demo/server/processes.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyDefaults, connectTo } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { problemsOf } from '../../support/outcomes.ts'

const interrupted = new Error('interrupted')

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
  })
  beforeAll(async () => {
    source = await createSource(pair)
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
  })
  afterAll(async () => {
    for (const socket of sockets) socket.destroy()
    silent.close()
    await source.drop()
  })

  // Otherwise it would end at the timeout for sources, which is longer than that of the test.
  test('an apply ends at once, and asks nothing', async () => {
    const fixture = await fixtureFor(pair, source)
    const { port } = silent.address() as AddressInfo // it listens on a port
    const manifest = stringify({
      version: 1,
      name: 'interrupted',
      extensions: { postgres_fdw: {} },
      servers: {
        shop: {
          options: { host: '127.0.0.1', port: String(port), dbname: 'any' },
          user_mappings: { public: { user: 'any', password: '${env:SOURCE_PASSWORD}' } },
        },
      },
      schemas: { p: { foreign_tables: { t: { server: 'shop', columns: { id: 'int' } } } } },
    })
    const controller = new AbortController()
    const applying = planAndApply(
      {
        parsed: await fixture.manifest(manifest),
        connect: connectTo(fixture.url),
        populate: true,
        trySources: true,
        options: { ...applyDefaults, sourceTimeoutMilliseconds: 3_600_000, signal: controller.signal },
      },
      async () => {
        throw new Error('it asks for approval')
      },
    )
    const outcome = applying.then(() => ['applied'], problemsOf)
    await until('the source to be contacted', async () => sockets.size > 0)
    controller.abort(interrupted)
    expect(await outcome).toEqual(['interrupted'])
    // Before 16 the server itself waits on.
    for (const socket of sockets) socket.destroy()
    const left = `SELECT FROM pg_stat_activity WHERE application_name LIKE 'fdwsync%' AND datname = current_database()`
    await until('its sessions to end', async () => (await fixture.sql(left)).length === 0)
  })
})
