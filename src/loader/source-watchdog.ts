// Watches the sources of a load: a source that does not answer, or stops answering, must not keep a load waiting for hours.
// PostgreSQL itself can wait for a source without a limit. A source that accepts connections but never answers has no timeout on 16
// and later, where postgres_fdw ignores connect_timeout. On 14 and 15 neither statement_timeout nor a cancel request interrupts
// connecting. A connection that goes silent later is given up by TCP after hours. So the client has a deadline.

import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { FdwsyncError } from '../core/errors.ts'
import { ident, type Sql, sql, trusted } from '../core/sql.ts'
import { DeadlineError, interruptible, withDeadline } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import { lacksConnections } from '../db/connection-failure.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import { interruption } from '../db/interruption.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, planLimits } from '../db/transaction.ts'
import type { ConnectivityProbe } from '../kinds/kind.ts'
import { explainSourceError, sourceErrorText } from '../sources/source-error.ts'
import { commitWithWatchdog } from './commit-watchdog.ts'
import { seenRepeatedly, sourcesWaitingFor, waitsForItself } from './self-wait.ts'
import type { ServerLimits } from './server-limits.ts'

export interface SourceWatchdog {
  /**
   * Requires that sources answer before a transaction begins on the session that will read them, which is then connected to them.
   * @throws FdwsyncError naming the source that does not answer; then the session may be lost
   */
  connect(session: Session, sources: readonly ConnectivityProbe[]): Promise<void>
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
  async function require(
    sources: readonly ConnectivityProbe[],
    connect: (source: ConnectivityProbe) => Promise<void>,
  ): Promise<void> {
    for (const each of sources) {
      const connecting = connected.get(each.source) ?? requireAnswer(options, each, () => connect(each))
      connected.set(each.source, connecting)
      await connecting.catch((error: unknown) => {
        // That proves nothing about the source: the next load asks again.
        if (lacksConnections(error)) connected.delete(each.source)
        throw error
      })
    }
  }
  return {
    connect: (session, sources) =>
      require(sources, (each) =>
        // If the number of connections is limited, this session must not keep one: the load may run as another role, which takes a
        // connection of its own.
        options.limits.isLimited(each.source) ? connectToSource(options, each) : connectOn(session, options, each)),
    async load(session, pid, sources, load) {
      await require(sources, (each) => connectToSource(options, each))
      return sources.length === 0 ? load() : loadWithWatchdog(options, { sources, pid }, session, load)
    },
    commit: (session, pid, statements) => commitWithWatchdog(options.connect, session, pid, statements),
  }
}

async function requireAnswer(
  { signal }: WatchdogOptions,
  source: ConnectivityProbe,
  connect: () => Promise<void>,
): Promise<void> {
  try {
    await connect()
  } catch (error) {
    if (signal.aborted) throw interruption(signal)
    if (lacksConnections(error)) throw error
    // A source that answered, even with a refusal, is alive. The refusal need not affect the load, which may run as another role
    // with another user mapping.
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

/** Lets the server connect to the source, on a session of its own. */
async function connectToSource(options: WatchdogOptions, probe: ConnectivityProbe): Promise<void> {
  const { connect, signal } = options
  const secrets = probe.standIn?.('').flatMap((statement) => statement.secrets) ?? []
  const session = await connect('source', secrets)
  try {
    await interruptible(session, signal, () => connectOn(session, options, probe))
  } finally {
    await session.close()
  }
}

function connectOn(
  session: Session,
  { timeoutMilliseconds }: WatchdogOptions,
  probe: ConnectivityProbe,
): Promise<void> {
  const what = `connecting to the source of server ${probe.source}`
  return withDeadline(session, timeoutMilliseconds, what, () => runProbe(session, probe))
}

async function runProbe(session: Session, { statement, standIn }: ConnectivityProbe): Promise<void> {
  try {
    await session.execute(statement)
  } catch (error) {
    if (!isDatabaseError(error) || !isUndefinedTable(error) || !standIn) throw error
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
 * Loads, and checks at intervals whether the sources still answer. A source that refuses a connection is alive, and the load goes
 * on. If a source fails to answer twice, it will not answer on the load's connection either, so the load is ended. A load that
 * waits for itself is ended, too.
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
        // A plain REFRESH keeps its lock for as long as its backend tries to cancel the query at the source.
        hint: 'The data of the last load stays. Readers of a view that was refreshed plain wait until the server gives up, too. Apply or refresh again when the source answers.',
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
    // A source whose connections are all in use by loads is not asked.
    if (options.limits.isFull([each.source])) continue
    options.limits.take([each.source])
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
