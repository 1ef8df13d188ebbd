// Runs the steps of a transaction, in order. Statements between which nothing has to be checked are sent without waiting for each
// answer.

import { isReported, type ObjectNotice } from '../core/notice.ts'
import type { PlainStep } from '../core/plan.ts'
import type { Statement } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { pathKeeper } from '../loader/run-statements.ts'

const mostAtOnce = 200

interface StepStatement {
  readonly step: PlainStep
  readonly statement: Statement
  /** Whether it is the last statement of its step. */
  readonly isLast: boolean
}

export interface StepsOptions {
  readonly searchPath: readonly string[]
  /** Returns the check to run before a step; undefined if there is none. The check may set another search_path. */
  checkOf(step: PlainStep): (() => Promise<void>) | undefined
  /** Called with the step to which the next error will belong. */
  onStep(step: PlainStep): void
}

/** @returns the notices of the server about the steps */
export async function runSteps(
  session: Session,
  steps: readonly PlainStep[],
  { searchPath, checkOf, onStep }: StepsOptions,
): Promise<readonly ObjectNotice[]> {
  const path = pathKeeper(searchPath)
  const sender = statementSender(session, onStep)
  session.takeNotices()
  for (const step of steps) {
    const check = checkOf(step)
    if (check) {
      await sender.flush()
      onStep(step)
      await check()
      session.takeNotices()
      path.forget()
    }
    const statements = path.withPath(step.statements)
    for (const [at, statement] of statements.entries())
      await sender.send({ step, statement, isLast: at === statements.length - 1 })
  }
  await sender.flush()
  return sender.notices
}

interface StatementSender {
  /** Sends the statement at the latest when `flush` is called. One with secrets is sent alone. */
  send(statement: StepStatement): Promise<void>
  flush(): Promise<void>
  /** The notices about the steps that are done. */
  readonly notices: readonly ObjectNotice[]
}

function statementSender(session: Session, onStep: StepsOptions['onStep']): StatementSender {
  const notices: ObjectNotice[] = []
  let waiting: StepStatement[] = []
  // A step gets each text once, however many of its statements report it.
  const finish = ({ step, isLast }: StepStatement) => {
    if (!isLast) return
    for (const notice of session.takeNotices()) if (isReported(notice)) notices.push({ ...step, notice })
  }
  const flush = async () => {
    const sent = waiting
    waiting = []
    const [first] = sent
    if (!first) return
    onStep(first.step)
    await session.pipeline(
      sent.map(({ statement }) => statement.sql),
      (at) => {
        const [done, next] = [sent[at], sent[at + 1]]
        if (done) finish(done)
        if (next) onStep(next.step)
      },
    )
  }
  return {
    notices,
    flush,
    async send(each) {
      const { step, statement } = each
      if (statement.secrets.length === 0) {
        waiting.push(each)
        if (waiting.length >= mostAtOnce) await flush()
        return
      }
      await flush()
      onStep(step)
      await session.execute(statement)
      finish(each)
    },
  }
}
