// Warnings about what a source has and its copy lacks. They would come up in every plan, so they are reported once: a plan only
// counts those that the last apply has reported.

import type { Warning } from '../../core/plan.ts'
import type { Session } from '../../db/session.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import { readReportedWarnings } from '../../ledger/manifest-proof.ts'
import { findLedger } from '../../ledger/trust.ts'

const lasting: ReadonlySet<Warning['code']> = new Set([
  'source/type',
  'source/index',
  'source/left-out',
  'source/collation',
  'source/expression',
  'source/no-key',
])

export async function withReportedMarked(
  session: Session,
  manifest: string,
  warnings: readonly Warning[],
): Promise<readonly Warning[]> {
  if (!warnings.some(({ code }) => lasting.has(code))) return warnings
  const reported = await inReadOnlyTransaction(session, async () =>
    readReportedWarnings(session, await findLedger(session), manifest),
  )
  return markReported(warnings, reported)
}

export function markReported(warnings: readonly Warning[], reported: readonly Warning[]): readonly Warning[] {
  const messages = new Set(reported.map(({ message }) => message))
  return warnings.map((warning) =>
    lasting.has(warning.code) && messages.has(warning.message) ? { ...warning, isReported: true } : warning,
  )
}
