// Requires that recreating unmanaged views runs no untrusted code. Their queries were written by other roles. PostgreSQL reads
// the literals in them again, which can run the checks of domains, as the role that applies.

import { exitCode, FdwsyncError } from '../../core/errors.ts'
import type { Sql } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { describeCode } from '../../introspector/evaluation/evaluated-code.ts'
import { readEvaluatingCode, runByStatements } from '../../introspector/evaluation/evaluation.ts'
import type { CodeTrust } from './replacement-set.ts'

/** The session must be in a transaction under `readingPath`. */
export async function requireTrustedLiterals(
  { trustedRoles, allowsUntrusted }: CodeTrust,
  session: Session,
  statements: readonly { readonly title: string; readonly sql: Sql }[],
): Promise<void> {
  if (allowsUntrusted) return
  const code = await readEvaluatingCode(session, { trustedRoles, isUntrustedOnly: true })
  if (!code.types) return
  for (const statement of statements) {
    const found = await runByStatements(session, code, [statement])
    if (found.length === 0) continue
    throw new FdwsyncError(
      {
        code: 'plan/hazard',
        message: `recreating ${statement.title} would run ${describeCode(found)}`,
        hint: 'To allow it, add its owner to trusted_roles, or use --allow untrusted-code.',
      },
      exitCode.refused,
    )
  }
}
