// Sessions that report each statement once it has ended: its text without secrets, how long it took, and how many rows it returned.

import type { StatementLog } from '../core/event.ts'
import { type Hidden, redact } from '../core/redaction.ts'
import { type Sql, type Statement, withoutSecrets } from '../core/sql.ts'
import type { Connect } from './connect.ts'
import type { Session } from './session.ts'

/** @param hidden the values that the text of a statement must not show */
export function observed(connect: Connect, hidden: readonly Hidden[], report: (log: StatementLog) => void): Connect {
  return async (purpose, secrets) => observedSession(await connect(purpose, secrets), purpose, hidden, report)
}

function observedSession(
  session: Session,
  openedFor: string,
  hidden: readonly Hidden[],
  report: (log: StatementLog) => void,
): Session {
  let purpose = openedFor
  const observe = async <Result>(
    text: string,
    run: () => Promise<Result>,
    countOf?: (result: Result) => number,
  ): Promise<Result> => {
    const started = performance.now()
    const log = (more: Pick<StatementLog, 'rows' | 'error'>) => {
      report({ type: 'statement', purpose, sql: redact(text, hidden), milliseconds: since(started), ...more })
    }
    try {
      const result = await run()
      log(countOf ? { rows: countOf(result) } : {})
      return result
    } catch (error) {
      // Errors of a session are redacted already.
      log({ error: error instanceof Error ? error.message : String(error) })
      throw error
    }
  }
  return {
    ...session,
    query: <Row>(text: Sql, parameters?: readonly unknown[]) =>
      observe(
        text,
        () => session.query<Row>(text, parameters),
        (rows) => rows.length,
      ),
    run: (text) => observe(text, () => session.run(text)),
    execute: (statement: Statement) => observe(withoutSecrets(statement).sql, () => session.execute(statement)),
    pipeline: async (texts, onFinished) => {
      let started = performance.now()
      let next = 0
      const log = (more: Pick<StatementLog, 'error'>) => {
        const text = texts[next++] ?? ''
        report({ type: 'statement', purpose, sql: redact(text, hidden), milliseconds: since(started), ...more })
        started = performance.now()
      }
      try {
        await session.pipeline(texts, (at) => {
          log({})
          onFinished(at)
        })
      } catch (error) {
        log({ error: error instanceof Error ? error.message : String(error) })
        throw error
      }
    },
    executeApart: (statement: Statement) =>
      observe(withoutSecrets(statement).sql, () => session.executeApart(statement)),
    beside: async (database, besides) =>
      observedSession(await session.beside(database, besides), besides, hidden, report),
    repurpose: (next) => {
      purpose = next
      return session.repurpose(next)
    },
  }
}

function since(started: number): number {
  return Math.round((performance.now() - started) * 10) / 10
}
