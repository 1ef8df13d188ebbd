// What depends on an object that is to be dropped or replaced, and what becomes of it.

import type { LiveObject, WantedObject } from './change.ts'
import type { Key } from './object.ts'

/** An object that PostgreSQL would name in its refusal to drop or alter another one. */
export interface Dependent {
  /** The object that it depends on. */
  readonly on: Key
  /** The column that it depends on, if it depends on a single one. */
  readonly column: string | null
  /** The child whose column it uses, if that column is inherited from the column above. */
  readonly through?: Key
  /** Undefined if it is of a kind that fdwsync does not know. */
  readonly key: Key | undefined
  /** Its parent: the view of an index, the table of a trigger. It is dropped and recreated with its parent. */
  readonly parent: Key | undefined
  /** Set for a plain view. `outcome` is set if recreating it was tried. */
  readonly view: (DependentView & { readonly outcome?: ViewOutcome | undefined }) | undefined
  /** Whether values of the object, which is a type or has a row type, are stored by it or through it. */
  readonly storesValues?: boolean
  /** Whether it depends on the primary key of the object. */
  readonly usesKey?: boolean
  /** Whether the successor of its parent gets it before the swap, so that it depends on the original of the object until then. */
  readonly usesOriginal?: boolean
  /** `view reports.daily`, `function total(shop.orders)` … */
  readonly description: string
  /** Why it cannot be recreated, if that was tried or is known. */
  readonly lost?: Lost | undefined
}

/** Why something cannot be recreated, and what would help, if known. */
export interface Lost {
  readonly reason: string
  readonly hint?: string
}

/** The loss of an object that belongs to a role of which the applying one is no member. */
export function lostToOwner(owner: string): Lost {
  return {
    reason: `it belongs to ${owner}`,
    hint: `Grant membership in ${owner} to the role that applies, or give it an owner of which that role is a member. Or drop it, apply, and create it again.`,
  }
}

/** Something that another manifest declares. */
export function lostToManifest(manifest: string): Lost {
  return {
    reason: `it belongs to the manifest "${manifest}"`,
    hint: `Change or remove it in the manifest "${manifest}", and apply that one first.`,
  }
}

export interface DependentView {
  readonly oid: number
  /** Its owner, if this role is no member of it and so may not replace the definition. Null if it may. */
  readonly otherOwner: string | null
  /** Why a new query for it would not end its dependency. Null if it would. */
  readonly whyNotRepointed: string | null
}

/** What becomes of an unmanaged plain view when columns that it reads change. */
export type ViewOutcome =
  /** Its own columns stay the same, so it can be repointed at the new relation, and keeps its identity. */
  | { readonly becomes: 'repointed' }
  /** Its column types change, and CREATE OR REPLACE VIEW cannot change those. It is recreated with the new types. */
  | { readonly becomes: 'recreated'; readonly to: WantedObject }
  | ({ readonly becomes: 'lost' } & Lost)

/** An unmanaged view that was recreated in the probe, to find out its outcome. */
export interface TriedView {
  readonly key: Key
  readonly live: LiveObject
  /** The changed relations and other tried views that it reads. */
  readonly on: ReadonlySet<Key>
  readonly outcome: ViewOutcome
  /** Whether a materialized view reads it. */
  readonly isReadByData: boolean
}

/** What is attached to a relation although no manifest declares it: an index, extended statistics or a trigger, for example. */
export interface Attachment {
  /** The OID of the relation. */
  readonly of: number
  /** Its own catalog and OID. */
  readonly catalog: string
  readonly oid: number
  /** `index reports.by_total` */
  readonly title: string
  /** The columns of the relation that it uses, by their names in the database. */
  readonly columns: readonly string[]
  /** Set if these are columns of a child, which PostgreSQL drops with those of the relation that they are inherited from. */
  readonly isOfChild: boolean
  /** Why no successor of the relation gets it. Null if one does. */
  readonly whyLost: string | null
  /** Whether it is an index, or has one, over a function that PostgreSQL may not accept in an index any more. */
  readonly isOverMutable: boolean
}

/** An attachment that an apply of the plan drops. */
export interface LostAttachment extends Attachment {
  /** `it uses the dropped column total` */
  readonly reason: string
}
