import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../../src/api/apply.ts'
import { findBinaries, startThrowawayServer, type ThrowawayServer } from '../../../src/cli/demo/server.ts'
import { pairs, type ServerPair, type TestDatabase } from '../../servers/databases.ts'
import { describeServer, pairOf } from '../../servers/pair.ts'
import { applyTo, planFor } from '../../support/fdwsync.ts'
import {
  changesOf,
  closeGate,
  createSource,
  head,
  missedOf,
  type Rig,
  rigFor,
  runSql,
  start,
  until,
  waiting,
} from '../apply/rig.ts'

/** A foreign table, a view over it, a view over that, and a gate in the load of each and in an index. */
const manifest = (total: string, factor = 1, more = '') => `${head()}
schemas:
  proxy:
    foreign_tables:
      orders: { server: shop, options: { schema_name: public }, columns: { id: bigint, total: "${total}", note: text } }
  local:
    materialized_views:
      first: { query: "SELECT id, total * ${factor} AS total${more} FROM proxy.orders WHERE public.gate(1)" }
      second:
        query: "SELECT sum(total) AS total FROM local.first WHERE public.gate(2)"
        indexes: { second_x: { columns: [{ expression: public.at_gate(total) }] } }
`
const old = manifest('numeric(10,2)')
const changed = manifest('numeric(12,3)', 2)

const atGate = `CREATE FUNCTION public.at_gate(numeric) RETURNS numeric IMMUTABLE LANGUAGE plpgsql SET search_path = pg_catalog AS
  'BEGIN PERFORM public.gate(3); RETURN $1; END'`

/** What people have made over it: a view, one with data of its own that reads the last, and such a one over a view that is retyped. */
const people = `CREATE SCHEMA reports; CREATE VIEW reports.daily AS SELECT id, id % 7 AS day FROM local.first;
  CREATE MATERIALIZED VIEW reports.summed AS SELECT total + 1 AS total FROM local.second;
  CREATE INDEX summed_total ON reports.summed (total); COMMENT ON MATERIALIZED VIEW reports.summed IS 'theirs';
  CREATE VIEW reports.raw AS SELECT total FROM proxy.orders; CREATE MATERIALIZED VIEW reports.copied AS SELECT max(total) AS total FROM reports.raw`

const reading = `SELECT (SELECT sum(total)::float8 FROM local.first) AS first, (SELECT total::float8 FROM local.second) AS second,
  (SELECT total::float8 FROM reports.summed) AS summed, (SELECT count(*)::int FROM reports.daily) AS daily,
  (SELECT total::text FROM reports.copied) AS copied`
const before = [{ first: 1912.5, second: 1912.5, summed: 1913.5, daily: 50, copied: '75.00' }]
const after = [{ first: 3825, second: 3825, summed: 3826, daily: 50, copied: '75.000' }]

/** Keeps an apply waiting in one place of a replacement, until it is let go. */
type Hold = (rig: Rig) => Promise<{ letGo(): Promise<unknown> }>

const gate =
  (number: number): Hold =>
  async (rig) => {
    const { open } = await closeGate(rig, number)
    return { letGo: () => open().catch(() => {}) }
  }

const stages: Readonly<Record<string, Hold>> = {
  'the load of the first': gate(1),
  'the load of the second': gate(2),
  'an index': gate(3),
  'the swap': async (rig) => {
    const reader = await rig.client()
    await reader.query('BEGIN; SELECT FROM local.first LIMIT 1')
    return { letGo: () => reader.query('COMMIT').catch(() => {}) }
  },
}

/** An apply that is held somewhere. */
interface Held {
  readonly rig: Rig
  readonly hold: { letGo(): Promise<unknown> }
  readonly pid: number
}

async function setUp(pair: ServerPair, source: TestDatabase): Promise<Rig> {
  const rig = await rigFor(pair, source)
  await rig.sql(atGate)
  await applyTo(await rig.manifest(old), rig.url)
  await rig.sql(people)
  expect(await rig.sql(reading)).toEqual(before)
  return rig
}

/** As before, nothing left of the attempt; and the next apply makes it as declared. */
async function expectToConverge(rig: Rig, text = changed, expected: readonly unknown[] = after): Promise<void> {
  const scratch = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'fdwsync\\_%'"
  expect(await rig.sql(scratch)).toEqual([])
  const parsed = await rig.manifest(text)
  expect(missedOf((await applyTo(parsed, rig.url)).report)).toEqual([])
  expect(changesOf(await planFor(parsed, rig.url))).toEqual([])
  expect(await rig.sql(reading)).toEqual(expected)
  expect(await rig.sql(scratch)).toEqual([])
  expect(
    await rig.sql(
      `SELECT obj_description('reports.summed'::regclass) AS comment, 'reports.summed_total'::regclass IS NOT NULL AS index`,
    ),
  ).toEqual([{ comment: 'theirs', index: true }])
}

const args = ['apply', '--auto-approve', '--lock-timeout', '60s']

describe.each(pairs())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  /** At every stage; together, since they mostly wait. */
  async function atEveryStage(act: (held: Held & ReturnType<typeof start>) => Promise<void>) {
    await Promise.all(
      Object.values(stages).map(async (stage) => {
        const rig = await setUp(pair, source)
        const hold = await stage(rig)
        const running = start(rig, args, changed)
        const pid = await waiting(rig, 'load')
        expect(await rig.sql(reading)).toEqual(before)
        await act({ rig, hold, pid, ...running })
        expect(await rig.sql(reading)).toEqual(before)
        await hold.letGo()
        await expectToConverge(rig)
      }),
    )
  }

  test('kill -9 of the tool at every stage: the old ones serve, nothing is left, the next apply converges', () =>
    atEveryStage(async ({ rig, child, ended }) => {
      child.kill('SIGKILL')
      expect((await ended).signal).toBe('SIGKILL')
      const left = `SELECT FROM pg_stat_activity WHERE application_name LIKE 'fdwsync%' AND datname = current_database()`
      await until('its sessions to end', async () => (await rig.sql(left)).length === 0, 10_000)
    }))

  test('pg_terminate_backend at every stage', () =>
    atEveryStage(async ({ rig, pid, ended }) => {
      await rig.sql(`SELECT pg_terminate_backend(${pid})`)
      const { code, stdout, stderr } = await ended
      expect([code, (stdout + stderr).replace(/\s+/g, ' ')]).toEqual([
        5,
        expect.stringContaining('was lost: terminating connection due to administrator command'),
      ])
    }))

  test('SIGINT at every stage', () =>
    atEveryStage(async ({ child, ended }) => {
      child.kill('SIGINT')
      const { code, stdout, stderr } = await ended
      expect([code, (stdout + stderr).replace(/\s+/g, ' ')]).toEqual([
        5,
        expect.stringContaining('interrupted by SIGINT'),
      ])
    }))

  test('temporary files grow over temp_file_limit: it says so, and all stays as it was', async () => {
    const rig = await setUp(pair, source)
    const sorted = manifest(
      'numeric(12,3)',
      2,
      ', (SELECT count(*) FROM (SELECT i FROM generate_series(1, 200000) i ORDER BY -i OFFSET 0) s) AS many',
    )
    await rig.sql(
      `ALTER DATABASE ${rig.target.name} SET temp_file_limit = '1MB'; ALTER DATABASE ${rig.target.name} SET work_mem = '64kB'`,
    )
    const { report } = await applyTo(await rig.manifest(sorted), rig.url)
    expect(missedOf(report)).toContainEqual(
      expect.stringMatching(
        /^failed replace materialized view local.first: temporary file size exceeds "?temp_file_limit"? \(1024kB\)$/,
      ),
    )
    expect(report && exitCodeOf(report)).toBe(5)
    expect(await rig.sql(reading)).toEqual(before)
    await rig.sql(`ALTER DATABASE ${rig.target.name} RESET temp_file_limit`)
    await expectToConverge(rig, sorted)
  })

  test('one row is of another type: it says so, and all stays as it was', async () => {
    const own = await createSource(pair)
    try {
      const rig = await setUp(pair, own)
      await runSql(own.url, "UPDATE orders SET note = CASE WHEN id = 30 THEN 'thirty' ELSE id::text END")
      const numbers = changed.replace('note: text', 'note: int').replace('SELECT id,', 'SELECT id, note,')
      const parsed = await rig.manifest(numbers)
      expect(missedOf((await applyTo(parsed, rig.url)).report)).toContain(
        'failed replace materialized view local.first: invalid input syntax for type integer: "thirty"',
      )
      expect(await rig.sql(reading)).toEqual(before)
      await runSql(own.url, "UPDATE orders SET note = '30' WHERE id = 30")
      await expectToConverge(rig, numbers)
    } finally {
      await own.drop()
    }
  })

  test.each([
    'local.second',
    'reports.summed',
  ])('a REFRESH of %s, which would follow, runs: the plan can not be made now, and says it', async (view) => {
    const rig = await setUp(pair, source)
    const refreshing = await rig.client()
    await refreshing.query(`BEGIN; REFRESH MATERIALIZED VIEW ${view}`)
    const { refusals } = await planFor(await rig.manifest(changed), rig.url)
    expect(refusals.map(({ title, reason }) => `${title}: ${reason}`).join()).toMatch(
      new RegExp(`materialized view ${view}(:| \\() ?it is being refreshed`),
    )
    await refreshing.query('COMMIT')
    await expectToConverge(rig)
  })

  test('a REFRESH of what is replaced begins while its successor is built: the swap waits for it', async () => {
    const rig = await setUp(pair, source)
    const { letGo } = await gate(1)(rig)
    const applying = applyTo(await rig.manifest(changed), rig.url)
    await waiting(rig, 'load')
    const refreshing = await rig.client()
    const refreshed = refreshing.query('BEGIN; REFRESH MATERIALIZED VIEW reports.summed')
    await refreshed
    await letGo()
    await waiting(rig, 'load')
    await refreshing.query('COMMIT')
    expect(missedOf((await applying).report)).toEqual([])
    await expectToConverge(rig)
  })

  test('somebody drops what is replaced, with all that reads it', async () => {
    const rig = await setUp(pair, source)
    const { letGo } = await gate(2)(rig)
    const applying = applyTo(await rig.manifest(changed), rig.url)
    await waiting(rig, 'load')
    await rig.sql('DROP MATERIALIZED VIEW local.second CASCADE')
    await letGo()
    expect(missedOf((await applying).report).join()).toContain('was changed by somebody while its successor was built')
    const parsed = await rig.manifest(changed)
    expect(missedOf((await applyTo(parsed, rig.url)).report)).toEqual([])
    expect(changesOf(await planFor(parsed, rig.url))).toEqual([])
  })
})

const majors = pairs().flatMap(({ major }) => findBinaries().filter((binaries) => binaries.major === major))

// Where the tests' servers run in containers, and none is installed here, there is none to kill.
describe.skipIf(majors.length === 0)('servers of our own, which are killed', () => {
  describe.each(majors)('PostgreSQL $major', (binaries) => {
    let servers: { readonly source: ThrowawayServer; readonly target: ThrowawayServer }
    let pair: ServerPair
    let source: TestDatabase
    beforeAll(async () => {
      const [from, to] = await Promise.all([startThrowawayServer({ binaries }), startThrowawayServer({ binaries })])
      servers = { source: from, target: to }
      const [sourceServer, targetServer] = await Promise.all([from, to].map(described))
      if (!sourceServer || !targetServer) throw new Error('two servers were started')
      pair = pairOf(sourceServer, targetServer)
      source = await createSource(pair)
    })
    afterAll(async () => {
      await servers.source.stop()
      await servers.target.stop()
    })

    const back = (server: () => ThrowawayServer) =>
      until('the server to be back', () => runSql(server().url('postgres'), 'SELECT 1').catch(() => undefined), 20_000)

    async function held(stage: Hold): Promise<Held & { readonly applying: ReturnType<typeof applyTo> }> {
      const rig = await setUp(pair, source)
      const hold = await stage(rig)
      const applying = applyTo(await rig.manifest(changed), rig.url, { lockTimeoutMilliseconds: 60_000 })
      applying.catch(() => {})
      return { rig, hold, pid: await waiting(rig, 'load'), applying }
    }

    test.each(Object.entries(stages))('kill -9 of the backend at %s', async (_, stage) => {
      const { rig, hold, pid, applying } = await held(stage)
      process.kill(pid, 'SIGKILL')
      const reason = await applying.then(({ report }) => missedOf(report).join(), String)
      expect(reason).toMatch(/was lost|can not be reached|starting up|recovery/)
      await back(() => servers.target)
      await hold.letGo()
      expect(await rig.sql(reading)).toEqual(before)
      await expectToConverge(rig)
    })

    test.each(Object.entries(stages))('kill -9 of the source at %s', async (_, stage) => {
      const { rig, hold, applying } = await held(stage)
      await servers.source.kill()
      await hold.letGo()
      // What was read is committed at the source too, at the end, so its death is noticed wherever it happens.
      expect(missedOf((await applying).report).join()).toMatch(
        /server closed the connection|could not connect|terminat/,
      )
      expect(await rig.sql(reading)).toEqual(before)
      await servers.source.restart()
      await back(() => servers.source)
      await expectToConverge(rig)
    })
  })
})

function described({ url, host, port, user, password, logFile }: ThrowawayServer) {
  return describeServer({ url: url('postgres'), foreignHost: host, foreignPort: port, user, password, logFile })
}
