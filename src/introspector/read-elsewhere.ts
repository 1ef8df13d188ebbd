// Reads objects that are in another database of the target's server, over a connection of its own.

import { FdwsyncError } from '../core/errors.ts'
import type { ObjectId } from '../core/object.ts'
import { literal, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { begin } from '../db/transaction.ts'
import { type AnyKind, type CatalogRow, targetSetting, type Unreadable } from '../kinds/kind.ts'
import { readingPath } from './transaction-settings.ts'

export type RowWithId = CatalogRow<unknown> & { readonly id: ObjectId }

/** `absent`: the table that the objects are in does not exist. */
export type StateElsewhere = { readonly is: 'usable' | 'absent' } | ({ readonly is: 'unusable' } & Unreadable)

/** Whether this role can read and change the objects of a kind in a database. */
export function readStateElsewhere(session: Session, kind: AnyKind, database: string): Promise<StateElsewhere> {
  return ifReachable(session, database, (there) => stateOf(there, kind))
}

/** The rows of a kind's catalog query for ids in one database. If that cannot be read, each is unreadable. */
export async function readElsewhere(
  session: Session,
  kind: AnyKind,
  database: string,
  ids: readonly ObjectId[],
): Promise<readonly RowWithId[]> {
  const found = await ifReachable(session, database, async (there) => {
    const state = await stateOf(there, kind)
    if (state.is !== 'usable') return state
    return { is: 'read', rows: await there.query<RowWithId>(kind.catalogQuery, [JSON.stringify(ids)]) } as const
  })
  switch (found.is) {
    case 'read':
      return found.rows
    case 'absent':
    case 'usable':
      return []
    case 'unusable': {
      const { reason, hint } = found
      return ids.map((id) => ({ id, oid: 0, spec: kind.elsewhere?.unreadable({ reason, hint }) }))
    }
  }
}

/** Opens a transaction for statements about the target, under the path of catalog queries, and commits it. */
export async function inDatabase<Result>(
  session: Session,
  database: string,
  work: (there: Session) => Promise<Result>,
): Promise<Result> {
  const there = await session.beside(database, 'schedule')
  try {
    await begin(there)
    await there.run(
      sql`${readingPath}; SELECT set_config('${trusted(targetSetting)}', ${literal(session.database)}, true)`,
    )
    const result = await work(there)
    await there.run(trusted('COMMIT'))
    return result
  } finally {
    await there.close()
  }
}

/** A database that does not exist has no objects. One that cannot be reached may have some. */
async function ifReachable<Result>(
  session: Session,
  database: string,
  work: (there: Session) => Promise<Result>,
): Promise<Result | StateElsewhere> {
  const [found] = await session.query<{ exists: boolean }>(
    trusted('SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) $1) AS exists'),
    [database],
  )
  if (!found?.exists) return { is: 'absent' }
  try {
    return await inDatabase(session, database, work)
  } catch (error) {
    const [problem] = error instanceof FdwsyncError ? error.problems : []
    if (problem?.code !== 'connection/refused' && problem?.code !== 'connection/timeout') throw error
    return { is: 'unusable', reason: problem.message, hint: problem.hint ?? '' }
  }
}

async function stateOf(there: Session, { catalog, elsewhere }: AnyKind): Promise<StateElsewhere> {
  const [schema, table] = catalog.split('.')
  const [found] = await there.query<{ exists: boolean }>(
    trusted(
      'SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = $2) AS exists',
    ),
    [schema, table],
  )
  if (!found?.exists || !elsewhere) return { is: 'absent' }
  const [obstacle] = await there.query<Unreadable>(elsewhere.obstacleQuery)
  return obstacle ? { is: 'unusable', ...obstacle } : { is: 'usable' }
}
