import { FdwsyncError } from '../core/errors.ts'
import type { ObjectId } from '../core/object.ts'
import { type Sql, type Statement, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { type Session, withDeadline } from '../db/session.ts'
import { readCatalog } from '../introspector/read.ts'
import { kindOf } from '../kinds/registry.ts'
import type { Connect } from './context.ts'
import { interruptible, interruption } from './interrupt.ts'

/**
 * Tells whether the sources behind a view answer, by throwing if one does not. Each source is asked once. It looks for
 * the view on the given session, which may have made it in its own transaction, and changes the search_path there.
 */
export type CheckSources = (session: Session, view: Relation) => Promise<void>

export interface Relation {
  readonly schema: string
  readonly name: string
}

// A view may read a foreign table through other views; what another materialized view holds is here already.
const tablesBehind: Sql = trusted(`
  WITH RECURSIVE read(oid) AS (
    SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2
    UNION
    SELECT d.refobjid
      FROM read
      JOIN pg_catalog.pg_rewrite r ON r.ev_class = read.oid
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'f')
  )
  SELECT DISTINCT ON (t.ftserver)
         pg_catalog.jsonb_build_object('kind', 'foreignTable', 'schema', n.nspname, 'name', c.relname) AS id
    FROM read JOIN pg_catalog.pg_foreign_table t ON t.ftrelid = read.oid
    JOIN pg_catalog.pg_class c ON c.oid = read.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`)

/**
 * Makes sure that a source answers before something is loaded from it. PostgreSQL itself may wait for ever: for a source
 * that accepts a connection and says nothing it has no timeout (16 and later ignore connect_timeout), and on 14 and 15
 * neither statement_timeout nor a cancel ends the wait. So a deadline of our own does.
 */
export function sourceChecks(connect: Connect, timeoutMilliseconds: number, signal: AbortSignal): CheckSources {
  const asked = new Map<string, Promise<void>>()
  return async (session, { schema, name }) => {
    const rows = await session.query<{ id: ObjectId }>(tablesBehind, [schema, name])
    if (rows.length === 0) return
    const { live } = await readCatalog(
      session,
      rows.map(({ id }) => id),
      '',
    )
    const sources = Array.from(live.values(), ({ id, spec }) => kindOf(id).reach?.(id, spec) ?? [])
    for (const { source, statement } of sources.flat()) {
      const answer = asked.get(source) ?? ask(connect, source, statement, timeoutMilliseconds, signal)
      asked.set(source, answer)
      await answer
    }
  }
}

async function ask(
  connect: Connect,
  source: string,
  statement: Statement,
  timeoutMilliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  const session = await connect('source')
  try {
    await interruptible(session, signal, () =>
      withDeadline(session, timeoutMilliseconds, `connecting to the source of server ${source}`, () =>
        session.execute(statement),
      ),
    )
  } catch (error) {
    if (signal.aborted) throw interruption(signal)
    // Other errors are the load's to report: it may run as another role, with a mapping of its own.
    if (isDatabaseError(error) && !error.sqlstate.startsWith('08')) return
    const reason = error instanceof Error ? error.message : String(error)
    const detail = isDatabaseError(error) && error.detail ? ` (${error.detail.trim().split('\n')[0]})` : ''
    throw new FdwsyncError({
      message: `the source of server ${source} can not be reached: ${reason}${detail}`,
      hint: 'Definitions do not need it; apply or refresh again when it answers.',
    })
  } finally {
    await session.close()
  }
}
