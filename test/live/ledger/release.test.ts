// Releasing objects, and listing manifests.

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'

const schema = JSON.parse(readFileSync(new URL('../../../schemas/manifests.schema.json', import.meta.url), 'utf8'))
const isValid = new Ajv2020().compile(schema)

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('what is released stays, is not dropped by destroy, and is adopted again if it is declared', async () => {
    const fixture = await fixtureFor(pair, source)
    const manifest = shopManifest({ orders: 'SELECT * FROM proxy.orders' })
    const command = (args: readonly string[]) => run(fixture, args, manifest)
    const list = (...args: readonly string[]) => run(fixture, ['manifests', ...args], undefined)
    expect(await list()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('No manifest was applied'),
    })
    expect(await command(['apply', '--auto-approve'])).toMatchObject({ code: 0 })

    const listed = JSON.parse((await list('--format', 'json')).stdout)
    expect(isValid(listed), JSON.stringify(isValid.errors)).toBe(true)
    const [{ manifest: name, byKind, objects }] = listed.manifests
    expect(byKind).toMatchObject({ server: 1, materializedView: 1 })
    expect(listed.manifests[0]).toMatchObject({ secondsAgo: expect.any(Number), outcome: 'applied' })

    expect(await command(['release', 'nothing', '--auto-approve'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('manages nothing that matches "nothing"'),
    })
    expect(await command(['release', 'local.orders'])).toMatchObject({ code: 4 })
    const released = await command(['release', 'materialized-view:local.*', '--auto-approve'])
    expect(released, released.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('local.orders') })
    expect(released.stderr).toContain('still declares materialized view local.orders')
    const after = await list()
    expect(after.stdout).toContain(name)
    expect(after.stdout).not.toContain(`${objects} objects`)
    expect(after.stdout).not.toContain('materialized view')

    const again = await command(['plan', '--detailed-exitcode'])
    expect(again, again.stdout).toMatchObject({ code: 0, stdout: expect.stringContaining('adopts') })

    const refused = await run(fixture, ['destroy', '--manifest', name, '--auto-approve'], undefined)
    expect(refused, 'what was released depends on it').toMatchObject({ code: 4 })
    const rest = ['proxy.orders', 'server:shop', 'user-mapping:shop', 'schema:*']
    expect(await command(['release', ...rest, '--auto-approve'])).toMatchObject({ code: 0 })
    const destroyed = await run(fixture, ['destroy', '--manifest', name, '--auto-approve'], undefined)
    expect(destroyed, destroyed.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('proxy.customers') })
    const left = await fixture.sql(
      "SELECT array_agg(relname::text ORDER BY 1) AS names FROM pg_class WHERE relkind IN ('f', 'm')",
    )
    expect(left).toEqual([{ names: ['orders', 'orders'] }])
  })
})
