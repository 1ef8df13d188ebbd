// Secrets reach the server without appearing in its log, its statistics or its views.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { type Parts, statementOf, trusted } from '../../../src/core/sql.ts'
import type { Session } from '../../../src/db/session.ts'
import { until } from '../../../src/demo/server/processes.ts'
import type { ThrowawayServer } from '../../../src/demo/server/server.ts'
import { lockWait, logReader, majors, open, startTalkativeServer, traces } from '../../support/talkative-server.ts'

/** By which way a secret goes depends on it: other characters than ASCII cannot go in the startup packet. */
const ways = [
  { way: 'startup packet', canary: "canary's \\ 100%" },
  { way: 'COPY', canary: "canary's \\ 100% ünïcode" },
]

const alter = (option: string, secret: Secret): Parts => [
  trusted(`ALTER USER MAPPING FOR public SERVER source OPTIONS (${option} `),
  secret,
  trusted(')'),
]

describe.each(majors)('PostgreSQL $major', (binaries) => {
  let server: ThrowawayServer
  let admin: Session
  let log: () => string

  beforeAll(async () => {
    server = await startTalkativeServer(binaries)
    log = logReader(server.logFile)
    admin = await open(server.url())
    await admin.run(
      trusted(`CREATE EXTENSION postgres_fdw; CREATE EXTENSION pg_stat_statements;
        CREATE SERVER source FOREIGN DATA WRAPPER postgres_fdw;
        CREATE USER MAPPING FOR public SERVER source OPTIONS (user 'u', password 'first');
        CREATE TABLE kept (id int, value text)`),
    )
  })

  afterAll(async () => {
    await admin?.close()
    await server?.stop()
  })

  async function statements(): Promise<string> {
    const rows = await admin.query<{ query: string }>(trusted('SELECT query FROM pg_stat_statements'))
    return rows.map(({ query }) => query).join('\n')
  }

  describe.each(ways)('by $way', ({ way, canary }) => {
    const secret = new Secret(canary)

    test('arrives, and appears in nothing that the server writes', async () => {
      log()
      const session = await open(server.url(), [secret])
      await session.run(trusted('BEGIN'))
      await session.execute(statementOf(alter('SET password', secret)))
      await session.run(trusted('COMMIT'))
      await session.close()
      const stored = await admin.query(
        trusted("SELECT (pg_options_to_table(umoptions)).* FROM pg_user_mappings WHERE umoptions::text ~ 'password'"),
      )
      expect(stored).toContainEqual({ option_name: 'password', option_value: canary })
      const written = log()
      expect(written).toContain('ALTER USER MAPPING FOR public SERVER source OPTIONS (SET password %1$L)')
      expect(written.includes('COPY pg_temp.')).toBe(way === 'COPY')
      expect(traces(written + (await statements()))).toEqual([])
    })

    test('appears nowhere while another session has the mapping locked', async () => {
      log()
      const session = await open(server.url(), [secret])
      await admin.run(trusted("BEGIN; ALTER USER MAPPING FOR public SERVER source OPTIONS (SET user 'v')"))
      const observer = await open(server.url())
      const work = (async () => {
        await session.run(trusted("BEGIN; ALTER USER MAPPING FOR public SERVER source OPTIONS (SET user 'u')"))
        await session.execute(statementOf(alter('SET password', secret)))
        await session.run(trusted('COMMIT'))
      })()
      await lockWait(observer)
      let logged = ''
      await until('the wait to be logged', () => {
        logged += log()
        return logged.includes('still waiting for')
      })
      expect(traces(JSON.stringify(await observer.query(trusted('SELECT * FROM pg_stat_activity'))))).toEqual([])
      // Not COMMIT: or this session fails with `tuple concurrently updated`.
      await admin.run(trusted('ROLLBACK'))
      await work
      await Promise.all([session.close(), observer.close()])
      expect(traces(logged + log() + (await statements()))).toEqual([])
    })

    test.each<[string, string, (secret: Secret) => Parts]>([
      ['an option that the wrapper does not know', 'HV00D', (it) => alter('ADD passwrd', it)],
      ['an option given twice', '42710', (it) => alter("ADD user 'x', ADD sslpassword", it)],
      [
        'a value that the validator quotes',
        '22023',
        (it) => [trusted('ALTER SERVER source OPTIONS (ADD fetch_size '), it, trusted(')')],
      ],
      [
        'no such server',
        '42704',
        (it) => [trusted('CREATE USER MAPPING FOR public SERVER nowhere OPTIONS (password '), it, trusted(')')],
      ],
      [
        'a syntax error at the value',
        '42601',
        (it) => [trusted('ALTER USER MAPPING FOR '), it, trusted(' SERVER source')],
      ],
    ])('is in no error: %s', async (_, sqlstate, parts) => {
      log()
      const session = await open(server.url(), [secret])
      const error: unknown = await session.execute(statementOf(parts(secret))).catch((caught: unknown) => caught)
      await session.close()
      expect(error).toMatchObject({ name: 'DatabaseError', sqlstate })
      expect(traces(JSON.stringify(error) + String(error))).toEqual([])
      expect(traces(log() + (await statements()))).toEqual([])
    })

    test('survives a rollback to a savepoint, and a search_path that hides everything', async () => {
      const session = await open(server.url(), [secret])
      const insert = (id: number) =>
        session.execute(statementOf([trusted(`INSERT INTO public.kept VALUES (${id}, `), secret, trusted(')')]))
      await session.run(
        trusted(`CREATE SCHEMA hostile;
          CREATE FUNCTION hostile.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS $$SELECT 'broken'$$;
          CREATE FUNCTION hostile.current_setting(text) RETURNS text LANGUAGE sql AS $$SELECT 'broken'$$;
          CREATE FUNCTION hostile.wrong(int, int) RETURNS bool LANGUAGE sql AS $$SELECT true$$;
          CREATE OPERATOR hostile.= (LEFTARG = int, RIGHTARG = int, FUNCTION = hostile.wrong);
          BEGIN; SET LOCAL search_path = hostile, pg_catalog; SAVEPOINT before`),
      )
      await insert(1)
      await session.run(trusted('ROLLBACK TO before'))
      await insert(2)
      await insert(3)
      await session.run(trusted('COMMIT'))
      await insert(4)
      expect(await session.query(trusted('DELETE FROM kept RETURNING *'))).toEqual(
        [2, 3, 4].map((id) => ({ id, value: canary })),
      )
      expect(await session.query(trusted("SELECT FROM pg_class WHERE relname ~ '^fdwsync'"))).toEqual([])
      await session.run(trusted('DROP SCHEMA hostile CASCADE'))
      await session.close()
    })
  })

  test.each([
    [
      'ASCII',
      [
        "'",
        '"',
        '\\',
        '\\\\',
        '\n',
        '\t',
        '\r\v\f',
        '%',
        '%1$L',
        '$$',
        '$fdwsync$',
        ' lead',
        'trail ',
        '',
        '-c a=b',
        'x'.repeat(4096),
      ],
    ],
    ['any characters', ['ünï 密码 😀', '\u00a0\u2028', "'\\\n\t%", '', 'é'.repeat(2048)]],
    ['400 of them', Array.from({ length: 400 }, (_, index) => `secret ${index}`)],
  ])('keeps every byte: %s', async (_, values) => {
    const secrets = values.map((value) => new Secret(value))
    const session = await open(server.url(), secrets)
    await session.run(trusted('BEGIN'))
    for (const [index, secret] of secrets.entries()) {
      await session.execute(statementOf([trusted(`INSERT INTO kept VALUES (${index}, `), secret, trusted(') -- 100%')]))
    }
    const rows = await session.query<{ value: string }>(trusted('SELECT value FROM kept ORDER BY id'))
    expect(rows.map(({ value }) => value)).toEqual(values)
    await session.run(trusted('ROLLBACK'))
    await session.close()
  })

  test('means the same characters in a database of another encoding', async () => {
    await admin.run(trusted("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"))
    const [fits, other] = [new Secret('gr\u00fc\u00dfe'), new Secret('\u5bc6')]
    const session = await open(server.url('latin'), [fits, other])
    await session.run(trusted('CREATE TABLE kept (value text)'))
    await session.execute(statementOf([trusted('INSERT INTO kept VALUES ('), fits, trusted(')')]))
    expect(await session.query(trusted('SELECT value, octet_length(value) FROM kept'))).toEqual([
      { value: 'gr\u00fc\u00dfe', octet_length: 5 },
    ])
    const insert = statementOf([trusted('INSERT INTO kept VALUES ('), other, trusted(')')])
    await expect(session.execute(insert)).rejects.toMatchObject({ sqlstate: '22P05' })
    await session.close()
  })

  test('works for a role with an own work_mem in PGOPTIONS, and leaves those alone', async () => {
    const secret = new Secret('canary')
    const session = await open(server.url(), [secret], { PGOPTIONS: '-c work_mem=1MB' })
    expect(await session.query(trusted('SHOW work_mem'))).toEqual([{ work_mem: '1MB' }])
    await session.execute(statementOf([trusted('SELECT '), secret]))
    await session.close()
  })

  test('the error names the grant that a role needs for the temporary table', async () => {
    await admin.run(trusted("CREATE ROLE plain LOGIN PASSWORD 'p'"))
    await admin.run(trusted('CREATE DATABASE bare'))
    await admin.run(trusted('REVOKE TEMPORARY ON DATABASE bare FROM PUBLIC'))
    const [short, foreign] = [new Secret('canary'), new Secret('canary \u00fc')]
    const select = (secret: Secret) => statementOf([trusted('SELECT '), secret])
    for (const secret of [short, foreign]) {
      const session = await open(server.url('bare', { user: 'plain', password: 'p' }), [secret])
      const outcome = session.execute(select(secret))
      if (secret === short) await outcome
      else
        await expect(outcome).rejects.toMatchObject({
          name: 'FdwsyncError',
          message: expect.stringContaining('temporary table'),
        })
      await session.close()
    }
  })
})

test('a NUL is refused before anything connects', async () => {
  const error = await open('postgresql://u@127.0.0.1:1/d', [new Secret('a\0b')]).catch((caught: unknown) => caught)
  expect(String(error)).toContain('NUL')
})

test.skipIf(majors.length === 0)('a secret that the session was not opened with is a bug', async () => {
  const [binaries] = majors
  if (!binaries) return
  const server = await startTalkativeServer(binaries)
  const session = await open(server.url(), [new Secret('same')])
  await expect(session.execute(statementOf([trusted('SELECT '), new Secret('same')]))).rejects.toThrow('not opened')
  await session.close()
  await server.stop()
})
