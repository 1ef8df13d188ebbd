// What the probe creates for one object, and what PostgreSQL would evaluate of it.

import type { DeclaredObject } from '../core/change.ts'
import type { ObjectId } from '../core/object.ts'
import { type Statement, withoutSecrets } from '../core/sql.ts'
import type { Partitioned } from '../kinds/evaluated.ts'
import { kindOf } from '../kinds/registry.ts'

export interface Unit {
  readonly object: DeclaredObject
  /** Without secrets. */
  readonly statements: readonly Statement[]
  /** The same with them, if there are any. */
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
    // Whether a wrapper knows an option is asked without the secret.
    statements: all.map(withoutSecrets),
    ...(all.some(({ secrets }) => secrets.length > 0) ? { withSecrets: all } : {}),
    expressions(view) {
      const statements = evaluated?.expressions(standIn, view) ?? []
      return statements.length === 0 ? [] : [...before, ...statements]
    },
    partitioned: evaluated?.partitioned?.(object.spec),
  }
}
