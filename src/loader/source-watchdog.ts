// Watches the sources of a load: a source that does not answer, or stops answering, must not keep a load waiting for hours.
// PostgreSQL itself can wait for a source without a limit. A source that accepts connections but never answers has no timeout on 16
// and later, where postgres_fdw ignores connect_timeout. On 14 and 15 neither statement_timeout nor a cancel request interrupts
// connecting. A connection that goes silent later is given up by TCP after hours. So the client has a deadline.

import { FdwsyncError } from '../core/errors.ts'
import { ident, type Sql, sql, trusted } from '../core/sql.ts'
import { interruptible, withDeadline } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import { lacksConnections } from '../db/connection-failure.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import { interruption } from '../db/interruption.ts'
import type { Session } from '../db/session.ts'
import { newSuffix } from '../db/suffix.ts'
import { beginStatement, planLimits } from '../db/transaction.ts'
import type { ConnectivityProbe } from '../kinds/kind.ts'
import { explainSourceError, sourceErrorText } from '../sources/source-error.ts'
import { isSilent, type SilenceWatch, whileAnswering } from '../sources/while-answering.ts'
import { commitWithWatchdog } from './commit-watchdog.ts'
import { unlessItWaitsForItself } from './self-wait.ts'
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
    const scratch = `fdwsync_probe_${newSuffix()}`
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

/** Loads as long as all sources answer, and unless the load waits for itself. */
function loadWithWatchdog<T>(
  options: WatchdogOptions,
  { sources, pid }: { readonly sources: readonly ConnectivityProbe[]; readonly pid: number },
  session: Session,
  load: () => Promise<T>,
): Promise<T> {
  const servers = sources.map(({ source }) => source)
  const watch: SilenceWatch = {
    timeoutMilliseconds: options.timeoutMilliseconds,
    findSilent: (finished) => firstSilent({ ...options, signal: AbortSignal.any([finished, options.signal]) }, sources),
    // A plain REFRESH keeps its lock for as long as its backend tries to cancel the query at the source.
    hint: 'The data of the last load stays. Readers of a view that was refreshed plain wait until the server gives up, too. Apply or refresh again when the source answers.',
  }
  return unlessItWaitsForItself(options.connect, session, { pid, servers }, () => whileAnswering(session, watch, load))
}

async function firstSilent(
  options: WatchdogOptions,
  sources: readonly ConnectivityProbe[],
): Promise<string | undefined> {
  for (const each of sources) {
    // A source whose connections are all in use by loads is not asked.
    if (options.limits.isFull([each.source])) continue
    options.limits.take([each.source])
    try {
      if (await isSilent(() => connectToSource(options, each))) return each.source
    } finally {
      options.limits.giveBack([each.source])
    }
  }
  return undefined
}
