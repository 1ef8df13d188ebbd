// A manifest that init has written from a source is valid, and applies.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test('from a source: each schema that has tables, and no password', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      `CREATE TYPE state AS ENUM ('new', 'paid'); CREATE TABLE orders (id int PRIMARY KEY, state state);
       INSERT INTO orders VALUES (1, 'new'), (2, 'paid');
       CREATE SCHEMA billing CREATE TABLE invoices (id int); INSERT INTO billing.invoices VALUES (1); CREATE SCHEMA empty`,
    )
    const folder = mkdtempSync(join(tmpdir(), 'fdwsync-init-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'fdwsync.yaml')
    const init = ['init', '--from-source', fixture.source.url, '--out', file]
    const written = await run(fixture, init, undefined)
    expect([written.code, written.stderr]).toEqual([0, expect.stringContaining('mirrors billing, public')])
    expect(readFileSync(file, 'utf8')).not.toContain(fixture.env.SOURCE_PASSWORD)
    const again = await run(fixture, init, undefined)
    expect([again.code, again.stderr]).toEqual([64, expect.stringContaining('exists already')])
    const target = { ...fixture, env: { SHOP_PASSWORD: fixture.env.SOURCE_PASSWORD ?? '' } }
    expect(await run(target, ['validate', '-f', file], undefined)).toMatchObject({ code: 0, stderr: '' })
    const applied = await run(target, ['apply', '--auto-approve', '-f', file], undefined)
    expect(applied, applied.stderr).toMatchObject({ code: 0 })
    expect(await fixture.sql('SELECT o.id, state::text FROM shop.orders o, shop_billing.invoices')).toHaveLength(2)
    const missing = await run(fixture, [...init.slice(0, 3), '--out', '-', '--schema', 'nope'], undefined)
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringContaining('Schemas with tables are billing, public.'),
    ])
  })
})
