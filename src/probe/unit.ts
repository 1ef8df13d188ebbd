// What the probe creates for one object, and which of its expressions PostgreSQL would evaluate.

import type { DeclaredObject } from '../core/change.ts'
import type { ObjectId } from '../core/object.ts'
import { type Statement, withoutSecrets } from '../core/sql.ts'
import type { Partitioned } from '../kinds/evaluated.ts'
import { kindOf } from '../kinds/registry.ts'

export interface Unit {
  readonly object: DeclaredObject
  /** The statements without secrets. */
  readonly statements: readonly Statement[]
  /** The same with secrets, if there are any. */
  readonly withSecrets?: readonly Statement[]
  /** Creates a view of the expressions that PostgreSQL would simplify; empty if there are none. */
  readonly expressions?: (view: { readonly schema: string; readonly name: string }) => readonly Statement[]
  readonly partitioned?: Partitioned | undefined
}

/** A stand-in of an object. */
export function unitOf(
  object: DeclaredObject,
  standIn: { readonly id: ObjectId; readonly spec: unknown; readonly before?: readonly Statement[] },
): Unit {
  const { create, evaluated } = kindOf(object.id)
  const before = standIn.before ?? []
  const all = [...before, ...create(standIn.id, standIn.spec)]
  return {
    object,
    // To find out whether a wrapper knows an option, no secret is sent.
    statements: all.map(withoutSecrets),
    ...(all.some(({ secrets }) => secrets.length > 0) ? { withSecrets: all } : {}),
    expressions(view) {
      const statements = evaluated?.expressions(standIn, view) ?? []
      return statements.length === 0 ? [] : [...before, ...statements]
    },
    partitioned: evaluated?.partitioned?.(object.spec),
  }
}
