import { setTimeout as wait } from 'node:timers/promises'
import { trusted } from '../core/sql.ts'
import { isConnectionLost } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { type CommitMarker, isRecorded } from '../ledger/write.ts'
import { backendPid, CommitOutcomeUnknown, commitWithWatchdog, pollMilliseconds } from '../loader/commit-watchdog.ts'
import type { ApplyContext } from './context.ts'

const askAtMost = 40

/**
 * Commits. A connection that is lost meanwhile leaves it open whether that happened: the ledger knows.
 * @throws FdwsyncError if a source keeps it waiting; then it was rolled back
 */
export async function commit(
  { connect }: Pick<ApplyContext, 'connect'>,
  session: Session,
  proof: CommitMarker,
): Promise<void> {
  const processId = await backendPid(session)
  try {
    await commitWithWatchdog(connect, session, processId)
  } catch (error) {
    if (!isConnectionLost(error)) throw error
    if (!(await wasCommitted({ connect }, processId, proof))) throw error
  }
}

async function wasCommitted(
  { connect }: Pick<ApplyContext, 'connect'>,
  processId: number,
  proof: CommitMarker,
): Promise<boolean> {
  for (let asked = 1; ; asked++) {
    const answer = await ask(connect, processId, proof).catch(() => undefined)
    if (answer !== undefined) return answer
    if (asked === askAtMost) break
    await wait(pollMilliseconds)
  }
  throw new CommitOutcomeUnknown({
    code: 'plan/unknown-outcome',
    message: 'the connection was lost during COMMIT, and the server could not be asked whether it happened',
    hint: 'It is either done as a whole or not at all. Plan again when the server is back.',
  })
}

/** Undefined as long as the lost connection's process is there: it may still commit. */
async function ask(
  connect: ApplyContext['connect'],
  processId: number,
  proof: CommitMarker,
): Promise<boolean | undefined> {
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
