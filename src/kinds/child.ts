// Objects that live and die with another one: a part of the contract in kind.ts.

import type { Key, ObjectId } from '../core/object.ts'
import type { Statement } from '../core/sql.ts'

/** An object that lives and dies with another one, as an index does with its materialized view. */
export interface Child<Id extends ObjectId, Spec> {
  parentOf(spec: Spec, id: Id): Key
  /** Creates it on a parent that is built in another schema. */
  createIn(id: Id, spec: Spec, schema: string): readonly Statement[]
  /** What remains to be done after the swap, for children that PostgreSQL does not move with their parent. */
  finishAfterSwap?(id: Id, schema: string): readonly Statement[]
  /** The statements that load a child whose parent already holds data. They may read that data. */
  buildContents?(id: Id, spec: Spec): readonly Statement[]
  /** Set if PostgreSQL moves it to another schema with its parent, and in no other way. */
  readonly movesWithParent?: boolean
  /** Set if children can be alike, so that one of them is tried out for all. */
  readonly alike?: Alike<Spec>
}

/** Recognizes new children that the server certainly accepts or rejects together, and shows in the same way apart from names. */
export interface Alike<Spec> {
  /**
   * A signature that is equal for children that are alike. Undefined if a child is like no other.
   * @param parent the wanted spec of its parent
   */
  signature(declared: Spec, parent: unknown): string | undefined
  /** How the server shows a child, derived from how it shows another one that is alike. */
  shown(read: Spec, declared: Spec): Spec
}
