// Finds schedules that the installed release of pg_cron does not know: intervals in seconds, and the last day of a month. They are
// tried out, since the version of the extension need not be that of its library. Each distinct schedule is tried once. All jobs of
// a manifest are in one database.

import type { DeclaredObject, LiveState } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import type { ProbeFinding } from '../../core/finding.ts'
import { keyOf } from '../../core/object.ts'
import { join, trusted } from '../../core/sql.ts'
import { isDatabaseError } from '../../db/database-error.ts'
import type { Session } from '../../db/session.ts'
import { beginStatement, rolledBack } from '../../db/transaction.ts'
import { databaseOf } from '../../differ/steps/changes.ts'
import { inDatabase } from '../../introspector/read-elsewhere.ts'
import { kindOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'

/** The error that pg_cron raises for a schedule that it cannot read. */
const invalidParameterValue = '22023'

export async function unsupportedSchedules(
  session: Session,
  declared: readonly DeclaredObject[],
  live: LiveState,
): Promise<readonly ProbeFinding[]> {
  const recent = declared.filter((job) => job.id.kind === 'scheduledJob' && isRecent(job) && !isScheduled(job, live))
  const findings: ProbeFinding[] = []
  for (const [, jobs] of groupBy(recent, scheduleOf)) {
    const [first] = jobs
    const reason = first && (await errorOf(session, first))
    if (reason === undefined) continue
    const hint = 'It needs a later release of pg_cron. Write it with five fields, the days of the month as numbers.'
    findings.push(
      ...jobs.map(({ id }) => ({
        code: 'server/unsupported-version' as const,
        key: keyOf(id),
        status: 'problem' as const,
        reason,
        hint,
      })),
    )
  }
  return findings
}

function isRecent(job: DeclaredObject): boolean {
  return /second|\$/i.test(scheduleOf(job))
}

function isScheduled(job: DeclaredObject, live: LiveState): boolean {
  const existing = live.get(keyOf(job.id))
  return existing !== undefined && scheduleOf(existing) === scheduleOf(job)
}

function scheduleOf(job: Pick<DeclaredObject, 'id' | 'spec'>): string {
  return asKind(job, 'scheduledJob')?.spec.schedule ?? ''
}

/** Schedules nothing permanently. Any other error, such as that of a read-only server, proves nothing. */
async function errorOf(session: Session, job: DeclaredObject): Promise<string | undefined> {
  const database = databaseOf(job.id)
  const create = kindOf(job.id).create(job.id, job.spec)
  const trial = join(
    [trusted('SAVEPOINT trial'), ...create.map((statement) => statement.sql), trusted('ROLLBACK TO trial')],
    '; ',
  )
  try {
    if (database !== undefined) await inDatabase(session, database, (there) => there.run(trial))
    else await rolledBack(session, beginStatement(session.serverVersion), () => session.run(trial))
    return undefined
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    return error.sqlstate === invalidParameterValue ? error.message : undefined
  }
}
