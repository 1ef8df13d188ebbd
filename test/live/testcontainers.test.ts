// The servers in containers that the live tests can run on, where there is a container runtime.

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { imageOf, startContainers, whyNoContainers } from '../servers/containers.ts'
import { connect } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'

const major = 18
const program = fileURLToPath(new URL('../../dist/fdwsync.js', import.meta.url))
const reason = await whyNoContainers()

const manifest = `
version: 1
name: containers
extensions:
  postgres_fdw: {}
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: postgres }
    user_mappings:
      postgres: { user: postgres, password: "\${env:SOURCE_PASSWORD}" }
schemas:
  shop_proxy:
    foreign_tables:
      orders:
        server: shop
        options: { schema_name: public, table_name: orders }
        columns: { id: bigint, total: "numeric(10,2)" }
  shop:
    materialized_views:
      orders:
        query: SELECT id, total FROM shop_proxy.orders
        indexes:
          orders_id_idx: { unique: true, columns: [id] }
`

// A skipped test shows its reason only to those who read the list of tests.
if (reason !== undefined) process.stdout.write(`skipped: testcontainers (${reason})\n`)

describe(`containers of ${imageOf(major)}`, () => {
  test('plan, apply, and then there is nothing to plan', async (context) => {
    context.skip(reason !== undefined, reason)
    const { source, target } = await startPair()
    await query(
      source.url,
      'CREATE TABLE orders AS SELECT id::bigint, id * 1.5 AS total FROM generate_series(1, 3) AS id',
    )
    const file = await writeManifest()
    const environment = {
      SOURCE_HOST: source.foreignHost,
      SOURCE_PORT: String(source.foreignPort),
      SOURCE_PASSWORD: source.password,
    }
    const expectExit = async (exitCode: number, ...args: string[]) => {
      const outcome = await run([...args, '-f', file, '--database', target.url], environment)
      expect(outcome.exitCode, outcome.output).toBe(exitCode)
    }

    await expectExit(2, 'plan', '--detailed-exitcode')
    await expectExit(0, 'apply', '--auto-approve')
    await expectExit(0, 'plan', '--detailed-exitcode')
    expect(await query(target.url, 'SELECT sum(total)::text AS total FROM shop.orders')).toEqual([{ total: '9.00' }])
  })
})

async function startPair(): Promise<ServerPair> {
  const { pairs, stop } = await startContainers([major])
  onTestFinished(stop)
  const [pair] = pairs
  if (!pair) throw new Error('one major, and no pair')
  return pair
}

async function writeManifest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fdwsync-manifest-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'fdwsync.yaml')
  await writeFile(file, manifest)
  return file
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = await connect(url)
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

interface Outcome {
  readonly exitCode: number | null
  readonly output: string
}

function run(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...environment } }
    const child = execFile(process.execPath, [program, ...args], options, (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode, output: stdout + stderr })
    })
  })
}
