// The secrets of a step, and how to keep the server from recording them.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import type { Step } from '../core/plan.ts'
import type { Secret } from '../core/secret.ts'
import { exposureProblem, turnOffExposure } from '../db/secrets/exposure.ts'
import type { Session } from '../db/session.ts'

export function secretsOf(step: Step): readonly Secret[] {
  const statements =
    step.action === 'replace'
      ? step.members.flatMap(({ statements, load, children }) => [...statements, ...load, ...children])
      : step.statements
  return statements.flatMap(({ secrets }) => secrets)
}

/** @throws FdwsyncError if the server would record secrets, and this role cannot turn that off */
export async function hideSecrets(session: Session, allow: readonly string[]): Promise<void> {
  const exposing = await turnOffExposure(session)
  if (exposing.length === 0 || allow.includes('exposes-secret')) return
  throw new FdwsyncError(exposureProblem('a secret', exposing), exitCode.refused)
}
