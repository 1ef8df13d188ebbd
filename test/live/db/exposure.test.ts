// Settings of a server that would write a secret somewhere: they are turned off, or the secret is refused.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { type Statement, statement, statementOf, trusted } from '../../../src/core/sql.ts'
import { exposureProblem, secretExposure, turnOffExposure } from '../../../src/db/secrets/exposure.ts'
import type { Session } from '../../../src/db/session.ts'
import {
  findBinaries,
  hasLibrary,
  startThrowawayServer,
  type ThrowawayServer,
} from '../../../src/demo/server/server.ts'
import { logReader, majors, open, startTalkativeServer, traces } from '../../support/talkative-server.ts'

const secret = new Secret('canary')

const objects = trusted(`CREATE EXTENSION postgres_fdw; CREATE SERVER source FOREIGN DATA WRAPPER postgres_fdw;
  CREATE USER MAPPING FOR public SERVER source OPTIONS (user 'u', password 'first');
  CREATE ROLE plain LOGIN PASSWORD 'p'`)

const withSecret = (text: string) => statementOf([trusted(`${text} OPTIONS (SET password `), secret, trusted(')')])
const rotation = withSecret('ALTER USER MAPPING FOR public SERVER source')

/** Sets the mapping's password, with what would record it turned off or not. */
async function setPassword(url: string, options: string, turnOff: boolean): Promise<void> {
  const session = await open(url, [secret], { PGOPTIONS: options })
  await session.run(trusted('BEGIN'))
  if (turnOff) expect(await turnOffExposure(session, [rotation])).toEqual([])
  await session.execute(rotation)
  await session.run(trusted('COMMIT'))
  await session.close()
}

async function exposure(url: string, options: string, statements: readonly Statement[] = [rotation]) {
  const session = await open(url, [], { PGOPTIONS: options })
  const found = await secretExposure(session, statements)
  await session.close()
  return found
}

describe.each(majors)('PostgreSQL $major', (binaries) => {
  let server: ThrowawayServer
  let admin: Session
  let log: () => string

  beforeAll(async () => {
    server = await startTalkativeServer(binaries)
    log = logReader(server.logFile)
    admin = await open(server.url())
    await admin.run(objects)
    await admin.run(trusted('CREATE EXTENSION pg_stat_statements'))
  })

  afterAll(async () => {
    await admin?.close()
    await server?.stop()
  })

  const plain = () => server.url('postgres', { user: 'plain', password: 'p' })

  test('nothing, by default and while every statement is logged', async () => {
    expect(await exposure(server.url(), '')).toEqual([])
    expect(await exposure(plain(), '')).toEqual([])
  })

  test.each(['debug_print_parse', 'debug_print_rewritten', 'log_parser_stats'])('%s', async (setting) => {
    const options = `-c ${setting}=on`
    expect(await exposure(server.url(), options)).toEqual([
      { by: 'setting', name: setting, value: 'on', canTurnOff: true },
    ])
    log()
    await setPassword(server.url(), options, false)
    expect(traces(log())).not.toEqual([]) // it does record: else it would not have to be refused
    await setPassword(server.url(), options, true)
    expect(traces(log())).toEqual([])
  })

  test.each(['debug1', 'debug5'])('log_min_messages %s', async (level) => {
    const options = `-c log_min_messages=${level}`
    const expected = [{ by: 'setting', name: 'log_min_messages', value: level, canTurnOff: true }]
    expect(await exposure(server.url(), options)).toEqual(expected)
    log()
    await setPassword(server.url(), options, true)
    expect(traces(log())).toEqual([])
  })

  test('pg_stat_statements', async () => {
    const options = '-c pg_stat_statements.track=all'
    const recorded = () => admin.query(trusted("SELECT FROM pg_stat_statements WHERE query ~ 'canary'"))
    expect(await exposure(server.url(), options)).toEqual([
      { by: 'setting', name: 'pg_stat_statements.track', value: 'all', canTurnOff: true },
    ])
    expect(await exposure(server.url(), `${options} -c pg_stat_statements.track_utility=off`)).toEqual([])
    await setPassword(server.url(), options, true)
    expect(await recorded()).toHaveLength(0)
    await setPassword(server.url(), options, false)
    expect(await recorded()).not.toHaveLength(0)
  })

  test('a plain role can turn off what it may set itself, and from 15 what it was granted', async () => {
    await admin.run(
      trusted(`ALTER ROLE plain SET pg_stat_statements.track = 'all'; ALTER ROLE plain SET debug_print_parse = on`),
    )
    const session = await open(plain())
    await session.run(trusted('BEGIN'))
    const left = [{ by: 'setting', name: 'pg_stat_statements.track', value: 'all', canTurnOff: false }]
    expect(await turnOffExposure(session, [rotation])).toEqual(left)
    expect(await secretExposure(session, [rotation])).toEqual(left)
    await session.run(trusted('ROLLBACK'))
    if (binaries.major >= 15) {
      await admin.run(trusted('GRANT SET ON PARAMETER pg_stat_statements.track TO plain'))
      await session.run(trusted('BEGIN'))
      expect(await turnOffExposure(session, [rotation])).toEqual([])
      expect(await secretExposure(session, [rotation])).toEqual([])
      await session.run(trusted('ROLLBACK'))
    }
    await session.close()
    await admin.run(trusted('ALTER ROLE plain RESET ALL'))
  })

  test('an event trigger that writes to the log', async () => {
    await admin.run(
      trusted(`CREATE FUNCTION audit() RETURNS event_trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE WARNING 'ran %', tg_tag; END $$;
        CREATE EVENT TRIGGER audit ON ddl_command_end EXECUTE FUNCTION audit()`),
    )
    const expected = [{ by: 'event trigger', name: 'audit', function: 'audit()' }]
    expect(await exposure(server.url(), '')).toEqual(expected)
    log()
    await setPassword(server.url(), '', false)
    expect(traces(log())).not.toEqual([])
    await admin.run(trusted('ALTER EVENT TRIGGER audit DISABLE'))
    expect(await exposure(server.url(), '')).toEqual([])
    await admin.run(trusted('DROP EVENT TRIGGER audit'))
  })

  test.each([
    { event: 'ddl_command_end', tags: ['CREATE TABLE', 'CREATE INDEX'], exposes: false },
    { event: 'ddl_command_end', tags: ['CREATE TABLE', 'ALTER USER MAPPING'], exposes: true },
    { event: 'ddl_command_start', tags: ['ALTER USER MAPPING'], exposes: true },
    // These fire for other statements of the same apply, which have no secrets.
    { event: 'ddl_command_end', tags: ['CREATE SERVER', 'CREATE USER MAPPING'], exposes: false },
    { event: 'ddl_command_start', tags: ['CREATE SERVER'], exposes: false },
    { event: 'sql_drop', tags: ['DROP USER MAPPING'], exposes: false },
    { event: 'table_rewrite', tags: ['ALTER TABLE'], exposes: false },
  ])('an event trigger on $event for $tags', async ({ event, tags, exposes }) => {
    const list = tags.map((tag) => `'${tag}'`).join(', ')
    await admin.run(
      trusted(`CREATE FUNCTION tell() RETURNS event_trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE WARNING 'ran %', tg_tag; END $$;
        CREATE EVENT TRIGGER tagged ON ${event} WHEN TAG IN (${list}) EXECUTE FUNCTION tell()`),
    )
    const statements = [statement(trusted('CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw')), rotation]
    expect(await exposure(server.url(), '', statements)).toHaveLength(exposes ? 1 : 0)
    log()
    await setPassword(server.url(), '', false)
    expect(traces(log()).length > 0).toBe(exposes)
    await admin.run(trusted('DROP EVENT TRIGGER tagged; DROP FUNCTION tell()'))
  })

  test('which secrets there are decides, of any kind of object', async () => {
    await admin.run(
      trusted(`CREATE FUNCTION tell() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE LOG 'ran'; END $$;
        CREATE EVENT TRIGGER tagged ON ddl_command_end WHEN TAG IN ('ALTER SERVER', 'CREATE FOREIGN TABLE',
          'ALTER FOREIGN DATA WRAPPER') EXECUTE FUNCTION tell()`),
    )
    const options = '-c debug_print_parse=on'
    const foundFor = async (...statements: Statement[]) =>
      (await exposure(server.url(), options, statements)).map(({ name }) => name)
    expect(await foundFor(statement(trusted('ALTER SERVER source VERSION $$1$$')))).toEqual([])
    expect(await foundFor(rotation)).toEqual(['debug_print_parse'])
    for (const text of ['ALTER SERVER s', 'CREATE FOREIGN TABLE t () SERVER s', 'ALTER FOREIGN DATA WRAPPER w']) {
      expect(await foundFor(rotation, withSecret(text))).toEqual(['debug_print_parse', 'tagged'])
    }
    await admin.run(trusted('DROP EVENT TRIGGER tagged; DROP FUNCTION tell()'))
  })

  test('an event trigger under auto_explain', async () => {
    await admin.run(
      trusted(`CREATE TABLE audited (tag text);
        CREATE FUNCTION record() RETURNS event_trigger LANGUAGE plpgsql AS
          $$ BEGIN INSERT INTO public.audited VALUES (tg_tag); END $$`),
    )
    const options = '-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0'
    expect(await exposure(server.url(), options)).toEqual([])
    await admin.run(trusted('CREATE EVENT TRIGGER record ON ddl_command_end EXECUTE FUNCTION record()'))
    const expected = [{ by: 'setting', name: 'auto_explain.log_min_duration', value: '0', canTurnOff: true }]
    expect(await exposure(server.url(), options)).toEqual(expected)
    log()
    await setPassword(server.url(), options, false)
    expect(traces(log())).not.toEqual([])
    await setPassword(server.url(), options, true)
    expect(traces(log())).toEqual([])
    await admin.run(trusted('DROP EVENT TRIGGER record'))
  })

  test('an event trigger under log_min_messages notice', async () => {
    await admin.run(
      trusted(`CREATE FUNCTION quiet() RETURNS event_trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE NOTICE 'ran %', tg_tag; END $$;
        CREATE EVENT TRIGGER quiet ON ddl_command_end EXECUTE FUNCTION quiet()`),
    )
    const options = '-c log_min_messages=notice'
    expect(await exposure(server.url(), '')).toEqual([])
    expect(await exposure(server.url(), options)).toEqual([
      { by: 'setting', name: 'log_min_messages', value: 'notice', canTurnOff: true },
    ])
    log()
    await setPassword(server.url(), options, false)
    expect(traces(log())).not.toEqual([])
    await setPassword(server.url(), options, true)
    expect(traces(log())).toEqual([])
    await admin.run(trusted('DROP EVENT TRIGGER quiet'))
  })
})

test('pgaudit', async (context) => {
  const binaries = findBinaries().find((each) => each.major >= 14 && hasLibrary(each, 'pgaudit'))
  if (!binaries) return context.skip('no server with pgaudit is installed')
  const server = await startThrowawayServer({ binaries, settings: { shared_preload_libraries: 'pgaudit' } })
  const log = logReader(server.logFile)
  const admin = await open(server.url())
  await admin.run(objects)
  for (const [value, exposes] of [
    ['none', false],
    ['', false],
    ['read', false],
    ['role', false],
    ['ddl', true],
    ['read\\ ,\\ all', true],
  ] as const) {
    const options = `-c pgaudit.log=${value}`
    expect(await exposure(server.url(), options)).toHaveLength(exposes ? 1 : 0)
    log()
    await setPassword(server.url(), options, false)
    expect(traces(log()).length > 0).toBe(exposes)
    await setPassword(server.url(), options, true)
    expect(traces(log())).toEqual([])
  }
  await admin.close()
  await server.stop()
})

describe('the problem names every way out', () => {
  const setting = { by: 'setting', name: 'pgaudit.log', value: 'ddl', canTurnOff: false } as const
  const trigger = { by: 'event trigger', name: 'The audit', function: 'audit()' } as const
  const settingText = 'pgaudit.log = ddl'
  const triggerText = 'event trigger The audit, whose function audit() writes to the log'
  const settingWay = 'Turn pgaudit.log off for this role (ALTER ROLE … SET …), or apply as a superuser.'
  const triggerWay = 'Disable what writes to the log meanwhile: ALTER EVENT TRIGGER "The audit" DISABLE.'
  test.each([
    [[setting], settingText, settingWay],
    [[trigger], triggerText, triggerWay],
    [[setting, trigger], `${settingText}, ${triggerText}`, `${settingWay} ${triggerWay}`],
  ])('%j', (exposing, what, ways) => {
    expect(exposureProblem(exposing)).toEqual({
      code: 'secret/exposed',
      message: `this server records nested statements, so a secret would be recorded: ${what}`,
      hint: `${ways} Or pass --allow exposes-secret.`,
    })
  })
})
