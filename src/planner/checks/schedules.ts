// Finds out which schedules of a manifest can be applied: where pg_cron is, and what to do if it is missing.

import type { DeclaredObject } from '../../core/change.ts'
import type { IdOf } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import { ident, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { readStateElsewhere } from '../../introspector/read-elsewhere.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import { scheduledJob } from '../../kinds/scheduled-job.ts'
import type { Manifest } from '../../manifest/manifest.ts'

export interface Schedules {
  /** The declared objects, without the jobs that cannot be created. */
  readonly objects: readonly DeclaredObject[]
  readonly warnings: readonly Warning[]
}

// Whether this database has the extension, and this role has USAGE on its schema.
const usableQuery = trusted(`
  SELECT coalesce(bool_or(has_schema_privilege(n.oid, 'USAGE')), false) AS usable, count(*) > 0 AS installed
    FROM pg_extension e LEFT JOIN pg_namespace n ON n.nspname = 'cron' WHERE e.extname = 'pg_cron'`)

/** Leaves out the jobs that cannot be created, with a warning about what to do. */
export async function applicableSchedules(
  session: Session,
  objects: readonly DeclaredObject[],
  { cron, extensions = {} }: Manifest,
): Promise<Schedules> {
  const jobs = objects.filter(isJob)
  if (jobs.length === 0) return { objects, warnings: [] }
  const others = objects.filter((object) => !isJob(object))
  const { database = session.database } = cron ?? {}
  const isHere = database === session.database
  const obstacle = isHere
    ? await obstacleHere(session, Object.hasOwn(extensions, 'pg_cron'))
    : await obstacleElsewhere(session, database)
  if (obstacle) return { objects: others, warnings: [warningOf(jobs.length, obstacle)] }
  return { objects: [...others, ...(isHere ? jobs.map(inTarget) : jobs)], warnings: [] }
}

interface Obstacle {
  readonly reason: string
  readonly hint: string
}

async function obstacleHere(session: Session, isDeclared: boolean): Promise<Obstacle | undefined> {
  const [pgCron] = await inReadOnlyTransaction(session, () =>
    session.query<{ usable: boolean; installed: boolean }>(usableQuery),
  )
  if (pgCron?.usable || (isDeclared && !pgCron?.installed)) return undefined
  return {
    reason: pgCron?.installed ? 'this role has no USAGE on the schema of pg_cron' : 'pg_cron is not in this database',
    hint: 'Run fdwsync refresh --stale by a timer instead, or declare extensions: { pg_cron: { schema: pg_catalog } }, or grant USAGE on schema cron.',
  }
}

/** If pg_cron exists but cannot be used, its jobs are unknown: see `Elsewhere` in kinds/kind.ts. */
async function obstacleElsewhere(session: Session, database: string): Promise<Obstacle | undefined> {
  const state = await readStateElsewhere(session, scheduledJob, database)
  if (state.is !== 'absent') return undefined
  return {
    reason: `pg_cron is not in the database ${ident(database)}`,
    hint: `Run there as a superuser: CREATE EXTENSION pg_cron; or let cron: { database: … } name the database that the setting cron.database_name of the server has.`,
  }
}

function isJob({ id }: DeclaredObject): boolean {
  return id.kind === 'scheduledJob'
}

/** The job without its database, if that is the target: the manifest cannot know the name of its target. */
function inTarget(job: DeclaredObject): DeclaredObject {
  const { kind, schema, name } = job.id as IdOf<'scheduledJob'> // see isJob
  return { ...job, id: { kind, schema, name } }
}

function warningOf(count: number, { reason, hint }: Obstacle): Warning {
  const what = count === 1 ? 'the schedule of one copy is' : `the schedules of ${count} copies are`
  return { code: 'schedule/not-applied', message: `${what} not applied: ${reason}`, hint }
}
