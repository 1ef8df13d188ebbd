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
    const settings = { shared_preload_libraries: 'pg_cron', 'cron.database_name': 'postgres' }
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
    expect(await nextRunOf(scheduled('@daily'))).toMatch(/T00:00:00/)
    expect(await jobs()).toEqual([{ ...wanted, schedule: '@daily' }])
    expect(await runSql(url, `SELECT how FROM cron.job, LATERAL fdwsync.refresh('shop."It''s"')`)).toEqual([
      { how: 'plain' },
    ])

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

    const elsewhere = manifest(
      'a: { query: SELECT 1 AS one, refresh: { schedule: "@daily" } }',
      'cron: { database: jobs }',
    )
    expect((await plan(elsewhere)).warnings).toMatchObject([
      {
        message: expect.stringContaining('pg_cron is in database jobs'),
        hint: expect.stringContaining(
          "SELECT cron.schedule_in_database('fdwsync shop.a', '@daily', 'SELECT fdwsync.refresh(''shop.a'')', 'postgres');",
        ),
      },
    ])
  })
})
