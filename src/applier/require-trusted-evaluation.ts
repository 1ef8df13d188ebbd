// Requires that PostgreSQL evaluates no untrusted code while it creates the objects of a step. The plan has shown none, but another
// role may have planted some since. This covers only what is evaluated at once: see require-known-code.ts for the rest.

import type { WantedObject } from '../core/change.ts'
import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { PlainStep } from '../core/plan.ts'
import { ident, join, type Statement, sql, trusted } from '../core/sql.ts'
import { isDatabaseError, isTransient } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { newSuffix } from '../db/suffix.ts'
import { describeCode } from '../introspector/evaluation/evaluated-code.ts'
import { type EvaluatingCode, readEvaluatingCode, runByStatements } from '../introspector/evaluation/evaluation.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { kindOf } from '../kinds/registry.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import { requireKnownCode } from './require-known-code.ts'

/**
 * The session must be in a transaction under `readingPath`. Returns the check that has to run before a step, if there is one. The
 * check may set another search_path.
 */
export async function trustedEvaluation(
  session: Session,
  inHand: PlanInHand,
  allow: readonly string[],
): Promise<(step: PlainStep) => (() => Promise<void>) | undefined> {
  if (allow.includes('untrusted-code')) return () => undefined
  const { trustedRoles, plan } = inHand
  const context = { trustedRoles, isUntrustedOnly: true, foundIn: plan.searchPath }
  const code = await readEvaluatingCode(session, context)
  return (step) => {
    const hasLiterals = mayEvaluate(code, step)
    const constants = constantsOf(inHand, step)
    if (!hasLiterals && !constants) return undefined
    return async () => {
      if (hasLiterals) await requireTrustedLiterals(session, code, step)
      if (constants) await requireTrustedConstants(session, inHand, constants)
    }
  }
}

function mayEvaluate({ types }: EvaluatingCode, { statements }: PlainStep): boolean {
  return types !== undefined || unresolved(statements).some(({ sql: text }) => /\bVALIDATOR\b/i.test(text))
}

function unresolved(statements: readonly Statement[]): readonly Statement[] {
  return statements.filter(({ isResolved }) => !isResolved)
}

async function requireTrustedLiterals(session: Session, code: EvaluatingCode, { title, statements }: PlainStep) {
  await session.run(readingPath)
  const found = await runByStatements(session, code, unresolved(statements))
  if (found.length === 0) return
  const message = `the plan is stale: creating ${title} would now run ${describeCode(found)}`
  const hint = 'This transaction was rolled back. Plan again.'
  throw new FdwsyncError({ code: 'plan/stale', message, hint }, exitCode.stale)
}

interface Constants {
  readonly wanted: WantedObject
  readonly view: { readonly schema: string; readonly name: string }
  readonly statements: readonly Statement[]
}

/**
 * The expressions with constant parts, in a view, which PostgreSQL stores without evaluating them. Those of children are resolved
 * already.
 */
function constantsOf(inHand: PlanInHand, { key, action }: PlainStep): Constants | undefined {
  const wanted = inHand.wanted.get(key)
  const kind = wanted && kindOf(wanted.id)
  if (!wanted || !kind?.evaluated || kind.child || action === 'drop' || action === 'populate') return undefined
  const view = { schema: `fdwsync_check_${newSuffix()}`, name: 'expressions' }
  const statements = kind.evaluated.expressions({ id: wanted.id, spec: wanted.declared }, view)
  return statements.length === 0 ? undefined : { wanted, view, statements }
}

async function requireTrustedConstants(session: Session, inHand: PlanInHand, { wanted, view, statements }: Constants) {
  await session.run(
    sql`SAVEPOINT expressions; CREATE SCHEMA ${ident(view.schema)}; ${manifestPath(inHand.plan.searchPath)}`,
  )
  try {
    await session.run(
      join(
        statements.map((statement) => statement.sql),
        ';\n',
      ),
    )
    await session.run(readingPath)
    const [row] = await session.query<{ oid: number }>(
      trusted(
        'SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = $2',
      ),
      [view.schema, view.name],
    )
    if (row) await requireKnownCode(session, [{ wanted, catalog: 'pg_class', oid: row.oid }], inHand)
  } catch (error) {
    // An invalid expression will fail once more when the step runs.
    if (!isDatabaseError(error) || isTransient(error)) throw error
  }
  await session.run(trusted('ROLLBACK TO expressions'))
}
