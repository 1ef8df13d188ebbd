// Watches the loads of a refresh from a session of its own: their progress, and whether they wait for a lock of another session.

import { setTimeout as wait } from 'node:timers/promises'
import type { ApplyEvent } from '../core/event.ts'
import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Connect } from '../db/connect.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import type { Copy } from './strategies/strategy.ts'

export interface LoadMonitor {
  /** Watches a load until the returned function is called. */
  watch(pid: number, copies: readonly Copy[], lastMilliseconds: number | undefined): () => void
  /** Ends the watch. It never fails, since a refresh does not depend on it. */
  close(): Promise<void>
}

interface Watched {
  readonly key: Key
  readonly title: string
  readonly started: number
  readonly lastMilliseconds: number | undefined
}

interface Row {
  readonly pid: number
  readonly index: string | null
  readonly rows: string | null
  readonly holder: string | null
}

// PostgreSQL reports the progress of the indexes that a REFRESH rebuilds, but none of the rows that its query returns.
const progressQuery = trusted(`
  SELECT a.pid, p.index_relid::regclass::text AS index, nullif(p.tuples_done, 0)::text AS rows,
         CASE WHEN a.wait_event_type = 'Lock' THEN
           (SELECT string_agg(format('process %s (%s)', b.pid, concat_ws(', ', b.usename, nullif(b.application_name, ''))), '; ')
              FROM pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(a.pid))) END AS holder
    FROM pg_stat_activity a LEFT JOIN pg_stat_progress_create_index p USING (pid) WHERE a.pid = ANY ($1::int[])`)

/** The first query is sent after this interval, so that short refreshes cost nothing. */
const everyMilliseconds = 2000

export function loadMonitor(connect: Connect, emit: (event: ApplyEvent) => void): LoadMonitor {
  const watched = new Map<number, Watched>()
  const ended = new AbortController()
  const watching = look().catch(() => {})
  return {
    watch(pid, copies, lastMilliseconds) {
      const [copy] = copies
      if (copy) watched.set(pid, { key: copy.key, title: copy.title, started: performance.now(), lastMilliseconds })
      return () => watched.delete(pid)
    },
    async close() {
      ended.abort()
      await watching
    },
  }

  async function look(): Promise<void> {
    for (;;) {
      await wait(everyMilliseconds, undefined, { signal: ended.signal, ref: false })
      const long = [...watched].filter(([, { started }]) => performance.now() - started >= everyMilliseconds)
      if (long.length === 0) continue
      const rows = await readProgress(long.map(([pid]) => pid)).catch(() => [])
      for (const row of rows) {
        const load = watched.get(row.pid)
        if (load) emit(progressOf(load, row))
      }
    }
  }

  async function readProgress(pids: readonly number[]): Promise<readonly Row[]> {
    const session = await connect('watch')
    try {
      return await inReadOnlyTransaction(session, () => session.query<Row>(progressQuery, [pids]))
    } finally {
      await session.close()
    }
  }
}

function progressOf({ key, title, started, lastMilliseconds }: Watched, { index, rows, holder }: Row): ApplyEvent {
  return {
    type: 'progress',
    stage: 'populate',
    key,
    title,
    milliseconds: performance.now() - started,
    ...(lastMilliseconds !== undefined && { lastMilliseconds }),
    ...(index !== null && { index }),
    ...(rows !== null && { rows: Number(rows) }),
    ...(holder !== null && { waitsFor: holder }),
  }
}
