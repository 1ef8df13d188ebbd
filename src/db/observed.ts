// Sessions that report each statement once it has ended: its text without secrets, how long it took, and how many rows it returned or
// wrote.

import type { StatementLog } from '../core/event.ts'
import { type Hidden, redact } from '../core/redaction.ts'
import { type Sql, withoutSecrets } from '../core/sql.ts'
import type { Connect } from './connect.ts'
import type { Session } from './session.ts'

/** @param hidden the values that the text of a statement must not show */
export function observed(connect: Connect, hidden: readonly Hidden[], report: (log: StatementLog) => void): Connect {
  return async (purpose, secrets) => observedSession(await connect(purpose, secrets), { purpose, hidden, report })
}

interface Observer {
  purpose: string
  readonly hidden: readonly Hidden[]
  readonly report: (log: StatementLog) => void
}

function observedSession(session: Session, observer: Observer): Session {
  const count = (rows: readonly unknown[]) => rows.length
  const noRows = () => undefined
  return {
    ...session,
    query: <Row>(text: Sql, parameters?: readonly unknown[]) =>
      observe(observer, text, () => session.query<Row>(text, parameters), count),
    run: (text) =>
      observe(
        observer,
        text,
        () => session.run(text),
        (written) => written,
      ),
    execute: (statement) => observe(observer, withoutSecrets(statement).sql, () => session.execute(statement), noRows),
    pipeline: (texts, onFinished) => observePipeline(observer, session, texts, onFinished),
    executeApart: (statement) =>
      observe(observer, withoutSecrets(statement).sql, () => session.executeApart(statement), noRows),
    beside: async (database, purpose) =>
      observedSession(await session.beside(database, purpose), { ...observer, purpose }),
    repurpose: (purpose) => {
      observer.purpose = purpose
      return session.repurpose(purpose)
    },
  }
}

async function observe<Result>(
  observer: Observer,
  text: string,
  run: () => Promise<Result>,
  countOf: (result: Result) => number | undefined,
): Promise<Result> {
  const started = performance.now()
  try {
    const result = await run()
    const rows = countOf(result)
    reportTo(observer, text, started, rows === undefined ? {} : { rows })
    return result
  } catch (error) {
    reportTo(observer, text, started, failure(error))
    throw error
  }
}

async function observePipeline(
  observer: Observer,
  session: Session,
  texts: readonly Sql[],
  onFinished: (at: number) => void,
): Promise<void> {
  let started = performance.now()
  let next = 0
  const reportNext = (outcome: Outcome) => {
    reportTo(observer, texts[next++] ?? '', started, outcome)
    started = performance.now()
  }
  try {
    await session.pipeline(texts, (at) => {
      reportNext({})
      onFinished(at)
    })
  } catch (error) {
    reportNext(failure(error))
    throw error
  }
}

type Outcome = Pick<StatementLog, 'rows' | 'error'>

function reportTo({ purpose, hidden, report }: Observer, text: string, started: number, outcome: Outcome): void {
  const milliseconds = Math.round((performance.now() - started) * 10) / 10
  report({ type: 'statement', purpose, sql: redact(text, hidden), milliseconds, ...outcome })
}

/** Errors of a session are redacted already. */
function failure(error: unknown): Outcome {
  return { error: error instanceof Error ? error.message : String(error) }
}
