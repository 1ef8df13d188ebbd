// COMMIT with a certain outcome: if the connection is lost during COMMIT, the ledger decides whether it happened. The transaction
// has written a row that exists only if it did.

import { setTimeout as wait } from 'node:timers/promises'
import { trusted } from '../core/sql.ts'
import type { Connect } from '../db/connect.ts'
import { isConnectionLost } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { type CommitMarker, isRecorded } from '../ledger/write.ts'
import { CommitOutcomeUnknown, commitWithWatchdog } from '../loader/commit-watchdog.ts'
import type { ApplyContext } from './context.ts'

const attempts = 40
const pauseMilliseconds = 250

/**
 * @param pid the backend that runs the transaction
 * @throws FdwsyncError if the transaction was rolled back, because a source did not answer for example
 * @throws CommitOutcomeUnknown if the server cannot be asked after the connection was lost
 */
export async function commit(
  { connect }: Pick<ApplyContext, 'connect'>,
  session: Session,
  pid: number,
  proof: CommitMarker,
): Promise<void> {
  try {
    await commitWithWatchdog(connect, session, pid, trusted('COMMIT'))
  } catch (error) {
    if (!isConnectionLost(error)) throw error
    if (!(await wasCommitted(connect, pid, proof))) throw error
  }
}

async function wasCommitted(connect: Connect, pid: number, proof: CommitMarker): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const answer = await askServer(connect, pid, proof).catch(() => undefined)
    if (answer !== undefined) return answer
    if (attempt === attempts) break
    await wait(pauseMilliseconds)
  }
  throw new CommitOutcomeUnknown({
    code: 'plan/unknown-outcome',
    message: 'the connection was lost during COMMIT, and the server could not be asked whether it succeeded',
    hint: 'Either all of it was committed or nothing. Plan again when the server is available.',
  })
}

/** Undefined while the lost connection's backend is still running: it may still commit. */
async function askServer(connect: Connect, pid: number, proof: CommitMarker): Promise<boolean | undefined> {
  const session = await connect('settle')
  try {
    return (await isRunning(session, pid)) ? undefined : await isRecorded(session, proof)
  } finally {
    await session.close()
  }
}

async function isRunning(session: Session, pid: number): Promise<boolean> {
  const rows = await session.query(trusted('SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = $1'), [pid])
  return rows.length > 0
}
