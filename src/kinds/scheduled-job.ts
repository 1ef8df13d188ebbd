// Scheduled jobs: the jobs of pg_cron that refresh copies by their policies. pg_cron keeps them in a table, cron.job.
import type { FieldChange } from '../core/change.ts'
import { formatDuration } from '../core/duration.ts'
import { type IdOf, keyOf } from '../core/object.ts'
import type { RefreshPolicy } from '../core/refresh-policy.ts'
import { literal, qualified, resolved, type Sql, type Statement, sql, statement, trusted } from '../core/sql.ts'
import { copyPath } from '../manifest/copies.ts'
import { type CopyPolicy, refreshPolicies } from '../manifest/expansion/refresh-policies.ts'
import type { DeclaredKind } from './kind.ts'

export interface ScheduledJobSpec {
  readonly schedule: string
  readonly command: string
  /** Whether pg_cron runs it. Declared jobs are active. */
  readonly isActive: boolean
}

type JobId = IdOf<'scheduledJob'>

export const scheduledJob: DeclaredKind<'scheduledJob', ScheduledJobSpec> = {
  kind: 'scheduledJob',
  rank: 9,
  locks: { create: 0, drop: 0 },
  catalog: 'cron.job',
  dropPolicy: 'owned',
  title: (id) => `scheduled job of ${qualified(id.schema, id.name)}`,
  probe: { how: 'none' },

  // Without `cron.database` pg_cron has to be in the target database: see planner/schedules.ts.
  declare(manifest) {
    const policies = refreshPolicies(manifest)
    return policies.flatMap(({ copy, policy, path }) => {
      const { schedule } = policy
      if (schedule === undefined) return []
      const id: JobId = { kind: 'scheduledJob', schema: copy.schema, name: copy.name }
      const spec: ScheduledJobSpec = { schedule, command: commandOf(id, timeoutOf(policy, policies)), isActive: true }
      // What the manifest itself declares has to exist before it.
      const needs = [keyOf(copy), ...declaredExtension(manifest)]
      return [{ id, spec, needs, path }]
    })
  },
  // A schedule is a part of a policy, which is neither exported nor listed as unmanaged.
  write: (id, { schedule }) => ({
    path: [...copyPath({ ...id, kind: 'materializedView' }), 'refresh'],
    value: { schedule },
  }),
  listQuery: trusted('SELECT NULL::jsonb AS id WHERE false'),

  // pg_cron shows each role its own jobs, and superusers all. One of another role is taken for the same.
  catalogQuery: trusted(`
    SELECT DISTINCT ON (wanted.schema, wanted.name)
           jsonb_build_object('kind', 'scheduledJob', 'schema', wanted.schema, 'name', wanted.name) AS id, 0::oid AS oid,
           jsonb_build_object('schedule', j.schedule, 'command', j.command, 'isActive', j.active) AS spec
      FROM jsonb_to_recordset($1) AS wanted(schema text, name text)
      JOIN cron.job j ON j.jobname = format('fdwsync %I.%I', wanted.schema, wanted.name) AND j.database = current_database()
     ORDER BY wanted.schema, wanted.name, j.username = current_user DESC`),

  settle: (wanted) => wanted,
  compare: (id, from, to) => {
    const again = (text: readonly Statement[]) => text.map((each) => ({ how: 'statement', statement: each }) as const)
    const [whole] = again(scheduled(id, to))
    const field = (name: string, before: string, after: string): readonly FieldChange[] =>
      before === after || !whole ? [] : [{ field: name, from: before, to: after, effect: whole }]
    return [
      ...field('schedule', from.schedule, to.schedule),
      ...field('command', from.command, to.command),
      ...field('active', activeText(from), activeText(to)),
    ]
  },

  create: scheduled,
  // cron.schedule() replaces a job of the same name, but leaves it inactive. Not every role may call cron.alter_job().
  alter: (id, fields) => [
    ...(fields.some(({ field }) => field === 'active') ? scheduledJob.drop(id) : []),
    ...fields.slice(0, 1).flatMap(({ effect }) => (effect.how === 'statement' ? [effect.statement] : [])),
  ],
  drop: (id) => [
    resolved(
      statement(
        sql`SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = ${jobName(id)} AND database = current_database()`,
      ),
    ),
  ],
  display: { isShownWithOwner: true, summary: ({ schedule }) => schedule },
}

function scheduled(id: JobId, { schedule, command }: ScheduledJobSpec): readonly Statement[] {
  return [resolved(statement(sql`SELECT cron.schedule(${jobName(id)}, ${literal(schedule)}, ${literal(command)})`))]
}

function jobName({ schema, name }: JobId): Sql {
  return literal(`fdwsync ${qualified(schema, name)}`)
}

/** A function cannot limit how long the statement takes that calls it. */
function commandOf({ schema, name }: JobId, timeoutMilliseconds: number | undefined): string {
  const refresh = sql`SELECT fdwsync.refresh(${literal(qualified(schema, name))})`
  if (timeoutMilliseconds === undefined) return refresh
  const timeout = formatDuration(Math.min(timeoutMilliseconds, longestTimeout))
  return sql`SET statement_timeout = ${literal(timeout)}; ${refresh}`
}

/** What `statement_timeout` can be. */
const longestTimeout = 2 ** 31 - 1

/** A group is refreshed as a whole, within the shortest of its timeouts. */
function timeoutOf(policy: RefreshPolicy, all: readonly CopyPolicy[]): number | undefined {
  const isWithIt = (other: RefreshPolicy) =>
    other === policy || (policy.group !== undefined && other.group === policy.group)
  const timeouts = all.flatMap(({ policy: other }) =>
    isWithIt(other) && other.timeoutMilliseconds !== undefined ? [other.timeoutMilliseconds] : [],
  )
  return timeouts.length === 0 ? undefined : Math.min(...timeouts)
}

function activeText({ isActive }: ScheduledJobSpec): string {
  return isActive ? 'yes' : 'no'
}

function declaredExtension({ extensions = {} }: { readonly extensions?: object }) {
  return 'pg_cron' in extensions ? [keyOf({ kind: 'extension', name: 'pg_cron' })] : []
}
