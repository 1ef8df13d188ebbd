// Scheduled jobs of pg_cron.
import { type ScheduledJobSpec, scheduledJob } from '../../../src/kinds/scheduled-job.ts'
import { type KindTable, nothing } from './table.ts'

const name = "'fdwsync shop.\"it''s\"'"
const command = `SELECT fdwsync.refresh('shop."it''s"')`
const schedule = (when: string) =>
  `SELECT cron.schedule(${name}, '${when}', 'SELECT fdwsync.refresh(''shop."it''''s"'')')`

const unschedule = `SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname OPERATOR(pg_catalog.=) ${name} AND (database OPERATOR(pg_catalog.=) current_database() OR username OPERATOR(pg_catalog.=) current_user)`

const unreadable = { reason: 'cannot connect', hint: '' }

export const scheduledJobTable: KindTable<ScheduledJobSpec> = {
  kind: scheduledJob,
  id: { kind: 'scheduledJob', schema: 'shop', name: "it's" },
  spec: { schedule: '@daily', command, isActive: true },
  compare: {
    schedule: [[{}, { schedule: '@hourly' }, 'schedule: @daily → @hourly', schedule('@hourly')]],
    command: [[{ command: 'SELECT 1' }, {}, `command: SELECT 1 → ${command}`, schedule('@daily')]],
    // Only a change of the declaration is known then.
    unreadable: [
      [{ schedule: '', command: '', unreadable }, {}, nothing, 'as it was declared', { last: { schedule: '@daily' } }],
      [
        { schedule: '', command: '', unreadable },
        {},
        'schedule: @hourly → @daily',
        schedule('@daily'),
        { last: { schedule: '@hourly' } },
      ],
    ],
    isActive: [[{ isActive: false }, {}, 'active: no → yes', `${unschedule}; ${schedule('@daily')}`]],
    // pg_cron would leave it in that database.
    wrongDatabase: [
      [{ wrongDatabase: 'other' }, {}, 'database: other → that of the copy', `${unschedule}; ${schedule('@daily')}`],
    ],
  },
  settle: {},
}
