// The lowest layer of a session: sends statements one at a time, translates the driver's errors, and notices when the connection
// is lost.

import { finished } from 'node:stream/promises'
import type { Client, TransactionStatus } from 'pg'
import type { Notice } from '../core/notice.ts'
import { type Hidden, redact } from '../core/redaction.ts'
import type { Sql } from '../core/sql.ts'
import type { OpenClient } from './client.ts'
import { ConnectionLostError, DatabaseError, isServerError } from './database-error.ts'
import { collectNotices } from './notices.ts'

/** One connection of the driver. */
export interface Wire {
  /** Returns the rows. Without parameters the text may have several statements; the rows are those of the last. */
  send(text: Sql, parameters?: readonly unknown[]): Promise<readonly unknown[]>
  /** See {@link Session.pipeline}. */
  pipeline(texts: readonly Sql[], onFinished: (at: number) => void): Promise<void>
  copyIn(text: Sql, data: Buffer): Promise<void>
  /** As of the last answer: idle, in a transaction, or in a failed one. */
  transactionStatus(): TransactionStatus
  readonly lost: Promise<Error>
  isLost(): boolean
  /** Whether nothing runs on it, no transaction is open, and it is not known to be lost. */
  isFree(): boolean
  abandon(reason: string): void
  /** What the server has reported beside its results since the last call. */
  takeNotices(): readonly Notice[]
  close(): Promise<void>
}

/**
 * SQLSTATEs with which the server ends a connection: terminated or shut down, crash of another process, database dropped,
 * and the timeouts of idle sessions, idle transactions and transactions.
 */
const terminationCodes: ReadonlySet<string> = new Set(['57P01', '57P02', '57P04', '57P05', '25P03', '25P04'])

const closeMilliseconds = 2000
const terminationMilliseconds = 1000

export function wireOf({ client }: OpenClient, name: string, hidden: readonly Hidden[]): Wire {
  let resolveLost: (error: Error) => void = () => {}
  const lost = new Promise<Error>((resolve) => {
    resolveLost = resolve
  })
  let loss: ConnectionLostError | undefined
  let closing = false
  let running = false
  // The driver reports an error before the server has ended the transaction and is ready for another statement.
  let isReady = true
  let onReady: () => void = () => {}
  let terminationReason: string | undefined
  let queue: Promise<unknown> = Promise.resolve()

  function lose(reason: string): void {
    if (loss || closing) return
    loss = new ConnectionLostError({
      code: 'connection/lost',
      message: `the connection to ${name} was lost: ${redact(terminationReason ?? reason, hidden)}`,
      hint: 'Check the server and the network, then run the command again.',
    })
    resolveLost(loss)
  }
  const notices = collectNotices(hidden)
  client.on('notice', notices.add)
  client.on('error', (error) => lose(error.message))
  client.on('end', () => lose('the server closed it'))
  client.on('drain', () => {
    isReady = true
    onReady()
  })

  function ready(): Promise<unknown> {
    if (isReady) return Promise.resolve()
    const readied = new Promise<void>((resolve) => {
      onReady = resolve
    })
    return Promise.race([lost, readied])
  }

  /** The end of the connection that follows is then reported for this reason. */
  function noteTermination(error: unknown): void {
    if (isServerError(error) && terminationCodes.has(error.code)) terminationReason = error.message
  }

  async function translated(error: unknown): Promise<unknown> {
    if (loss || !isServerError(error)) return loss ?? error
    // A wrapper passes on the SQLSTATE of the source's error, so it may be the source that ended a connection. If it was
    // this server, the end of our own connection follows at once. (The severity FATAL is
    // translated text, so it cannot be checked.)
    if (terminationCodes.has(error.code)) {
      noteTermination(error)
      await atMost(terminationMilliseconds, lost)
      terminationReason = undefined
    }
    return loss ?? new DatabaseError(error, hidden)
  }

  /** The driver has a queue of its own, but has deprecated it. */
  function enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(async () => {
      if (loss) throw loss
      if (closing) throw new Error('the session is closed')
      running = true
      isReady = false
      try {
        return await work()
      } catch (error) {
        noteTermination(error)
        await ready()
        throw await translated(error)
      } finally {
        running = false
      }
    })
    queue = result.catch(() => {})
    return result
  }

  return {
    send: (text, parameters) =>
      enqueue(async () => {
        // For several statements the driver returns an array, which its types omit.
        const result: { rows: unknown[] } | { rows: unknown[] }[] = await client.query(
          text,
          parameters && [...parameters],
        )
        return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? []
      }),
    pipeline: (texts, onFinished) => enqueue(() => pipelined(client, texts, onFinished, noteTermination)),
    copyIn: (text, data) =>
      enqueue(async () => {
        const { from } = await import('pg-copy-streams')
        const stream = client.query(from(text))
        stream.end(data)
        await finished(stream)
      }),
    transactionStatus: () => client.getTransactionStatus(),
    lost,
    isLost: () => loss !== undefined,
    takeNotices: notices.take,
    isFree: () => !loss && !closing && !running && client.getTransactionStatus() === 'I',
    abandon(reason) {
      lose(reason)
      client.connection.stream.destroy()
    },
    async close() {
      // A running statement cannot be ended gracefully, so the connection is cut.
      if (running) lose('it was closed while a statement was running')
      closing = true
      if (!loss) await atMost(closeMilliseconds, client.end())
      client.connection.stream.destroy()
    },
  }
}

/**
 * The driver's mode is on only meanwhile, since it refuses COPY in it. Its types take the property for a constant.
 * @param onError called with the first error, before the driver reads on
 */
async function pipelined(
  client: { pipeline: boolean; query: Client['query'] },
  texts: readonly Sql[],
  onFinished: (at: number) => void,
  onError: (error: Error) => void,
): Promise<void> {
  let first: Error | undefined
  const run = (text: Sql, at: number) =>
    new Promise<void>((resolve) => {
      // A callback runs before the driver reads what the next statement reports, unlike a promise.
      client.query(text, (error: Error | null) => {
        if (error && !first) onError(error)
        // What comes after the first error only repeats that the transaction has failed.
        first ??= error ?? undefined
        if (!first) onFinished(at)
        resolve()
      })
    })
  client.pipeline = true
  try {
    await Promise.all(texts.map(run))
  } finally {
    client.pipeline = false
  }
  if (first) throw first
}

/** Waits for the work, but not longer than that. A timer left behind would keep the process alive. */
async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work, deadline]).finally(() => clearTimeout(timer))
}
