// A manifest that init has written from a source is valid, and applies.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { until } from '../../../src/demo/server/processes.ts'
import { parseManifest } from '../../../src/manifest/parse.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run } from '../../support/command.ts'
import { type Fixture, fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { hasPseudoTerminal, startOnTerminal } from '../../support/pseudo-terminal.ts'

/** The answer to each question, in their order. Resolves with the exit code. */
async function answer(fixture: Pick<Fixture, 'url' | 'env'>, file: string, answers: Readonly<Record<string, string>>) {
  const terminal = startOnTerminal(fixture, ['init', '--out', file], undefined, { columns: 200 })
  for (const [question, keys] of Object.entries(answers)) {
    await until(question, () => terminal.written().includes(question.endsWith('\n') ? question : `${question} [`))
    terminal.type(keys)
  }
  return { code: await terminal.ended, written: terminal.written() }
}

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-init-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'fdwsync.yaml')
}

if (!hasPseudoTerminal) process.stdout.write('skipped: questions of init (script of util-linux is not installed)\n')

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test('from a source: each schema that has tables, and no password', async () => {
    const fixture = await fixtureWithOwnSource(
      pair,
      `CREATE TYPE state AS ENUM ('new', 'paid'); CREATE TABLE orders (id int PRIMARY KEY, state state);
       INSERT INTO orders VALUES (1, 'new'), (2, 'paid');
       CREATE SCHEMA billing CREATE TABLE invoices (id int); INSERT INTO billing.invoices VALUES (1); CREATE SCHEMA empty`,
    )
    const file = temporaryFile()
    const init = ['init', '--from-source', fixture.source.url, '--name', 'shop', '--out', file]
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
    const twice = await run(
      fixture,
      [...init.slice(0, 3), '--out', '-', '--schema', 'public', '--schema', 'public'],
      undefined,
    )
    expect(twice.stdout.match(/remote_schema: public/g)).toHaveLength(1)
    const missing = await run(fixture, [...init.slice(0, 3), '--out', '-', '--schema', 'nope'], undefined)
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringContaining('Schemas with tables are billing, public.'),
    ])
  })

  test.skipIf(!hasPseudoTerminal)(
    'on a terminal without options it asks; an answer that is none is asked again',
    async () => {
      const fixture = await fixtureWithOwnSource(pair, 'CREATE SCHEMA sales CREATE TABLE orders (id int PRIMARY KEY)')
      const file = temporaryFile()
      const { code, written } = await answer(fixture, file, {
        'a URL to look at it now': `${fixture.source.url}\r`,
        'with commas between them': 'nope\r',
        'Expected: schemas with tables: sales.\r\n': '\r',
        'and of the foreign server': 'shop\r',
        'Schema for the copies': 'copies\r',
        'or as tables': 'tables\r',
      })
      expect([code, written]).toEqual([0, expect.stringContaining('mirrors sales')])
      const { manifest } = await parseManifest(file, readFileSync(file), undefined)
      expect(manifest).toMatchObject({
        name: 'shop',
        mirrors: { copies_sales: { schema: 'copies_sales', as: 'tables' } },
      })
    },
  )

  test.skipIf(!hasPseudoTerminal)('Ctrl-C ends the questions without a file, and a pipe is never asked', async () => {
    const nowhere = { url: 'postgresql://unused', env: {} }
    const file = temporaryFile()
    const { code, written } = await answer(nowhere, file, { 'a URL to look at it now': 'shop-db\r', Port: '\u0003' })
    expect([code, existsSync(file), written]).toEqual([1, false, expect.stringContaining('nothing was written')])
    const unasked = await run(nowhere, ['init', '--out', file], undefined)
    expect([unasked.code, existsSync(file), unasked.stderr]).toEqual([
      64,
      false,
      expect.stringContaining('the questions need a terminal'),
    ])
    expect(await run(nowhere, ['init', '--out', file, '--dbname', 'shop'], undefined)).toMatchObject({ code: 0 })
    expect(readFileSync(file, 'utf8')).toContain('host: localhost')
  })
})
