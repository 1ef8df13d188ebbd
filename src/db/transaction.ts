// How transactions begin: without the timeouts that a role or a database may have set for interactive use and that would end a long
// load or plan (pg_dump resets them, too), and with the messages that a role may have turned off.
import { join, literal, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from './session.ts'

export interface TransactionMode {
  readonly isolation?: 'READ COMMITTED' | 'REPEATABLE READ'
  readonly readOnly?: true
  /** How long a statement waits for a lock. Undefined: as long as it takes. */
  readonly lockTimeoutMilliseconds?: number
  /**
   * How long the server lets the transaction be idle, and from PostgreSQL 17 on how long it may take in all. For what is rolled
   * back in the end: if this process or its connection hangs, its locks are released. Undefined: without limit.
   */
  readonly limitMilliseconds?: { readonly idle: number; readonly whole: number }
}

/** The limits of transactions that are always rolled back: the probe, and others that create objects for a plan. */
export const planLimits = { idle: 60_000, whole: 30 * 60_000 } as const

export async function begin(session: Session, mode: TransactionMode = {}): Promise<void> {
  await session.run(beginStatement(session.serverVersion, mode))
}

/** Does the work in a transaction that `start` begins, and rolls it back in any case. */
export async function rolledBack<Result>(session: Session, start: Sql, work: () => Promise<Result>): Promise<Result> {
  try {
    await session.run(start)
    return await work()
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}

/** The same as {@link begin} as SQL, to be sent with the first statements of the transaction. */
export function beginStatement(serverVersion: number, mode: TransactionMode = {}): Sql {
  const { isolation = 'READ COMMITTED', readOnly } = mode
  return join(
    [
      trusted(`BEGIN ISOLATION LEVEL ${isolation}${readOnly ? ' READ ONLY' : ''}`),
      ...beginSettings(serverVersion, mode).map(([name, value]) => sql`SET LOCAL ${trusted(name)} = ${literal(value)}`),
    ],
    '; ',
  )
}

/** The settings of such a transaction. */
export function beginSettings(
  serverVersion: number,
  { lockTimeoutMilliseconds = 0, limitMilliseconds }: TransactionMode = {},
): readonly (readonly [name: string, value: string])[] {
  const { idle, whole } = limitMilliseconds ?? { idle: 0, whole: 0 }
  return [
    ['lock_timeout', String(Math.round(lockTimeoutMilliseconds))],
    ['statement_timeout', '0'],
    ['idle_in_transaction_session_timeout', String(idle)],
    ...(serverVersion >= 170_000 ? transactionTimeouts(whole) : []),
    // Some roles have it set, for pg_dump for example. Then queries may not read foreign tables or views.
    ...(hasRestrictedRelationKinds(serverVersion) ? [['restrict_nonsystem_relation_kind', ''] as const] : []),
    ['client_min_messages', 'notice'],
  ]
}

/** BEGIN has started the timer with the value of the role. Another value does not change a timer that runs: only 0 stops it. */
function transactionTimeouts(whole: number): readonly (readonly [name: string, value: string])[] {
  const values = whole > 0 ? [0, whole] : [0]
  return values.map((value) => ['transaction_timeout', String(value)])
}

/** It came with minor releases: 14.13, 15.8 and 16.4. */
function hasRestrictedRelationKinds(serverVersion: number): boolean {
  const minor = serverVersion % 10_000
  switch (Math.trunc(serverVersion / 10_000)) {
    case 14:
      return minor >= 13
    case 15:
      return minor >= 8
    case 16:
      return minor >= 4
    default:
      return serverVersion >= 170_000
  }
}
