// The part of a kind's contract that lists what PostgreSQL evaluates when it creates an object, so that the probe can avoid it.

import type { ObjectId } from '../core/object.ts'
import type { Statement } from '../core/sql.ts'
import type { ObjectName } from './facets/names.ts'

export interface Evaluated<Id extends ObjectId, Spec> {
  /**
   * Creates a view with the expressions whose constant parts PostgreSQL computes. It stores those of a view as they are. Empty
   * if there are none.
   */
  expressions(standIn: { readonly id: Id; readonly spec: Spec }, view: ScratchName): readonly Statement[]
  /** The partitioned table that a stand-in is a partition of a copy of. */
  partitioned?(spec: Spec): Partitioned | undefined
}

interface ScratchName {
  readonly schema: string
  readonly name: string
}

export interface Partitioned {
  readonly name: ObjectName
  /** Whether the partition has a bound, rather than being the default one. */
  readonly hasBound: boolean
}
