// The lowest layer of a session: sends statements one at a time, and waits until the server is ready for another.

import { finished } from 'node:stream/promises'
import type { Client, QueryResult, TransactionStatus } from 'pg'
import type { Notice } from '../core/notice.ts'
import type { Hidden } from '../core/redaction.ts'
import type { Sql } from '../core/sql.ts'
import type { OpenClient } from './client.ts'
import { atMost, type ConnectionLoss, connectionLoss } from './connection-loss.ts'
import { collectNotices } from './notices.ts'

/** One connection of the driver. */
export interface Wire {
  /** Without parameters the text may have several statements; the answer is that to the last. */
  send(text: Sql, parameters?: readonly unknown[]): Promise<Answer>
  /** See {@link Session.pipeline}. */
  pipeline(texts: readonly Sql[], onFinished: (at: number) => void): Promise<void>
  copyIn(text: Sql, data: Buffer): Promise<void>
  /** The state after the last answer: idle, in a transaction, or in a failed one. */
  transactionStatus(): TransactionStatus
  readonly lost: Promise<Error>
  isLost(): boolean
  /** Whether nothing runs on it, no transaction is open, and it is not known to be lost. */
  isFree(): boolean
  abandon(reason: string): void
  /** The notices of the server since the last call. */
  takeNotices(): readonly Notice[]
  close(): Promise<void>
}

/** What the server has answered to a statement. */
export interface Answer {
  readonly rows: readonly unknown[]
  /** How many rows it has returned or written; undefined for a statement that does neither. */
  readonly count: number | undefined
}

const closeMilliseconds = 2000

export function wireOf({ client }: OpenClient, name: string, hidden: readonly Hidden[]): Wire {
  const loss = connectionLoss(name, hidden)
  const notices = collectNotices(hidden)
  const queue = queueOf(loss, readinessOf(client, loss.lost))

  function lose(reason: string): void {
    if (!queue.isClosed()) loss.lose(reason)
  }
  client.on('notice', notices.add)
  client.on('error', (error) => lose(error.message))
  client.on('end', () => lose('the server closed it'))

  return {
    send: (text, parameters) => queue.run(() => sent(client, text, parameters)),
    pipeline: (texts, onFinished) => queue.run(() => pipelined(client, texts, onFinished, loss.noteTermination)),
    copyIn: (text, data) => queue.run(() => copied(client, text, data)),
    transactionStatus: () => client.getTransactionStatus(),
    lost: loss.lost,
    isLost: () => loss.error() !== undefined,
    takeNotices: notices.take,
    isFree: () => !loss.error() && !queue.isClosed() && !queue.isRunning() && client.getTransactionStatus() === 'I',
    abandon(reason) {
      lose(reason)
      client.connection.stream.destroy()
    },
    async close() {
      // A running statement cannot be ended gracefully, so the connection is cut.
      if (queue.isRunning()) lose('it was closed while a statement was running')
      queue.close()
      if (!loss.error()) await atMost(closeMilliseconds, client.end())
      client.connection.stream.destroy()
    },
  }
}

interface Queue {
  /** Does the work once all work before it is done. */
  run<T>(work: () => Promise<T>): Promise<T>
  isRunning(): boolean
  /** Refuses all further work. */
  close(): void
  isClosed(): boolean
}

/** The driver has a queue of its own, but has deprecated it. */
function queueOf(loss: ConnectionLoss, readiness: Readiness): Queue {
  let closed = false
  let running = false
  let last: Promise<unknown> = Promise.resolve()

  async function runNow<T>(work: () => Promise<T>): Promise<T> {
    const lost = loss.error()
    if (lost) throw lost
    if (closed) throw new Error('the session is closed')
    running = true
    readiness.begin()
    try {
      return await work()
    } catch (error) {
      loss.noteTermination(error)
      await readiness.ready()
      throw await loss.translated(error)
    } finally {
      running = false
    }
  }

  return {
    run(work) {
      const result = last.then(() => runNow(work))
      last = result.catch(() => {})
      return result
    },
    isRunning: () => running,
    close() {
      closed = true
    },
    isClosed: () => closed,
  }
}

interface Readiness {
  /** A statement is about to be sent. */
  begin(): void
  /** The server is ready for another statement, or the connection is lost. */
  ready(): Promise<void>
}

/** The driver reports an error before the server has ended the transaction and is ready for another statement. */
function readinessOf(client: OpenClient['client'], lost: Promise<Error>): Readiness {
  let isReady = true
  let onReady: () => void = () => {}
  client.on('drain', () => {
    isReady = true
    onReady()
  })
  return {
    begin() {
      isReady = false
    },
    async ready() {
      if (isReady) return
      const readied = new Promise<void>((resolve) => {
        onReady = resolve
      })
      await Promise.race([lost, readied])
    },
  }
}

async function sent(client: Client, text: Sql, parameters: readonly unknown[] | undefined): Promise<Answer> {
  // For several statements the driver returns an array, which its types omit.
  const results: QueryResult | QueryResult[] = await client.query(text, parameters && [...parameters])
  const result = Array.isArray(results) ? results.at(-1) : results
  return { rows: result?.rows ?? [], count: result?.rowCount ?? undefined }
}

async function copied(client: Client, text: Sql, data: Buffer): Promise<void> {
  const { from } = await import('pg-copy-streams')
  const stream = client.query(from(text))
  stream.end(data)
  await finished(stream)
}

/**
 * The pipeline mode of the driver is on only for these statements, since the driver refuses COPY in it. In its types the property
 * is a constant.
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
        // Later errors only repeat that the transaction has failed.
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
