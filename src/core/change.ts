// What differs between the database and the manifest, object by object: live and wanted objects, and the changes between
// them. How a change is carried out is in plan.ts.

import type { DbObject, Key, ObjectId } from './object.ts'
import type { Parts, Statement } from './sql.ts'

/** How one field gets its wanted value. */
export type Effect =
  /** A clause of the one ALTER statement of the object. */
  | { readonly how: 'clause'; readonly clause: Parts }
  /**
   * `committedFirst`: nothing can use the result before COMMIT, so the object is altered in the `prepare` stage. `notBefore`: this
   * change is not part of that stage, since it shows in the definitions of other objects.
   */
  | {
      readonly how: 'statement'
      readonly statement: Statement
      readonly committedFirst?: boolean
      readonly notBefore?: 'define'
    }
  | { readonly how: 'populate' }
  | { readonly how: 'replace' }
  /** The object has another name than it should: see {@link LiveObject.renamedFrom}. */
  | { readonly how: 'rename' }

/** What changed since the last apply: the manifest, the source it imports from, or the database outside fdwsync. */
export type Origin = 'manifest' | 'source' | 'drift'

/** `both`: more than one origin. */
export type FieldCause = Origin | 'both'

/** One field of an object that is not as wanted. `from` or `to` is undefined if the field has no such value. */
export interface FieldChange {
  readonly field: string
  readonly from: string | undefined
  readonly to: string | undefined
  readonly effect: Effect
  /** The column that the server refuses to change while something depends on it. */
  readonly blockedByUseOf?: string
  /** Set if the server refuses the change while something depends on the primary key. */
  readonly blockedByUseOfKey?: true
  /** Set if the column is dropped, even if another one takes its name. */
  readonly dropsColumn?: true
  /** Set if the object, a type or a relation with its row type, cannot be altered in this way while a relation stores its values. */
  readonly rewritesValues?: true
  /** Set if the server looks at all stored values, which it cannot inside of arrays, composites and ranges. */
  readonly scansValues?: true
  /**
   * Set if whole rows of the object, or values of the type, look different afterwards. Materialized views with values that were
   * computed from them, such as JSON, are outdated then.
   */
  readonly changesRows?: true
  /**
   * Set if the data of the object is outdated because something that it reads is altered, whose title is `field`. The ledger keeps
   * it until the data is loaded once more.
   */
  readonly outdates?: true
  /**
   * Set if a copy that the plan loads, whose title is `field`, would read new columns of the object before they have values. So the
   * object is replaced instead of altered.
   */
  readonly readsEmpty?: true
  /** Set for a new column of a copy with rows, in which it is empty until the next refresh. The ledger keeps that until then. */
  readonly isEmptyAtFirst?: true
  /**
   * Set if the query of the object is dropped before all other definitions, and recreated after them. So the columns that it used can
   * be altered in between.
   */
  readonly renewsQuery?: true
  /** The field of the same object along with which PostgreSQL adds or drops this one. No declaration names this one. */
  readonly follows?: string
  /** Why it differs, if known. `dependency`: something that the object reads changes. */
  readonly cause?: FieldCause | 'dependency'
  /** Set if the cause is `both`. */
  readonly causes?: readonly Origin[]
}

/** The columns that the changes drop, by their names in the definition. */
export function droppedColumns(fields: readonly FieldChange[]): readonly string[] {
  return fields.flatMap(({ dropsColumn, blockedByUseOf }) =>
    dropsColumn && blockedByUseOf !== undefined ? [blockedByUseOf] : [],
  )
}

/** An existing object, as read from the catalog. */
export interface LiveObject extends DbObject {
  readonly oid: number
  /** The catalog (`pg_class`, `pg_foreign_server` …) that the oid belongs to. */
  readonly catalog: string
  /** A digest of raw catalog columns; equal means unchanged since it was recorded. Null for kinds without one. */
  readonly digest: string | null
  /** Whether another session holds a lock that prevents reading the definition. */
  readonly locked: boolean
  /** Its name in the database, if that differs from the one in the ledger and the manifest. */
  readonly elsewhere?: ObjectId
  /** The name to rename it from, once the schema or object that contains it has been renamed. */
  readonly renamedFrom?: ObjectId
  /**
   * Its id until it is replaced, if it becomes a copy of another kind: that of a materialized view that becomes a table, for
   * example.
   */
  readonly currentId?: ObjectId
  /** Whether the manifest renames it (`renamed_from`). Otherwise it was renamed outside fdwsync. */
  readonly isRenamedByManifest?: boolean
  /** The new names of renamed columns, by their current names. `spec` has the columns under their new names. */
  readonly renamedColumns?: ReadonlyMap<string, string>
  /** Set if these columns were renamed outside fdwsync. Otherwise the manifest renames them. */
  readonly haveColumnsDrifted?: true
  /** Whether its SQL contains another name of something than the wanted one. That alone is not a difference. */
  readonly readsRenamed?: boolean
}

/** The objects in PostgreSQL's own catalogs. Rows of a table such as cron.job have no OID, and nothing depends on them. */
export function withOids<Found extends Pick<LiveObject, 'oid'>>(objects: readonly Found[]): readonly Found[] {
  return objects.filter(({ oid }) => oid !== 0)
}

/** The id that an object has until it is replaced. */
export function currentIdOf({ id, currentId }: LiveObject): ObjectId {
  return currentId ?? id
}

export type LiveState = ReadonlyMap<Key, LiveObject>

/** A declared object: `spec` holds its SQL as written, `path` is its path in the manifest. */
export interface DeclaredObject extends DbObject {
  readonly path: readonly string[]
  /** Its former name, from `renamed_from`. */
  readonly renamedFrom?: ObjectId
  /** The new names of its renamed columns, by their former names. */
  readonly renamedColumns?: ReadonlyMap<string, string>
}

/** An object as it should be. `spec` is how the catalog would show it, so that it compares with a live object. */
export interface WantedObject extends DbObject {
  /** The declaration with SQL as written and all defaults resolved. Statements are built from it. */
  readonly declared: unknown
  /** Only what the manifest contains. The ledger keeps it. */
  readonly written: unknown
}

export interface Replace {
  readonly op: 'replace'
  readonly key: Key
  readonly from: LiveObject
  readonly to: WantedObject
  readonly fields: readonly FieldChange[]
  /** Built online and then swapped, or dropped and recreated. */
  readonly how: 'beside' | 'drop-and-create'
  /** Set for an object that no manifest declares. It is recreated unchanged because it reads what is replaced. */
  readonly isUnmanaged?: true
  /** The name that the swap gives the old object if something that is dropped later still reads it. Otherwise it drops it. */
  readonly keptAs?: ObjectId
}

/** The former name of an object that has a temporary one until it is dropped, because an object of another kind takes its name. */
export interface Formerly {
  readonly id: ObjectId
  readonly takenBy: Key
}

/** What a plan does to one object: create, alter, replace, drop or record it. */
export type Change =
  | {
      readonly op: 'create'
      readonly key: Key
      readonly to: WantedObject
      /** A live child with this name, which is dropped before, with its parent or by a change of its own. */
      readonly instead?: LiveObject
      /** The temporary name of a live child with this name, whose parent is dropped later. */
      readonly displaces?: { readonly id: ObjectId; readonly to: ObjectId }
      /** The replacement that this is one half of: the old object is renamed aside and stays in use for now. */
      readonly renamesAside?: Replace
    }
  | {
      readonly op: 'alter'
      readonly key: Key
      readonly from: LiveObject
      readonly to: WantedObject
      readonly fields: readonly FieldChange[]
    }
  | Replace
  | {
      readonly op: 'drop'
      readonly key: Key
      readonly from: LiveObject
      /** The replacement that this is one half of: the old object has been renamed aside until its dependents are swapped. */
      readonly renamedAsideFor?: Replace
      readonly formerly?: Formerly
      /**
       * Set for an object that may hold data, in a plan that loads some. `last`: it is dropped once everything else is loaded.
       * `early`: it is dropped before that, because something that it reads is changed in place.
       */
      readonly dropped?: 'last' | 'early'
    }
  /** Exists and is equal, but the ledger does not have it, or has it with another identity. It is recorded, without DDL. */
  | { readonly op: 'adopt'; readonly key: Key; readonly to: WantedObject }
  /** No longer declared, and either already dropped or not created by fdwsync. Its ledger entry is deleted, without DDL. */
  | { readonly op: 'release'; readonly key: Key; readonly because: string }

/** Whether the change needs DDL. Adopting and releasing only write to the ledger. */
export function changesDatabase(change: Change): boolean {
  return change.op !== 'adopt' && change.op !== 'release'
}
