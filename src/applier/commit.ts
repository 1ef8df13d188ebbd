import { setTimeout as wait } from 'node:timers/promises'
import { FdwsyncError } from '../core/errors.ts'
import { trusted } from '../core/sql.ts'
import { isConnectionLost, isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import type { ApplyContext } from './context.ts'
import { isRecorded, type Proof } from './ledger-write.ts'

/** The connection was lost during COMMIT, and nobody could be asked whether it happened. */
export class CommitInDoubt extends FdwsyncError {}

/**
 * Commits. A connection that is lost meanwhile leaves it open whether that happened: the ledger knows.
 * @throws FdwsyncError if a source keeps it waiting; then it was rolled back
 */
export async function commit(context: Pick<ApplyContext, 'connect'>, session: Session, proof: Proof): Promise<void> {
  const watch = watchCommit(context, session.processId)
  try {
    await session.run(trusted('COMMIT'))
  } catch (error) {
    if (isCancelled(error) && (await watch.end())) throw silentSource()
    if (!isConnectionLost(error)) throw error
    if (!(await wasCommitted(context, session.processId, proof))) throw error
  } finally {
    await watch.end()
  }
}

function isCancelled(error: unknown): boolean {
  return isDatabaseError(error) && error.sqlstate === '57014'
}

const waitForSourceMilliseconds = 2000

function silentSource(): FdwsyncError {
  return new FdwsyncError({
    message: 'a source that it was loaded from no longer answers',
    hint: `What readers wait for was given back after ${waitForSourceMilliseconds / 1000} s. Apply again when the source answers.`,
  })
}

// The wait for a standby, which must not be cut short, is of another type.
const cancelWaitForSource = trusted(`
  SELECT pg_catalog.pg_cancel_backend(pid) AS cancelled FROM pg_catalog.pg_stat_activity
   WHERE pid = $1 AND wait_event_type = 'Extension'`)

/**
 * Within COMMIT postgres_fdw first ends its own transaction at the source. Where that has fallen silent it waits for as long as TCP
 * does, and with it everybody who waits for what was swapped: so it is cancelled.
 * @returns how to end the watch, which tells whether something was cancelled
 */
function watchCommit(
  { connect }: Pick<ApplyContext, 'connect'>,
  processId: number,
): { readonly end: () => Promise<boolean> } {
  let isOver = false
  let watching = Promise.resolve(false)
  const timer = setTimeout(() => {
    watching = watch().catch(() => false)
  }, waitForSourceMilliseconds)
  return {
    end() {
      isOver = true
      clearTimeout(timer)
      // A request that is still under way would hit whatever is sent next.
      return watching
    },
  }

  async function watch(): Promise<boolean> {
    const session = await connect('watch')
    try {
      while (!isOver) {
        const [row] = await session.query<{ cancelled: boolean }>(cancelWaitForSource, [processId])
        if (row?.cancelled) return true
        await wait(askEveryMilliseconds)
      }
      return false
    } finally {
      await session.close()
    }
  }
}

const askEveryMilliseconds = 250
const askAtMost = 40

async function wasCommitted(
  { connect }: Pick<ApplyContext, 'connect'>,
  processId: number,
  proof: Proof,
): Promise<boolean> {
  for (let asked = 1; ; asked++) {
    const answer = await ask(connect, processId, proof).catch(() => undefined)
    if (answer !== undefined) return answer
    if (asked === askAtMost) break
    await wait(askEveryMilliseconds)
  }
  throw new CommitInDoubt({
    message: 'the connection was lost during COMMIT, and the server could not be asked whether it happened',
    hint: 'It is either done as a whole or not at all. Plan again when the server is back.',
  })
}

/** Undefined as long as the lost connection's process is there: it may still commit. */
async function ask(connect: ApplyContext['connect'], processId: number, proof: Proof): Promise<boolean | undefined> {
  const session = await connect('settle')
  try {
    return (await isAlive(session, processId)) ? undefined : await isRecorded(session, proof)
  } finally {
    await session.close()
  }
}

async function isAlive(session: Session, processId: number): Promise<boolean> {
  const rows = await session.query(trusted('SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = $1'), [processId])
  return rows.length > 0
}
