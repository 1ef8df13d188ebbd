// What the probe found out about one object.

import type { ProblemCode } from './codes.ts'
import type { Key } from './object.ts'

/**
 * Why an object cannot be as declared (`problem`), or why that is unknown (`undetermined`). `follows`: it is unknown only
 * because something that the object needs is.
 */
export interface ProbeFinding {
  readonly code: ProblemCode
  readonly key: Key
  readonly status: 'problem' | 'undetermined' | 'follows'
  readonly reason: string
  readonly hint: string
  /** Where the server has found the error, if it reports one. */
  readonly position?: SqlPosition
}

/** A string index into a statement, which contains pieces of SQL as the manifest has them. */
export interface SqlPosition {
  readonly statement: string
  readonly offset: number
}

export function lockedFinding(key: Key): ProbeFinding {
  return {
    code: 'object/locked',
    key,
    status: 'undetermined',
    reason: 'it is being refreshed, or locked by another session, so its definition cannot be read',
    hint: 'Plan again when that is done.',
  }
}

/** What became of an object that was created for a trial, and that is not there. */
export const missingStandIn = {
  code: 'object/not-probed',
  reason: 'the object that was created to check it does not exist under its name',
  hint: 'Something on the server renames or drops what fdwsync creates, an event trigger for example. Disable that while fdwsync runs.',
} as const
