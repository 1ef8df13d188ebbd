// The secrets of steps, and how to keep the server from recording them.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { Step } from '../core/plan.ts'
import type { Secret } from '../core/secret.ts'
import type { Statement } from '../core/sql.ts'
import { exposureProblem, turnOffExposure } from '../db/secrets/exposure.ts'
import type { Session } from '../db/session.ts'

export function secretsOf(steps: readonly Step[]): readonly Secret[] {
  return steps.flatMap(statementsOf).flatMap(({ secrets }) => secrets)
}

function statementsOf(step: Step): readonly Statement[] {
  if (step.action !== 'replace') return step.statements
  return step.members.flatMap(({ statements, load, children }) => [...statements, ...load, ...children])
}

/** @throws FdwsyncError if the server would record the secrets of the steps, and this role cannot turn that off */
export async function hideSecrets(session: Session, steps: readonly Step[], allow: readonly string[]): Promise<void> {
  const exposing = await turnOffExposure(session, steps.flatMap(statementsOf))
  if (exposing.length === 0 || allow.includes('exposes-secret')) return
  throw new FdwsyncError(exposureProblem(exposing), exitCode.refused)
}
