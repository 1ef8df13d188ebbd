import type { ProblemCode } from './codes.ts'
import type { Key } from './object.ts'

/**
 * Why an object can't be as declared (`problem`), or why that can't be known (`undetermined`): for a reason of its own, or
 * since that of something it needs is not known (`follows`).
 */
export interface ProbeFinding {
  readonly code: ProblemCode
  readonly key: Key
  readonly status: 'problem' | 'undetermined' | 'follows'
  readonly reason: string
  readonly hint: string
}

export function lockedFinding(key: Key): ProbeFinding {
  return {
    code: 'object/locked',
    key,
    status: 'undetermined',
    reason: 'it is being refreshed, or locked by another session, and its definition can not be read meanwhile',
    hint: 'Plan again when that is done.',
  }
}
