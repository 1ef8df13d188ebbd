// Pairs of a source and a target: their settings, and which majors a run has.

import pg from 'pg'
import type { ServerPair, TestServer } from './provided.ts'

export type Role = 'source' | 'target'

/** Servers of one kind, and how to stop them. */
export interface StartedPairs {
  readonly pairs: readonly ServerPair[]
  stop(): Promise<void>
}

/** The majors that fdwsync supports as a target. */
export const supportedMajors: readonly number[] = [14, 15, 16, 17, 18]

/** It would start a worker in each of many short-lived databases. */
const withoutAutovacuum = { autovacuum: 'off' }

/** For what tests look for in a target's log or statistics. Tests that look for statements turn on their logging themselves, since it is slow. */
const targetSettings: Readonly<Record<string, string>> = {
  log_lock_waits: 'on',
  deadlock_timeout: '1s',
  max_connections: '100',
  track_activity_query_size: '16384',
}

/** Loaded, but counting only where a test turns it on. */
const statistics: Readonly<Record<string, string>> = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'none',
  compute_query_id: 'off',
}

export function settingsOf(role: Role, hasStatistics: boolean): Readonly<Record<string, string>> {
  if (role === 'source') return withoutAutovacuum
  return { ...withoutAutovacuum, ...targetSettings, ...(hasStatistics && statistics) }
}

/** Whether this run's majors were asked for by name: then every test runs on each of them. */
export function hasChosenMajors(): boolean {
  return Boolean(process.env.FDWSYNC_TEST_MAJORS)
}

/** FDWSYNC_TEST_MAJORS: a list, `newest` or `all`. By default the newest and the oldest of those that can be had. */
export function wantedMajors(available: readonly number[]): readonly number[] {
  const supported = supportedMajors.filter((major) => available.includes(major))
  const asked = process.env.FDWSYNC_TEST_MAJORS ?? ''
  if (supported.length === 0) throw new Error('there is no PostgreSQL server of a major that fdwsync supports')
  if (asked === 'all') return supported.toReversed()
  if (asked === 'newest') return [Math.max(...supported)]
  const wanted = asked === '' ? [Math.max(...supported), Math.min(...supported)] : asked.split(',').map(Number)
  const missing = wanted.filter((major) => !available.includes(major))
  if (missing.length > 0) {
    throw new Error(`FDWSYNC_TEST_MAJORS asks for ${missing.join(', ')}, and there is only ${available.join(', ')}`)
  }
  return [...new Set(wanted)]
}

/** Asks a server for its version. */
export async function describeServer(server: Omit<TestServer, 'major' | 'version'>): Promise<TestServer> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    const { rows } = await client.query<{ version: string; major: number }>(
      `SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
              current_setting('server_version_num')::int / 10000 AS major`,
    )
    const [row] = rows
    if (!row) throw new Error('a SELECT without rows')
    return { ...server, ...row }
  } finally {
    await client.end()
  }
}

export function pairOf(source: TestServer, target: TestServer): ServerPair {
  const name = source.major === target.major ? `${target.major}` : `${source.major} → ${target.major}`
  return { name, major: target.major, source, target }
}
