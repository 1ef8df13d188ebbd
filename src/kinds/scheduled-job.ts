// Scheduled jobs: the jobs of pg_cron that refresh copies by their policies. pg_cron keeps them in the table cron.job of one
// database, which need not be that of the copies.
import { createHash } from 'node:crypto'
import type { FieldChange } from '../core/change.ts'
import { formatDuration } from '../core/duration.ts'
import { type IdOf, keyOf } from '../core/object.ts'
import type { RefreshPolicy } from '../core/refresh-policy.ts'
import { ident, literal, qualified, resolved, type Sql, type Statement, sql, statement, trusted } from '../core/sql.ts'
import { copyPath } from '../manifest/copies.ts'
import { type CopyPolicy, refreshPolicies } from '../manifest/expansion/refresh-policies.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { type DeclaredKind, targetSetting, type Unreadable } from './kind.ts'

export interface ScheduledJobSpec {
  readonly schedule: string
  readonly command: string
  /** Whether pg_cron runs it. Declared jobs are active. */
  readonly isActive: boolean
  /** Of a live job that runs in another database than the target: which one. */
  readonly wrongDatabase?: string
  /** For a live job: why it could not be read. Everything else is empty then. */
  readonly unreadable?: Unreadable
}

type JobId = IdOf<'scheduledJob'>

/** Other targets on the same server may have a copy of the same name. */
const target = trusted(`coalesce(nullif(current_setting('${targetSetting}', true), ''), current_database())`)

/** The longest name that a job can have in pg_cron 1.4. */
const longestName = 63

/** The name of the job of what is `wanted`, in a query. */
export const nameOfWantedJob = trusted(`
  (SELECT CASE WHEN octet_length(job) > ${longestName} THEN 'fdwsync ' || md5(job) ELSE job END
     FROM format('fdwsync %s%I.%I', CASE WHEN wanted.database IS NOT NULL THEN format('%I.', ${target}) END,
                 wanted.schema, wanted.name) AS job)`)

export const scheduledJob: DeclaredKind<'scheduledJob', ScheduledJobSpec> = {
  kind: 'scheduledJob',
  rank: 9,
  locks: { create: 0, drop: 0 },
  catalog: 'cron.job',
  dropPolicy: 'owned',
  title: ({ schema, name, database }) =>
    `scheduled job of ${qualified(schema, name)}${database === undefined ? '' : ` in database ${ident(database)}`}`,
  probe: { how: 'none' },

  // Which of them can be created: see planner/checks/schedules.ts.
  declare(manifest) {
    const policies = refreshPolicies(manifest)
    const database = manifest.cron?.database
    return policies.flatMap(({ copy, policy, path }) => {
      const { schedule } = policy
      if (schedule === undefined) return []
      const { schema, name } = copy
      const id: JobId = { kind: 'scheduledJob', schema, name, ...(database !== undefined && { database }) }
      const spec: ScheduledJobSpec = { schedule, command: commandOf(id, timeoutOf(policy, policies)), isActive: true }
      // Objects that the manifest itself declares have to exist before the job.
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

  // pg_cron shows each role its own jobs, and all jobs to superusers. A job of another role with the name counts as this one. A
  // role has one job of a name: its own one is replaced in whatever database it runs.
  catalogQuery: trusted(`
    SELECT DISTINCT ON (wanted.schema, wanted.name)
           jsonb_strip_nulls(jsonb_build_object('kind', 'scheduledJob', 'schema', wanted.schema, 'name', wanted.name,
                                                'database', wanted.database)) AS id,
           0::oid AS oid,
           jsonb_strip_nulls(jsonb_build_object('schedule', j.schedule, 'command', j.command, 'isActive', j.active,
                                                'wrongDatabase', nullif(j.database, ${target}))) AS spec
      FROM jsonb_to_recordset($1) AS wanted(schema text, name text, database text)
      JOIN cron.job j ON j.jobname = ${nameOfWantedJob} AND (j.database = ${target} OR j.username = current_user)
     ORDER BY wanted.schema, wanted.name, j.database = ${target} DESC, j.username = current_user DESC`),

  elsewhere: {
    databaseOf: ({ database }) => database,
    // Only superusers may schedule there, unless one of them grants it to others.
    obstacleQuery: trusted(`
      SELECT format('the role %s cannot use pg_cron in the database %s', current_user, current_database()) AS reason,
             format('Run there as a superuser: GRANT USAGE ON SCHEMA cron TO %1$I; GRANT EXECUTE ON FUNCTION %2$s TO %1$I', current_user,
                    coalesce(string_agg(p.oid::regprocedure::text, ', '), 'cron.schedule_in_database')) AS hint
        FROM pg_namespace n LEFT JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = 'schedule_in_database'
       WHERE n.nspname = 'cron'
      HAVING NOT bool_and(has_schema_privilege(n.oid, 'USAGE') AND coalesce(has_function_privilege(p.oid, 'EXECUTE'), false))`),
    unreadable: (unreadable) => ({ schedule: '', command: '', isActive: true, unreadable }),
  },
  secrets: {
    hidden: (_id, { unreadable }) => unreadable,
    recorded: (spec) => spec,
  },

  settle: (wanted) => wanted,
  compare: (id, from, to, { last }) => {
    const before = from.unreadable ? (last ?? to) : from
    const [whole] = scheduled(id, to)
    const field = (name: string, before: string, after: string): readonly FieldChange[] =>
      before === after || !whole
        ? []
        : [{ field: name, from: before, to: after, effect: { how: 'statement', statement: whole } }]
    return [
      ...field('schedule', before.schedule, to.schedule),
      ...field('command', before.command, to.command),
      ...field('active', activeText(before), activeText(to)),
      ...(before.wrongDatabase === undefined ? [] : field('database', before.wrongDatabase, 'that of the copy')),
    ]
  },

  create: scheduled,
  // cron.schedule() replaces a job of the same name, but leaves it inactive, and in its database. Not every role may call cron.alter_job().
  alter: (id, fields) => [
    ...(fields.some(({ field }) => field === 'active' || field === 'database') ? scheduledJob.drop(id) : []),
    ...fields.slice(0, 1).flatMap(({ effect }) => (effect.how === 'statement' ? [effect.statement] : [])),
  ],
  drop: (id) => [
    resolved(
      statement(
        sql`SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname OPERATOR(pg_catalog.=) ${jobName(id)} AND (database OPERATOR(pg_catalog.=) ${targetOf(id)} OR username OPERATOR(pg_catalog.=) current_user)`,
      ),
    ),
  ],
  display: { isShownWithOwner: true, summary: ({ schedule }) => schedule },
}

function scheduled(id: JobId, { schedule, command }: ScheduledJobSpec): readonly Statement[] {
  const [name, when, what] = [jobName(id), literal(schedule), literal(command)]
  return [
    resolved(
      statement(
        id.database === undefined
          ? sql`SELECT cron.schedule(${name}, ${when}, ${what})`
          : sql`SELECT cron.schedule_in_database(${name}, ${when}, ${what}, ${targetOf(id)})`,
      ),
    ),
  ]
}

function targetOf({ database }: JobId): Sql {
  return database === undefined ? trusted('current_database()') : trusted(`current_setting('${targetSetting}')`)
}

function jobName({ schema, name, database }: JobId): Sql {
  const text = `fdwsync ${qualified(schema, name)}`
  if (database !== undefined) {
    const job = sql`format('fdwsync %I.%s', ${targetOf({ schema, name, database, kind: 'scheduledJob' })}, ${literal(qualified(schema, name))})`
    return sql`(SELECT CASE WHEN octet_length(job) > ${trusted(String(longestName))} THEN 'fdwsync ' || md5(job) ELSE job END FROM ${job} AS job)`
  }
  const isShort = Buffer.byteLength(text) <= longestName
  return literal(isShort ? text : `fdwsync ${createHash('md5').update(text).digest('hex')}`)
}

/** A function cannot set a timeout for the statement that calls it, so the command sets it before. */
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

function declaredExtension({ extensions = {}, cron }: Pick<Manifest, 'extensions' | 'cron'>) {
  return cron === undefined && 'pg_cron' in extensions ? [keyOf({ kind: 'extension', name: 'pg_cron' })] : []
}
