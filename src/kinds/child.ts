// Objects that live and die with another one: a part of the contract in kind.ts.

import type { Key, ObjectId } from '../core/object.ts'
import type { Statement } from '../core/sql.ts'

/** An object that lives and dies with another one, as an index does with its materialized view. */
export interface Child<Id extends ObjectId, Spec> {
  parentOf(spec: Spec, id: Id): Key
  /** Creates it on a parent that is built in another schema. */
  createIn(id: Id, spec: Spec, schema: string): readonly Statement[]
  /** What remains to be done once that parent has taken its place, for children that PostgreSQL does not move along. */
  finishAfterSwap?(id: Id, schema: string): readonly Statement[]
  /** What a child needs to be of use if its parent already holds data. It may read that data. */
  buildContents?(id: Id, spec: Spec): readonly Statement[]
  /** Set if PostgreSQL moves it to another schema with its parent, and in no other way. */
  readonly movesWithParent?: boolean
  /** Of children that are alike, one is tried out for all. */
  readonly alike?: Alike<Spec>
}

/** New children that the server certainly accepts or rejects together, and shows in the same way but for names. */
export interface Alike<Spec> {
  /**
   * Equal for those that are alike. Undefined if a child is like no other one.
   * @param parent the wanted spec of its parent
   */
  signature(declared: Spec, parent: unknown): string | undefined
  /** How the server shows a child, from how it shows another one that is alike. */
  shown(read: Spec, declared: Spec): Spec
}
