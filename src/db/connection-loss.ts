// Notices that a connection is lost, and distinguishes that from errors that only look like it.

import { type Hidden, redact } from '../core/redaction.ts'
import { ConnectionLostError, DatabaseError, isServerError } from './database-error.ts'

export interface ConnectionLoss {
  /** Resolves once the connection is lost. */
  readonly lost: Promise<Error>
  error(): ConnectionLostError | undefined
  /** The first reason counts, unless the server has given one itself. */
  lose(reason: string): void
  /** The end of the connection that follows is then reported for this reason. */
  noteTermination(error: unknown): void
  /** Returns the error to report for an error of the driver. */
  translated(error: unknown): Promise<unknown>
}

/**
 * SQLSTATEs with which the server ends a connection: terminated or shut down, crash of another process, database dropped,
 * and the timeouts of idle sessions, idle transactions and transactions.
 */
const terminationCodes: ReadonlySet<string> = new Set(['57P01', '57P02', '57P04', '57P05', '25P03', '25P04'])

const terminationMilliseconds = 1000

/** @param name of what it is a connection to */
export function connectionLoss(name: string, hidden: readonly Hidden[]): ConnectionLoss {
  let resolveLost: (error: Error) => void = () => {}
  const lost = new Promise<Error>((resolve) => {
    resolveLost = resolve
  })
  let loss: ConnectionLostError | undefined
  let terminationReason: string | undefined

  function noteTermination(error: unknown): void {
    if (isServerError(error) && terminationCodes.has(error.code)) terminationReason = error.message
  }

  return {
    lost,
    error: () => loss,
    lose(reason) {
      if (loss) return
      loss = new ConnectionLostError({
        code: 'connection/lost',
        message: `the connection to ${name} was lost: ${redact(terminationReason ?? reason, hidden)}`,
        hint: 'Check the server and the network, then run the command again.',
      })
      resolveLost(loss)
    },
    noteTermination,
    async translated(error) {
      if (loss || !isServerError(error)) return loss ?? error
      // A wrapper passes on the SQLSTATE of the source's error, so it may be the source that ended a connection. If it was this
      // server, the end of this connection follows at once. (The severity FATAL is translated text, so it cannot be checked.)
      if (terminationCodes.has(error.code)) {
        noteTermination(error)
        await atMost(terminationMilliseconds, lost)
        terminationReason = undefined
      }
      return loss ?? new DatabaseError(error, hidden)
    },
  }
}

/** Waits for the work, but not longer than that. A timer left behind would keep the process alive. */
export async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work, deadline]).finally(() => clearTimeout(timer))
}
