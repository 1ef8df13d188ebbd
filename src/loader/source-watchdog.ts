// Watches the sources of a load: one that does not answer, or stops answering, must not keep a load waiting for
// hours.
//
// PostgreSQL itself can wait for a source without a limit. A source that accepts connections but never answers has no
// timeout on 16 and later, where postgres_fdw ignores connect_timeout. On 14 and 15 neither statement_timeout nor a
// cancel request interrupts connecting. A connection that goes silent later is given up by TCP after hours. So the
// client has a deadline.

import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { groupBy } from '../core/data.ts'
import { FdwsyncError } from '../core/errors.ts'
import { keyOf, type ObjectId, type Relation, relationKey } from '../core/object.ts'
import { ident, type Sql, sql, trusted } from '../core/sql.ts'
import { DeadlineError, interruptible, withDeadline } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import { interruption } from '../db/interruption.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, planLimits } from '../db/transaction.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { inReadOnlyTransaction, readingPath } from '../introspector/transaction-settings.ts'
import { sourceViewOf } from '../kinds/facets/copy/source-view.ts'
import type { ConnectivityProbe } from '../kinds/kind.ts'
import { kindOf } from '../kinds/registry.ts'
import { explainSourceError, sourceErrorText } from '../sources/source-error.ts'
import { commitWithWatchdog } from './commit-watchdog.ts'
import { oncePerRun } from './once-per-run.ts'
import { seenRepeatedly, sourcesWaitingFor, waitsForItself } from './self-wait.ts'
import type { ServerLimits } from './server-limits.ts'

export interface SourceWatchdog {
  /**
   * Runs a load when all its sources answer, and ends it when one stops answering.
   * @param pid the backend that runs the transaction
   * @throws FdwsyncError naming the source that does not answer; then the session may be lost
   */
  load<T>(session: Session, pid: number, sources: readonly ConnectivityProbe[], load: () => Promise<T>): Promise<T>
  /**
   * Commits the load, unless a source delays the COMMIT for too long. `pid` is the backend that runs the transaction.
   * @param statements COMMIT, and what is sent with it
   */
  commit(session: Session, pid: number, statements: Sql): Promise<void>
}

// One foreign table for each server that each copy reads, directly or through plain views, such as that of a table. Not through materialized
// views: their data is here already.
const foreignTablesQuery: Sql = trusted(`
  WITH RECURSIVE read(schema, name, oid) AS (
    SELECT loaded.schema, loaded.name, c.oid
      FROM pg_catalog.jsonb_to_recordset($1) AS loaded(schema text, name text, source_schema text, source_name text)
      JOIN pg_catalog.pg_namespace n ON n.nspname IN (loaded.schema, loaded.source_schema)
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
       AND (n.nspname, c.relname) IN ((loaded.schema, loaded.name), (loaded.source_schema, loaded.source_name))
    UNION
    SELECT read.schema, read.name, d.refobjid
      FROM read
      JOIN pg_catalog.pg_rewrite r ON r.ev_class = read.oid
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'f')
  )
  SELECT DISTINCT ON (read.schema, read.name, t.ftserver) read.schema, read.name,
         pg_catalog.jsonb_build_object('kind', 'foreignTable', 'schema', n.nspname, 'name', c.relname) AS id
    FROM read JOIN pg_catalog.pg_foreign_table t ON t.ftrelid = read.oid
    JOIN pg_catalog.pg_class c ON c.oid = read.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`)

export interface WatchdogOptions {
  readonly connect: Connect
  /** How long a source may take to answer. */
  readonly timeoutMilliseconds: number
  readonly signal: AbortSignal
  readonly limits: ServerLimits
}

/** Connects to each source once before the first load that reads it, and checks it again during loads. */
export function sourceWatchdog(options: WatchdogOptions): SourceWatchdog {
  const connected = new Map<string, Promise<void>>()
  return {
    async load(session, pid, sources, load) {
      for (const each of sources) {
        const connecting = connected.get(each.source) ?? requireAnswer(options, each)
        connected.set(each.source, connecting)
        await connecting
      }
      return sources.length === 0 ? load() : loadWithWatchdog(options, { sources, pid }, session, load)
    },
    commit: (session, pid, statements) => commitWithWatchdog(options.connect, session, pid, statements),
  }
}

/** The sources of each view, by `relationKey`. */
export type SourcesOfViews = ReadonlyMap<string, readonly ConnectivityProbe[]>

/**
 * Looks up what views read, on the session whose transaction may have created them. It leaves the transaction under the reading path.
 */
export async function readSources(session: Session, views: readonly Relation[]): Promise<SourcesOfViews> {
  // Under the database's own path, an operator that a user has created could hide the built-in one.
  await session.run(readingPath)
  const rows = await session.query<{ schema: string; name: string; id: ObjectId }>(foreignTablesQuery, [
    JSON.stringify(
      views.map((view) => {
        const source = sourceViewOf(view)
        return { schema: view.schema, name: view.name, source_schema: source.schema, source_name: source.name }
      }),
    ),
  ])
  if (rows.length === 0) return new Map()
  const ids = rows.map(({ id }) => id)
  const { live } = await readCatalog(session, ids, '')
  const probes = new Map(
    Array.from(live, ([key, { id, spec }]) => [key, kindOf(id).connectivityProbe?.(id, spec)] as const),
  )
  return new Map(
    Array.from(
      groupBy(rows, ({ schema, name }) => relationKey(schema, name)),
      ([view, tables]) => [view, tables.flatMap(({ id }) => probes.get(keyOf(id)) ?? [])],
    ),
  )
}

/** The sources of a view, looked up on the session that is about to load it, in a transaction of their own. */
export type SourcesOf = (session: Session, view: Relation) => Promise<readonly ConnectivityProbe[]>

/** Looks up each view by itself, for when what they read is replaced between loads. */
export const sourcesOfEach: SourcesOf = async (session, view) => {
  const found = await inReadOnlyTransaction(session, () => readSources(session, [view]))
  return [...found.values()].flat()
}

/** Looks up once what all of the views read. */
export function sourcesOfAll(views: readonly Relation[]): SourcesOf {
  const read = oncePerRun((session) => inReadOnlyTransaction(session, () => readSources(session, views)))
  return async (session, { schema, name }) => (await read(session)).get(relationKey(schema, name)) ?? []
}

async function requireAnswer(options: WatchdogOptions, source: ConnectivityProbe): Promise<void> {
  const { signal } = options
  try {
    await connectToSource(options, source)
  } catch (error) {
    if (signal.aborted) throw interruption(signal)
    // A source that answered, even with a refusal, is alive. What it refuses need not affect the load, which may run as
    // another role with another user mapping.
    if (isDatabaseError(error) && explainSourceError(error).kind !== 'unreachable') return
    const reason = isDatabaseError(error)
      ? sourceErrorText(error)
      : error instanceof Error
        ? error.message
        : String(error)
    throw new FdwsyncError({
      code: 'source/unreachable',
      message: `the source of server ${source.source} cannot be reached: ${reason}`,
      hint: `${isDatabaseError(error) ? `${explainSourceError(error).hint} ` : ''}Only loading data needs the source. Apply or refresh again when it answers.`,
    })
  }
}

/** Has the server connect to the source, on a session of its own. */
async function connectToSource(
  { connect, timeoutMilliseconds, signal }: WatchdogOptions,
  probe: ConnectivityProbe,
): Promise<void> {
  const secrets = probe.standIn('').flatMap((statement) => statement.secrets)
  const session = await connect('source', secrets)
  try {
    await interruptible(session, signal, () =>
      withDeadline(session, timeoutMilliseconds, `connecting to the source of server ${probe.source}`, () =>
        runProbe(session, probe),
      ),
    )
  } finally {
    await session.close()
  }
}

async function runProbe(session: Session, { statement, standIn }: ConnectivityProbe): Promise<void> {
  try {
    await session.execute(statement)
  } catch (error) {
    if (!isDatabaseError(error) || !isUndefinedTable(error)) throw error
    // This session does not see the foreign table: the transaction of the load has just created it.
    const scratch = `fdwsync_probe_${randomBytes(6).toString('hex')}`
    const begin = beginStatement(session.serverVersion, { limitMilliseconds: planLimits })
    await session.run(sql`${begin}; CREATE SCHEMA ${ident(scratch)}`)
    for (const each of standIn(scratch)) await session.execute(each)
    await session.run(trusted('ROLLBACK'))
  }
}

/** The table or its schema does not exist. */
function isUndefinedTable({ sqlstate }: DatabaseError): boolean {
  return sqlstate === '42P01' || sqlstate === '3F000'
}

const lockPollMilliseconds = 2000

/**
 * Loads, and checks at intervals whether the sources still answer. A source that refuses a connection is alive, and
 * the load goes on. One that twice does not answer will not answer on the load's connection either: the load is
 * ended. So is a load that waits for itself.
 */
async function loadWithWatchdog<T>(
  options: WatchdogOptions,
  { sources, pid }: { readonly sources: readonly ConnectivityProbe[]; readonly pid: number },
  session: Session,
  load: () => Promise<T>,
): Promise<T> {
  const finished = new AbortController()
  const signal = AbortSignal.any([finished.signal, options.signal])
  let reason: FdwsyncError | undefined
  const watching = [watchAnswers(), watchLocks()].map((each) => each.catch(() => {}))
  try {
    return await load()
  } catch (error) {
    throw reason ?? error
  } finally {
    finished.abort()
    // A cancel request that is still under way would hit the next statement.
    await Promise.all(watching)
  }

  async function watchLocks(): Promise<void> {
    const servers = sources.map(({ source }) => source)
    const findItself = seenRepeatedly(3)
    for (;;) {
      await wait(lockPollMilliseconds, undefined, { signal, ref: false })
      const itself = findItself(await sourcesWaitingFor(options.connect, pid, servers).catch(() => []))
      if (itself === undefined) continue
      reason = waitsForItself(itself, 'waits for a lock that it holds')
      return session.cancel()
    }
  }

  async function watchAnswers(): Promise<void> {
    for (;;) {
      await wait(options.timeoutMilliseconds, undefined, { signal, ref: false })
      const source = await firstUnresponsive({ ...options, signal }, sources)
      if (source === undefined) continue
      reason = new FdwsyncError({
        code: 'source/unresponsive',
        message: `the source of server ${source} no longer answers`,
        hint: 'Readers still have the data of the last load. Apply or refresh again when the source answers.',
      })
      await session.cancel().catch(() => {})
      // A cancelled backend waits up to another minute for the source. Give up the connection instead.
      return session.abandon('its source no longer answers')
    }
  }
}

/** The first source that exceeds the deadline twice in a row. */
async function firstUnresponsive(
  options: WatchdogOptions,
  sources: readonly ConnectivityProbe[],
): Promise<string | undefined> {
  for (const each of sources) {
    // If the loads have all connections that the server may have, it is not asked.
    if (!options.limits.take([each.source])) continue
    try {
      if ((await exceedsDeadline(options, each)) && (await exceedsDeadline(options, each))) return each.source
    } finally {
      options.limits.giveBack([each.source])
    }
  }
  return undefined
}

function exceedsDeadline(options: WatchdogOptions, source: ConnectivityProbe): Promise<boolean> {
  return connectToSource(options, source).then(
    () => false,
    (error: unknown) => error instanceof DeadlineError,
  )
}
