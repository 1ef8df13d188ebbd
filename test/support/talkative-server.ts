// A server that logs everything, so that a test can search its log for secrets, and sessions without the rest of fdwsync.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Secret } from '../../src/core/secret.ts'
import { trusted } from '../../src/core/sql.ts'
import { openSession, type Session } from '../../src/db/session.ts'
import { connectionSettings } from '../../src/db/settings.ts'
import {
  type Binaries,
  findBinaries,
  hasLibrary,
  startThrowawayServer,
  type ThrowawayServer,
} from '../../src/demo/server/server.ts'
import { wantedMajors } from '../servers/pair.ts'

export { sleep }

/** One of each major version that is asked for, as far as it is installed; the newest first. */
export const majors: readonly Binaries[] = installed(findBinaries())

function installed(found: readonly Binaries[]): readonly Binaries[] {
  if (found.length === 0) return []
  return wantedMajors(found.map(({ major }) => major)).flatMap(
    (major) => found.find((one) => one.major === major) ?? [],
  )
}

/** A server that logs all that it can, except nested statements. */
export function startTalkativeServer(binaries: Binaries): Promise<ThrowawayServer> {
  return startThrowawayServer({
    binaries,
    settings: {
      log_statement: 'all',
      log_min_duration_statement: '0',
      log_lock_waits: 'on',
      log_connections: 'on',
      deadlock_timeout: '100ms',
      ...(hasLibrary(binaries, 'pg_stat_statements') && { shared_preload_libraries: 'pg_stat_statements' }),
    },
  })
}

export function settingsFor(url: string, env: Readonly<Record<string, string | undefined>> = {}) {
  return connectionSettings({ database: url, env, readFile: () => undefined })
}

export function open(url: string, secrets: readonly Secret[] = [], env = {}): Promise<Session> {
  return openSession(settingsFor(url, env), { purpose: 'test', secrets })
}

/** The server's log since the last call. */
export function logReader(file: string): () => string {
  let read = 0
  return () => {
    const log = readFileSync(file)
    const news = log.subarray(read).toString()
    read = log.length
    return news
  }
}

/** The lines that reveal the secret of a test: any spelling of it contains this word. */
export function traces(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.includes('canary'))
}

/** Resolves when a session sleeps in `pg_sleep`: what ends a statement has no effect before it has begun. */
export async function asleep(observer: Session, { processId }: Session): Promise<void> {
  const query = trusted("SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'")
  while ((await observer.query(query, [processId])).length === 0) await sleep(10)
}

/** Resolves when some other session waits for a lock. */
export async function lockWait(session: Session): Promise<void> {
  for (;;) {
    const waiting = await session.query(trusted("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
    if (waiting.length > 0) return
    await sleep(10)
  }
}
