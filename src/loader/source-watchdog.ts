import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { FdwsyncError } from '../core/errors.ts'
import type { ObjectId, Relation } from '../core/object.ts'
import { ident, type Sql, sql, trusted } from '../core/sql.ts'
import { DeadlineError, interruptible, interruption, withDeadline } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import type { ConnectivityProbe } from '../kinds/kind.ts'
import { kindOf } from '../kinds/registry.ts'
import { commitWithWatchdog } from './commit-watchdog.ts'

/** The sources that an apply or a refresh loads from. */
export interface SourceWatchdog {
  /**
   * Runs what loads a view, once its sources answer and for as long as they do; each is asked once before. It looks for the view on
   * the given session, which may have made it in its own transaction, and changes the search_path there.
   * @throws FdwsyncError naming the source that does not answer; the session may be lost then
   */
  load<T>(session: Session, view: Relation, load: () => Promise<T>): Promise<T>
  /** Commits what was loaded, unless a source keeps it waiting. The process is the server's that holds the transaction. */
  commit(session: Session, processId: number): Promise<void>
}

// A view may read a foreign table through other views; what another materialized view holds is here already.
const tablesBehind: Sql = trusted(`
  WITH RECURSIVE read(oid) AS (
    SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2
    UNION
    SELECT d.refobjid
      FROM read
      JOIN pg_catalog.pg_rewrite r ON r.ev_class = read.oid
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'f')
  )
  SELECT DISTINCT ON (t.ftserver)
         pg_catalog.jsonb_build_object('kind', 'foreignTable', 'schema', n.nspname, 'name', c.relname) AS id
    FROM read JOIN pg_catalog.pg_foreign_table t ON t.ftrelid = read.oid
    JOIN pg_catalog.pg_class c ON c.oid = read.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`)

/** How sources are asked. */
export interface WatchdogOptions {
  readonly connect: Connect
  readonly timeoutMilliseconds: number
  readonly signal: AbortSignal
}

/**
 * Makes sure that a source answers before something is loaded from it, and meanwhile. PostgreSQL itself may wait for ever: for a
 * source that accepts a connection and says nothing it has no timeout (16 and later ignore connect_timeout), on 14 and 15 neither
 * statement_timeout nor a cancel ends the wait, and a connection that has fallen silent is given up by TCP after hours. So a deadline
 * of our own ends it.
 */
export function sourceWatchdog(asking: WatchdogOptions): SourceWatchdog {
  const asked = new Map<string, Promise<void>>()
  return {
    async load(session, view, load) {
      const behind = await sourcesBehind(session, view)
      for (const each of behind) {
        const answer = asked.get(each.source) ?? requireAnswer(asking, each)
        asked.set(each.source, answer)
        await answer
      }
      return behind.length === 0 ? load() : loadWithWatchdog(asking, behind, session, load)
    },
    commit: (session, processId) => commitWithWatchdog(asking.connect, session, processId),
  }
}

async function sourcesBehind(session: Session, { schema, name }: Relation): Promise<readonly ConnectivityProbe[]> {
  const rows = await session.query<{ id: ObjectId }>(tablesBehind, [schema, name])
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const { live } = await readCatalog(session, ids, '')
  return Array.from(live.values(), ({ id, spec }) => kindOf(id).connectivityProbe?.(id, spec) ?? []).flat()
}

async function requireAnswer(asking: WatchdogOptions, source: ConnectivityProbe): Promise<void> {
  const { signal } = asking
  try {
    await ask(asking, source)
  } catch (error) {
    if (signal.aborted) throw interruption(signal)
    // Other errors are the load's to report: it may run as another role, with a mapping of its own.
    if (isDatabaseError(error) && !error.sqlstate.startsWith('08')) return
    const reason = error instanceof Error ? error.message : String(error)
    const detail = isDatabaseError(error) && error.detail ? ` (${error.detail.trim().split('\n')[0]})` : ''
    throw new FdwsyncError({
      code: 'source/unreachable',
      message: `the source of server ${source.source} can not be reached: ${reason}${detail}`,
      hint: 'Definitions do not need it; apply or refresh again when it answers.',
    })
  }
}

async function ask({ connect, timeoutMilliseconds, signal }: WatchdogOptions, reach: ConnectivityProbe): Promise<void> {
  const session = await connect('source')
  try {
    await interruptible(session, signal, () =>
      withDeadline(session, timeoutMilliseconds, `connecting to the source of server ${reach.source}`, () =>
        connectBy(session, reach),
      ),
    )
  } finally {
    await session.close()
  }
}

async function connectBy(session: Session, { statement, standIn }: ConnectivityProbe): Promise<void> {
  try {
    await session.execute(statement)
  } catch (error) {
    if (!isDatabaseError(error) || !isNotThere(error)) throw error
    // It is built in the load's own transaction.
    const scratch = `fdwsync_probe_${randomBytes(6).toString('hex')}`
    await session.run(sql`BEGIN; CREATE SCHEMA ${ident(scratch)}; ${standIn(scratch)}; ROLLBACK`)
  }
}

/** No such table, or no such schema. */
function isNotThere({ sqlstate }: DatabaseError): boolean {
  return sqlstate === '42P01' || sqlstate === '3F000'
}

/**
 * Loads, and looks from time to time whether the sources still answer. One that refuses a connection is alive, and what is loaded goes
 * on; one that says nothing, twice, says nothing on the load's connection either.
 */
async function loadWithWatchdog<T>(
  asking: WatchdogOptions,
  sources: readonly ConnectivityProbe[],
  session: Session,
  load: () => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  let silent: FdwsyncError | undefined
  const watching = watch().catch(() => {})
  try {
    return await load()
  } catch (error) {
    throw silent ?? error
  } finally {
    over.abort()
    // A request to cancel that is still under way would hit whatever is sent next.
    await watching
  }

  async function watch(): Promise<void> {
    const signal = AbortSignal.any([over.signal, asking.signal])
    for (;;) {
      await wait(asking.timeoutMilliseconds, undefined, { signal, ref: false })
      const source = await firstUnresponsive({ ...asking, signal }, sources)
      if (source === undefined) continue
      silent = new FdwsyncError({
        code: 'source/unresponsive',
        message: `the source of server ${source} no longer answers`,
        hint: 'What was loaded before serves on; apply or refresh again when it answers.',
      })
      await session.cancel().catch(() => {})
      // postgres_fdw gives the source another minute to take note of that; nobody needs to wait for it.
      return session.abandon('its source no longer answers')
    }
  }
}

/** The first that has let two deadlines pass. */
async function firstUnresponsive(
  asking: WatchdogOptions,
  sources: readonly ConnectivityProbe[],
): Promise<string | undefined> {
  for (const each of sources) {
    if ((await isSilent(asking, each)) && (await isSilent(asking, each))) return each.source
  }
  return undefined
}

function isSilent(asking: WatchdogOptions, source: ConnectivityProbe): Promise<boolean> {
  return ask(asking, source).then(
    () => false,
    (error: unknown) => error instanceof DeadlineError,
  )
}
