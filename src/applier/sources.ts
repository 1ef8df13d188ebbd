import { FdwsyncError } from '../core/errors.ts'
import { idOf, type Key } from '../core/object.ts'
import type { Statement } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { withDeadline } from '../db/session.ts'
import { kindOf } from '../kinds/registry.ts'
import type { Connect, PlanInHand } from './context.ts'

/** Tells whether the sources behind an object answer, by throwing if one does not. Each source is asked once. */
export type CheckSources = (key: Key) => Promise<void>

/**
 * Makes sure that a source answers before something is loaded from it. PostgreSQL itself may wait for ever: for a source
 * that accepts a connection and says nothing it has no timeout (16 and later ignore connect_timeout), and on 14 and 15
 * neither statement_timeout nor a cancel ends the wait. So a deadline of our own does.
 */
export function sourceChecks(
  connect: Connect,
  wanted: PlanInHand['wanted'],
  timeoutMilliseconds: number,
): CheckSources {
  const asked = new Map<string, Promise<void>>()
  return async (key) => {
    for (const { source, statement } of reachable(wanted, key)) {
      const answer = asked.get(source) ?? ask(connect, source, statement, timeoutMilliseconds)
      asked.set(source, answer)
      await answer
    }
  }
}

function reachable(
  wanted: PlanInHand['wanted'],
  key: Key,
): readonly { readonly source: string; readonly statement: Statement }[] {
  const needs = wanted.get(key)?.needs ?? []
  return needs.flatMap((need) => {
    const object = wanted.get(need)
    const id = idOf(need)
    return object && id ? (kindOf(id).reach?.(id, object.spec) ?? []) : []
  })
}

async function ask(connect: Connect, source: string, statement: Statement, timeoutMilliseconds: number): Promise<void> {
  const session = await connect('source')
  try {
    await withDeadline(session, timeoutMilliseconds, `connecting to the source of server ${source}`, () =>
      session.execute(statement),
    )
  } catch (error) {
    // Other errors are the load's to report: it may run as another role, with a mapping of its own.
    if (isDatabaseError(error) && !error.sqlstate.startsWith('08')) return
    const reason = error instanceof Error ? error.message : String(error)
    throw new FdwsyncError({
      message: `the source of server ${source} can not be reached: ${reason}`,
      hint: 'Definitions do not need it; apply or refresh again when it answers.',
    })
  } finally {
    await session.close()
  }
}
