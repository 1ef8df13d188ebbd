// Whether the schedules of a manifest can be applied: pg_cron has to be in the target database.

import type { DeclaredObject } from '../core/change.ts'
import type { Warning } from '../core/plan.ts'
import { literal, qualified, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import type { Manifest } from '../manifest/manifest.ts'

export interface Schedules {
  /** What is declared, without the jobs that cannot be created. */
  readonly objects: readonly DeclaredObject[]
  readonly warnings: readonly Warning[]
}

// Those of pg_cron are not part of this database without the extension, and not for this role without USAGE.
const usableQuery = trusted(`
  SELECT coalesce(bool_or(has_schema_privilege(n.oid, 'USAGE')), false) AS usable, count(*) > 0 AS installed
    FROM pg_extension e LEFT JOIN pg_namespace n ON n.nspname = 'cron' WHERE e.extname = 'pg_cron'`)

/** Leaves out the jobs that cannot be created, with a warning that contains what to do. */
export async function applicableSchedules(
  session: Session,
  objects: readonly DeclaredObject[],
  { cron, extensions = {} }: Manifest,
): Promise<Schedules> {
  const jobs = objects.filter(({ id }) => id.kind === 'scheduledJob')
  if (jobs.length === 0) return { objects, warnings: [] }
  const reason = await reasonNotToSchedule(session, cron?.database, Object.hasOwn(extensions, 'pg_cron'))
  if (reason === undefined) return { objects, warnings: [] }
  return { objects: objects.filter((object) => !jobs.includes(object)), warnings: [warningOf(session, jobs, reason)] }
}

type Reason = { readonly database: string } | { readonly message: string }

async function reasonNotToSchedule(
  session: Session,
  database: string | undefined,
  isDeclared: boolean,
): Promise<Reason | undefined> {
  if (database !== undefined && database !== session.database) return { database }
  const [pgCron] = await inReadOnlyTransaction(session, () =>
    session.query<{ usable: boolean; installed: boolean }>(usableQuery),
  )
  if (pgCron?.usable) return undefined
  if (pgCron?.installed) return { message: `this role has no USAGE on the schema of pg_cron` }
  return isDeclared ? undefined : { message: 'pg_cron is not in this database' }
}

function warningOf(session: Session, jobs: readonly DeclaredObject[], reason: Reason): Warning {
  const code = 'schedule/not-applied'
  const count = jobs.length === 1 ? 'the schedule of one copy is' : `the schedules of ${jobs.length} copies are`
  if ('message' in reason) {
    const hint =
      'Run fdwsync refresh --stale by a timer instead, or declare extensions: { pg_cron: { schema: pg_catalog } }, or grant USAGE on schema cron.'
    return { code, message: `${count} not applied: ${reason.message}`, hint }
  }
  const hint = `Run there, once for each: ${jobs
    .slice(0, 1)
    .map((job) => statementFor(session, job))
    .join('')}`
  return { code, message: `${count} not applied: pg_cron is in database ${reason.database}`, hint }
}

function statementFor({ database }: Session, { id, spec }: DeclaredObject): string {
  const { schedule, command } = spec as { schedule: string; command: string } // of a scheduled job
  const name = 'schema' in id ? qualified(id.schema, id.name) : ''
  return sql`SELECT cron.schedule_in_database(${literal(`fdwsync ${name}`)}, ${literal(schedule)}, ${literal(command)}, ${literal(database)});`
}
