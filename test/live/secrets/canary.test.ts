// A password of the manifest appears in no output, log, statistics view or ledger.

import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { until } from '../../../src/demo/server/processes.ts'
import { findBinaries, hasLibrary, startThrowawayServer } from '../../../src/demo/server/server.ts'
import { ledgerTables } from '../../../src/ledger/schema.ts'
import { runSql, type TestDatabase } from '../../servers/databases.ts'
import { describeServer } from '../../servers/pair.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { run, start } from '../../support/command.ts'
import { applyTo } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { waiting } from '../../support/gates.ts'
import { eachMajor, newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { logOf } from '../../support/server-log.ts'

const shop = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
/** For an import the plan itself asks the source. */
const withImport = `${shop}\n  imported: { imports: [{ server: shop, remote_schema: public }] }\n`

/** Letters that every spelling of it keeps, and characters that each way of quoting changes. */
function newCanary(): { readonly value: string; readonly word: string } {
  const word = `canary${randomBytes(6).toString('hex')}`
  return { value: `a'b\\c "d%s $1 ${word}`, word }
}

/** Environment variables with the values of canaries. */
function envOf(canaries: readonly (readonly [name: string, canary: { readonly value: string }])[]) {
  return Object.fromEntries(canaries.map(([name, { value }]) => [name, value]))
}

/** A role of the source with a password. */
async function sourceRole(fixture: Fixture, password: string) {
  const name = `reader_${randomBytes(4).toString('hex')}`
  const quoted = `E'${password.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
  await runSql(
    fixture.source.url,
    `CREATE ROLE ${name} LOGIN PASSWORD ${quoted}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${name}`,
  )
  onTestFinished(() => runSql(fixture.source.url, `DROP OWNED BY ${name}; DROP ROLE ${name}`).then(() => {}))
  return {
    name,
    env: (value: string) => ({ SOURCE_USER: name, SOURCE_PASSWORD: value }),
    rotate: (value: string) =>
      runSql(
        fixture.source.url,
        `ALTER ROLE ${name} PASSWORD E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`,
      ),
  }
}

/** Looks at what the server shows of everybody's statements, as often as it can. */
async function spy(fixture: Fixture, words: readonly string[]) {
  const client = await fixture.client()
  const found: unknown[] = []
  let isOver = false
  const looking = (async () => {
    while (!isOver) {
      // Its own statement, which the server logs, must not have the words.
      const { rows } = await client.query(`SELECT query FROM pg_stat_activity WHERE query ~ ('can' || 'ary')`)
      found.push(...rows.filter(({ query }) => words.some((word) => query.includes(word))))
      await setTimeout(5)
    }
  })()
  onTestFinished(() => {
    isOver = true
    return looking.catch(() => {})
  })
  return async () => {
    isOver = true
    await looking
    return found
  }
}

/** The log of the target's server, to which it writes soon who waits for a lock. */
async function logWithWaits(fixture: Fixture): Promise<() => string> {
  await fixture.sql(`ALTER DATABASE ${fixture.target.name} SET deadlock_timeout = '50ms'`)
  return logOf(fixture)
}

/** All lines, rows and texts that contain one of the words. */
async function traces(
  fixture: Fixture,
  log: () => string,
  words: readonly string[],
  outputs: readonly string[],
): Promise<readonly unknown[]> {
  const ledger = await fixture.sql(
    `SELECT o::text AS row FROM fdwsync.object o UNION ALL SELECT a::text FROM fdwsync.apply a
     UNION ALL SELECT s::text FROM fdwsync.step s UNION ALL SELECT r::text FROM fdwsync.refresh r`,
  )
  const [library] = await fixture.sql("SELECT FROM pg_extension WHERE extname = 'pg_stat_statements'")
  const statements = library ? await fixture.sql('SELECT query FROM pg_stat_statements') : []
  const all = [
    ...log().split('\n'),
    ...outputs,
    ...ledger.map((row) => String(row.row)),
    ...statements.map((row) => String(row.query)),
  ]
  return all.filter((text) => words.some((word) => text.includes(word)))
}

async function hasStatistics(fixture: Fixture): Promise<boolean> {
  const [row] = await fixture.sql("SELECT current_setting('shared_preload_libraries') ~ 'pg_stat_statements' AS loaded")
  if (row?.loaded) {
    await fixture.sql(`CREATE EXTENSION pg_stat_statements; ALTER DATABASE ${fixture.target.name} SET compute_query_id = on;
      ALTER DATABASE ${fixture.target.name} SET pg_stat_statements.track = 'top'`)
  }
  return Boolean(row?.loaded)
}

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('a password is found nowhere: applied, rotated, waiting for a lock, interrupted, and in failing statements', async () => {
    const fixture = await fixtureFor(pair, source)
    await hasStatistics(fixture)
    const [first, second, third] = [newCanary(), newCanary(), newCanary()]
    const words = [first.word, second.word, third.word]
    const log = await logWithWaits(fixture)
    const reader = await sourceRole(fixture, first.value)
    const endOfSpying = await spy(fixture, words)
    const outputs: string[] = []
    const call = async (args: readonly string[], manifest: string, password: string) => {
      const ended = await run(fixture, args, manifest, reader.env(password))
      outputs.push(ended.stdout, ended.stderr)
      return ended
    }

    expect((await call(['plan'], withImport, first.value)).stdout).toContain('password (secret)')
    expect((await call(['apply', '--auto-approve'], withImport, first.value)).code).toBe(0)
    if (fixture.pair.target.logFile) expect(log()).toMatch(/statement: .*fdwsync/)
    expect((await call(['plan', '--detailed-exitcode'], withImport, first.value)).code).toBe(0)

    await reader.rotate(second.value)
    expect((await call(['plan'], withImport, second.value)).stdout).toMatch(/password +\(secret changed\)/)
    const json = await call(['plan', '--format', 'json', '--detailed-exitcode'], withImport, second.value)
    expect([json.code, JSON.parse(json.stdout)]).toEqual([2, expect.objectContaining({ format: 'fdwsync.plan/1' })])

    // Another session locks the mapping's row for longer than deadlock_timeout, so that the server logs who waits for it.
    const other = await fixture.client()
    await other.query(`BEGIN; ALTER USER MAPPING FOR public SERVER shop OPTIONS (SET user '${reader.name}')`)
    const interrupted = start(
      fixture,
      ['apply', '--auto-approve', '--lock-timeout', '60s'],
      withImport,
      reader.env(second.value),
    )
    const pid = await waiting(fixture, 'define')
    if (pair.target.logFile)
      await until('the server to log the wait', () => log().includes(`process ${pid} still waiting`))
    interrupted.child.kill('SIGINT')
    const { code, stdout, stderr } = await interrupted.ended
    outputs.push(stdout, stderr)
    expect(code).toBe(1)
    await other.query('ROLLBACK')
    expect((await call(['apply', '--auto-approve', '--format', 'json'], withImport, second.value)).code).toBe(0)
    expect(await fixture.sql("SELECT array_to_string(umoptions, ' ') AS options FROM pg_user_mappings")).toEqual([
      { options: `user=${reader.name} password=${second.value}` },
    ])

    const misspelt = shop.replace('public: { user', 'public: { passwort: "${env:SOURCE_PASSWORD}", user')
    const wrongRole = shop.replace('public: {', 'nobody_of_that_name: {')
    for (const manifest of [misspelt, wrongRole]) {
      for (const args of [['plan'], ['apply', '--auto-approve', '--format', 'json']]) {
        const { code, stderr } = await call(args, manifest, third.value)
        expect([code, stderr]).toEqual([1, expect.stringMatching(/passwort|nobody_of_that_name/)])
      }
    }
    expect(await traces(fixture, log, words, outputs)).toEqual([])
    expect(await endOfSpying()).toEqual([])
  })

  test('secrets among the options of wrappers, servers, tables and columns are found nowhere either', async () => {
    const rig = await fixtureFor(pair, source)
    await hasStatistics(rig)
    const levels = ['WRAPPER', 'SERVER', 'TABLE', 'COLUMN'] as const
    const canaries = () => levels.map((level) => [level, newCanary()] as const)
    const [first, second, byHand] = [canaries(), canaries(), canaries()]
    const words = [...first, ...second, ...byHand].map(([, { word }]) => word)
    const log = await logWithWaits(rig)
    const endOfSpying = await spy(rig, words)
    const outputs: string[] = []
    const call = async (args: readonly string[], manifest: string | undefined, values: typeof first) => {
      const ended = await run(rig, args, manifest, envOf(values))
      outputs.push(ended.stdout, ended.stderr)
      return ended
    }
    // By name, by value, and by secret_options.
    const options = (level: string) =>
      `{ api_key: "\${env:${level}}", address: "https://user:\${env:${level}}@host", license: "\${env:${level}}" }`
    const manifest = `
version: 1
name: options
foreign_data_wrappers:
  api_fdw: { options: ${options('WRAPPER')}, secret_options: [license] }
servers:
  api: { foreign_data_wrapper: api_fdw, options: ${options('SERVER')}, secret_options: [license] }
schemas:
  p:
    foreign_tables:
      t:
        server: api
        options: ${options('TABLE')}
        secret_options: [license]
        columns: { id: { type: bigint, options: ${options('COLUMN')} } }
`
    const stored = async () => {
      const [row] =
        await rig.sql(`SELECT array_to_string(array_cat(array_cat(fdwoptions, srvoptions), array_cat(ftoptions, attfdwoptions)), ' ') AS options
        FROM pg_foreign_table JOIN pg_foreign_server s ON s.oid = ftserver JOIN pg_foreign_data_wrapper w ON w.oid = srvfdw
        JOIN pg_attribute ON attrelid = ftrelid AND attname = 'id'`)
      return String(row?.options)
    }
    const isStored = async (values: typeof first) => {
      const options = await stored()
      return values.map(([, { word }]) => options.split(word).length - 1)
    }

    const plan = await call(['plan'], manifest, first)
    expect(plan.stdout).toContain('api_key (secret) · address (secret) · license (secret)')
    expect(plan.stdout.match(/every role of the database/g)).toHaveLength(1)
    expect((await call(['apply', '--auto-approve'], manifest, first)).code).toBe(0)
    expect(await isStored(first)).toEqual([3, 3, 3, 3])
    expect(await call(['plan', '--detailed-exitcode'], manifest, first)).toMatchObject({ code: 0, stderr: '' })

    // Another session holds each of the locks for longer than deadlock_timeout.
    const other = await rig.client()
    for (const object of ['FOREIGN DATA WRAPPER api_fdw', 'SERVER api']) {
      await other.query(`BEGIN; ALTER ${object} OPTIONS (ADD held '1')`)
      const waits = start(rig, ['apply', '--auto-approve', '--lock-timeout', '60s'], manifest, envOf(second))
      await waiting(rig, 'define')
      await setTimeout(500)
      await other.query('ROLLBACK')
      const ended = await waits.ended
      outputs.push(ended.stdout, ended.stderr)
      expect([ended.code, ended.stderr]).toEqual([0, expect.any(String)])
      expect(await isStored(second)).toEqual([3, 3, 3, 3])
      await call(['apply', '--auto-approve'], manifest, first)
    }
    expect((await call(['plan'], manifest, second)).stdout.match(/\(secret changed\)/g)).toHaveLength(12)
    const json = await call(['plan', '--format', 'json', '--detailed-exitcode'], manifest, second)
    expect([json.code, JSON.parse(json.stdout)]).toEqual([2, expect.objectContaining({ format: 'fdwsync.plan/1' })])
    expect((await call(['apply', '--auto-approve', '--format', 'json'], manifest, second)).code).toBe(0)

    const before = log()
    const altered = byHand.map(([, { value }]) => `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`)
    await rig.sql(`ALTER FOREIGN DATA WRAPPER api_fdw OPTIONS (SET license ${altered[0]});
      ALTER SERVER api OPTIONS (SET license ${altered[1]}, ADD pwd ${altered[1]});
      ALTER FOREIGN TABLE p.t OPTIONS (SET license ${altered[2]}), ALTER COLUMN id OPTIONS (SET license ${altered[3]})`)
    const after = log
    expect((await call(['plan', '--drift-only'], manifest, second)).stdout).toMatch(/pwd +\(secret removed\)/)
    expect((await call(['status'], undefined, second)).stdout).toContain('option pwd')
    const exported = (await call(['export'], undefined, second)).stdout
    expect(exported).toContain('license: "${env:API_LICENSE}"')
    expect(exported.match(/secret_options: \[license\]/g)).toHaveLength(3)
    const removed = manifest
      .replace(/options: \{[^}]*\}[^}]*\}[^}]*\}[^}]*\}/g, 'options: {}')
      .replace(/secret_options: \[license\]/g, 'comment: none')
    expect((await call(['plan'], removed, second)).stdout.match(/\(secret removed\)/g)).toHaveLength(13)
    expect((await call(['apply', '--auto-approve'], removed, second)).code).toBe(0)
    expect((await call(['history'], undefined, second)).stdout).toContain('options')
    await call(['apply', '--auto-approve', '--format', 'json'], manifest.replace('bigint', 'no_such_type'), second)

    const news = () =>
      before +
      after()
        .slice(before.length)
        .replaceAll(/^.*(?:SET license|ADD pwd).*$/gm, '')
    expect(await traces(rig, news, words, outputs)).toEqual([])
    expect((await endOfSpying()).filter((row) => !/SET license/.test(JSON.stringify(row)))).toEqual([])
  })

  test('where nested statements are recorded too: refused, unless it is allowed; a superuser turns that off', async (context) => {
    const fixture = await fixtureFor(pair, source)
    if (!(await hasStatistics(fixture))) return context.skip('pg_stat_statements is not loaded')
    const log = await logOf(fixture)
    const { url, user } = await fixture.role()
    await fixture.sql(`ALTER DATABASE ${fixture.target.name} SET pg_stat_statements.track = 'all';
      GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${user};
      GRANT pg_read_all_stats TO ${user}`)
    const [hidden, shown] = [newCanary(), newCanary()]
    const call = (password: string, database: string, ...args: readonly string[]) =>
      run({ ...fixture, url: database }, ['apply', '--auto-approve', '--no-populate', ...args], shop, {
        SOURCE_PASSWORD: password,
      })

    const refused = await call(hidden.value, url)
    expect(refused.code).toBe(4)
    expect(refused.stderr).toMatch(
      /records nested statements.*pg_stat_statements.track = all\n.*--allow exposes-secret/,
    )
    expect(await fixture.sql("SELECT FROM pg_foreign_server WHERE srvname = 'shop'")).toEqual([])
    const tried = await call(hidden.value, fixture.url)
    expect([tried.code, tried.stderr]).toEqual([4, expect.stringContaining('its source refuses the connection')])
    expect((await call(hidden.value, fixture.url, '--no-check-source')).code).toBe(0)
    const outputs = [refused, tried].flatMap(({ stdout, stderr }) => [stdout, stderr])
    expect(await traces(fixture, log, [hidden.word], outputs)).toEqual([])

    const handedOver = ledgerTables.map((table) => `ALTER TABLE fdwsync.${table} OWNER TO ${user}`)
    await fixture.sql(
      [`ALTER SERVER shop OWNER TO ${user}; ALTER SCHEMA fdwsync OWNER TO ${user}`, ...handedOver].join('; '),
    )
    const allowed = await call(shown.value, url, '--allow', 'exposes-secret', '--no-check-source')
    expect([allowed.code, allowed.stderr]).toEqual([0, expect.any(String)])
    expect(await traces(fixture, log, [shown.word], []), 'it is not refused for nothing').not.toEqual([])
    await fixture.sql('SELECT pg_stat_statements_reset()')
  })
})

describe.each(newestMajor())('an event trigger that writes to the log: $name', (pair) => {
  const auditOf = (
    tags: string,
  ) => `CREATE FUNCTION audit() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE LOG 'ran'; END $$;
    CREATE EVENT TRIGGER audit ON ddl_command_end WHEN TAG IN (${tags}) EXECUTE FUNCTION audit()`
  const withOption = (option: string, value: string) =>
    shop.replace(
      'options: { schema_name: public }',
      `options: { schema_name: public, ${option}: "${value}" }\n        secret_options: [${option}]`,
    )

  const setUp = async () => {
    const source = await createSource(pair)
    onTestFinished(() => source.drop())
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(shop), fixture.url)
    const log = await logOf(fixture)
    const created = () => log().replaceAll(/^(?!.*CREATE FOREIGN TABLE).*$/gm, '')
    return { fixture, created }
  }

  test('no secret of a table that is only tried', async () => {
    const { fixture, created } = await setUp()
    await fixture.sql(auditOf("'CREATE FOREIGN TABLE'"))
    const { word } = newCanary()
    const { code, stdout, stderr } = await run(fixture, ['plan'], withOption('table_name', word))
    expect(stdout).toContain('a secret would be recorded: event trigger audit')
    expect(code).toBe(0)
    expect(await traces(fixture, created, [word], [stdout, stderr])).toEqual([])
  })

  test('a value that the wrapper checks is not called wrong because it must not be sent', async () => {
    const { fixture } = await setUp()
    await fixture.sql(auditOf("'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE'"))
    const { code, stdout, stderr } = await run(
      fixture,
      ['plan', '--detailed-exitcode'],
      withOption('fetch_size', '77777'),
    )
    expect(stdout + stderr).toContain('a secret would be recorded: event trigger audit')
    expect(stdout + stderr).not.toContain('invalid value')
    expect(code).toBe(6)
  })
})

test('pgaudit: refused for a role that cannot turn it off', async (context) => {
  const binaries = findBinaries().find((each) => each.major >= 14 && hasLibrary(each, 'pgaudit'))
  const [pair] = eachMajor()
  if (!binaries || !pair) return context.skip('no server with pgaudit is installed')
  const server = await startThrowawayServer({
    binaries,
    settings: { shared_preload_libraries: 'pgaudit', 'pgaudit.log': 'ddl', 'pgaudit.log_client': 'off' },
  })
  // The last to run: what is tidied up before needs it.
  onTestFinished(() => server.stop())
  const { user: owner, password, host, port, logFile } = server
  const target = await describeServer({
    url: server.url(),
    user: owner,
    password,
    foreignHost: host,
    foreignPort: port,
    logFile,
  })
  const source = await createSource(pair)
  onTestFinished(() => source.drop())
  const fixture = await fixtureFor({ ...pair, target }, source)
  const log = await logOf(fixture)
  const { url, user } = await fixture.role()
  await fixture.sql(
    `GRANT CREATE ON DATABASE ${fixture.target.name} TO ${user}; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${user}`,
  )
  const canary = newCanary()
  const apply = (database: string) =>
    run({ ...fixture, url: database }, ['apply', '--auto-approve', '--no-populate'], shop, {
      SOURCE_PASSWORD: canary.value,
    })
  const refused = await apply(url)
  expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('pgaudit.log = ddl')])
  expect((await apply(fixture.url)).code).toBe(0)
  expect(await traces(fixture, log, [canary.word], [])).toEqual([])
})
