// Schedules of copies as jobs of pg_cron, where that is installed: created, altered, dropped, and their drift.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { status } from '../../../src/api/status.ts'
import {
  findBinaries,
  hasLibrary,
  startThrowawayServer,
  type ThrowawayServer,
} from '../../../src/demo/server/server.ts'
import { runSql } from '../../servers/databases.ts'
import { applyTo, connectTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const manifest = (views: string, head = '') => `
version: 1
name: scheduled
${head}
schemas:
  shop:
    materialized_views:
      other: { query: SELECT 1 AS one }
      ${views}
`
const scheduled = (schedule: string, more = '') =>
  manifest(`"It's": { query: SELECT 1 AS one, refresh: { schedule: "${schedule}" }${more} }`)

const binaries = findBinaries().find((one) => hasLibrary(one, 'pg_cron'))
if (!binaries)
  process.stdout.write('skipped: schedules (pg_cron is not installed: test/servers/install-wrappers.sh does that)\n')

describe.skipIf(!binaries)('pg_cron', () => {
  let server: ThrowawayServer
  beforeAll(async () => {
    if (!binaries) return
    const settings = {
      shared_preload_libraries: 'pg_cron',
      'cron.database_name': 'postgres',
      'cron.timezone': 'Asia/Tokyo',
      // Otherwise it connects, for which the test would need a password file.
      'cron.use_background_workers': 'on',
    }
    server = await startThrowawayServer({ binaries, settings })
  })
  afterAll(() => server.stop())

  test('a schedule is a job: created, altered, dropped, and its drift is seen', async () => {
    const url = server.url('postgres')
    const plan = async (text: string) => planFor(await manifestOf(text, {}), url)
    const apply = async (text: string) => {
      const { plan, report } = await applyTo(await manifestOf(text, {}), url, { allow: ['drops-data'] })
      expect(missedOf(report)).toEqual([])
      expect(changesOf(await planFor(await manifestOf(text, {}), url))).toEqual([])
      return changesOf(plan)
    }
    const jobs = () => runSql(url, 'SELECT jobname, schedule, command, active FROM cron.job ORDER BY jobid')
    const nextRunOf = async (text: string) => {
      const session = await connectTo(url)('status')
      const { objects } = await status(session, { kinds: [], all: false, manifest: await manifestOf(text, {}) })
      await session.close()
      return objects.find(({ freshness, id }) => freshness && 'name' in id && id.name === "It's")?.freshness?.nextRun
    }
    const job = 'scheduled job of shop."It\'s"'
    const wanted = { jobname: 'fdwsync shop."It\'s"', command: `SELECT fdwsync.refresh('shop."It''s"')`, active: true }

    // Without pg_cron the rest is applied, and the plan contains what to do. So does every later one.
    const warning = expect.stringContaining('the schedule of one copy is not applied: pg_cron is not in this database')
    expect(await apply(scheduled('@daily'))).toContain('create refresh policy of shop."It\'s"')
    expect((await plan(scheduled('@daily'))).warnings).toMatchObject([
      { code: 'schedule/not-applied', message: warning },
    ])

    await runSql(url, 'CREATE EXTENSION pg_cron')
    expect(await nextRunOf(scheduled('@daily'))).toBeUndefined()
    expect(await apply(scheduled('@daily'))).toEqual([`create ${job}`])
    expect(await nextRunOf(scheduled('@daily'))).toMatch(/T15:00:00/)
    expect(await jobs()).toEqual([{ ...wanted, schedule: '@daily' }])
    expect(await runSql(url, `SELECT how FROM cron.job, LATERAL fdwsync.refresh('shop."It''s"')`)).toEqual([
      { how: 'plain' },
    ])

    for (const recent of ['30 seconds', '0 0 $ * *']) {
      const refused = await runSql(url, `BEGIN; SELECT cron.schedule('x', '${recent}', 'SELECT 1'); ROLLBACK`).then(
        () => '',
        (error: Error) => error.message,
      )
      const planned = await plan(scheduled(recent)).then(
        () => '',
        (error: Error) => error.message,
      )
      expect(planned, 'the same as pg_cron, which knows it from 1.5 on').toBe(refused && `${job}: ${refused}`)
    }

    expect(await apply(scheduled('*/5 * * * *'))).toEqual(['alter refresh policy of shop."It\'s"', `alter ${job}`])
    expect(await jobs()).toEqual([{ ...wanted, schedule: '*/5 * * * *' }])

    await runSql(url, "UPDATE cron.job SET active = false, command = 'SELECT 1'")
    const drifted = await plan(scheduled('*/5 * * * *'))
    expect(drifted.changes.map(({ title, cause }) => [title, cause])).toEqual([[job, 'drift']])
    expect(await apply(scheduled('*/5 * * * *'))).toEqual([`alter ${job}`])
    await runSql(url, 'SELECT cron.unschedule(jobid) FROM cron.job')
    expect(await apply(scheduled('*/5 * * * *'))).toEqual([`create ${job}`])

    const renamed = scheduled('*/5 * * * *', ', renamed_from: "It\'s"').replace(`"It's": {`, 'renamed: {')
    expect(await apply(renamed)).toEqual(
      expect.arrayContaining([`drop ${job}`, 'create scheduled job of shop.renamed']),
    )
    expect(await jobs()).toEqual([
      {
        jobname: 'fdwsync shop.renamed',
        schedule: '*/5 * * * *',
        command: "SELECT fdwsync.refresh('shop.renamed')",
        active: true,
      },
    ])
    expect(await apply(manifest(''))).toContain('drop scheduled job of shop.renamed')
    expect(await jobs()).toEqual([])
  })

  test('jobs in another database, by a role without superuser: they run, and nothing of them is left', async () => {
    const there = server.url('postgres')
    await runSql(there, 'DROP EXTENSION IF EXISTS pg_cron; CREATE ROLE mirror LOGIN PASSWORD $$mirror$$')
    await runSql(there, 'CREATE DATABASE "the target" OWNER mirror')
    await runSql(there, 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC')
    const url = server.url('the target', { user: 'mirror', password: 'mirror' })
    const cron = 'cron: { database: postgres }'
    const long = 'a_name_that_is_too_long_for_the_jobs_of_old_releases_of_pg_cron'
    const text = (schedule: string, head = cron) =>
      manifest(
        `orders: { query: SELECT 1 AS one, refresh: { schedule: "${schedule}" } }
      ${long}: { query: SELECT 2 AS two, refresh: { schedule: "@yearly" } }`,
        head,
      )
    const plan = async (manifest: string) => planFor(await manifestOf(manifest, {}), url)
    const apply = async (manifest: string) => {
      const { plan: applied, report } = await applyTo(await manifestOf(manifest, {}), url, { allow: ['drops-data'] })
      expect(missedOf(report)).toEqual([])
      expect(changesOf(await plan(manifest))).toEqual([])
      return changesOf(applied)
    }
    const jobs = () =>
      runSql(there, `SELECT schedule, command, database, username, active FROM cron.job ORDER BY schedule DESC`)
    const [job, longJob] = ['orders', long].map((name) => `scheduled job of shop.${name} in database postgres`)

    // Whatever is missing, the plan contains what to run.
    expect(await apply(text('@reboot'))).not.toContain(`create ${job}`)
    expect((await plan(text('@reboot'))).undetermined).toMatchObject([
      {
        title: job,
        reason: expect.stringContaining('permission denied for database "postgres"'),
        hint: expect.stringContaining('GRANT CONNECT ON DATABASE postgres TO mirror'),
      },
      { title: longJob },
    ])
    await runSql(there, 'GRANT CONNECT ON DATABASE postgres TO mirror')
    expect((await plan(text('@reboot'))).warnings).toMatchObject([
      {
        message: expect.stringContaining('pg_cron is not in the database postgres'),
        hint: expect.stringContaining('CREATE EXTENSION pg_cron'),
      },
    ])
    await runSql(there, 'CREATE EXTENSION pg_cron')
    const [{ hint = '' } = {}] = (await plan(text('@reboot'))).undetermined
    await runSql(there, hint.replace(/.*: /, ''))

    expect(await apply(text('@reboot'))).toEqual([`create ${job}`, `create ${longJob}`])
    const wanted = { database: 'the target', username: 'mirror', active: true }
    expect(await jobs()).toEqual([
      { ...wanted, schedule: '@yearly', command: `SELECT fdwsync.refresh('shop.${long}')` },
      { ...wanted, schedule: '@reboot', command: `SELECT fdwsync.refresh('shop.orders')` },
    ])

    await server.kill()
    await server.restart()
    await expect
      .poll(() => runSql(url, `SELECT address, how, origin FROM fdwsync.refresh WHERE origin = 'cron'`), {
        timeout: 30_000,
      })
      .toEqual([{ address: '["materializedView","shop","orders"]', how: 'plain', origin: 'cron' }])

    // Seen by a proof as by any other plan.
    await runSql(there, "UPDATE cron.job SET active = false, database = 'postgres' WHERE schedule = '@reboot'")
    expect((await plan(text('@reboot'))).changes.map(({ title, cause }) => [title, cause])).toEqual([[job, 'drift']])
    expect(await apply(text('@hourly'))).toEqual(['alter refresh policy of shop.orders', `alter ${job}`])
    await runSql(there, "SELECT cron.unschedule(jobid) FROM cron.job WHERE schedule = '@hourly'")
    expect(await apply(text('@hourly'))).toEqual([`create ${job}`])

    // What cannot be read is not called dropped.
    await runSql(there, 'REVOKE CONNECT ON DATABASE postgres FROM mirror')
    const unread = await plan(text('@hourly'))
    expect([changesOf(unread), unread.undetermined]).toEqual([[], []])
    expect(unread.warnings).toMatchObject(
      [job, longJob].map((title) => ({ message: expect.stringContaining(`${title}: cannot connect`) })),
    )
    await runSql(there, 'GRANT CONNECT ON DATABASE postgres TO mirror')

    expect(await apply(manifest('', cron))).toEqual(expect.arrayContaining([`drop ${job}`, `drop ${longJob}`]))
    expect(await jobs()).toEqual([])
  })
})
