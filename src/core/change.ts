import type { DbObject, Key, ObjectId } from './object.ts'
import type { Parts, Statement } from './sql.ts'

/**
 * What it takes to make one field as wanted.
 * `clause` is a part of the one ALTER statement that its object gets, `statement` a statement of its own.
 */
export type Effect =
  | { readonly how: 'clause'; readonly clause: Parts }
  /** `committedFirst`: nothing can use it before it is committed, so its object is altered before all others. */
  | { readonly how: 'statement'; readonly statement: Statement; readonly committedFirst?: boolean }
  | { readonly how: 'populate' }
  | { readonly how: 'replace' }
  /** It has another name than it should: see {@link LiveObject.renamedFrom}. */
  | { readonly how: 'rename' }

/** What was changed since the last apply: the manifest, what it imports at its source, or the database outside of fdwsync. */
export type Origin = 'manifest' | 'source' | 'drift'

/** `both`: more than one of them. */
export type FieldCause = Origin | 'both'

/** One field of an object that is not as wanted. `from` or `to` is undefined where there is no such thing. */
export interface FieldChange {
  readonly field: string
  readonly from: string | undefined
  readonly to: string | undefined
  readonly effect: Effect
  /** The column that the server refuses to change while something depends on it. */
  readonly blockedByUseOf?: string
  /** Another field of the object that this one comes or goes with, where no declaration names it. */
  readonly follows?: string
  /** Why it differs, as far as that is known. `dependency`: something that the object reads changes. */
  readonly cause?: FieldCause | 'dependency'
  /** Of the cause `both`: which. */
  readonly causes?: readonly Origin[]
}

/** An object that exists, as the catalog has it. */
export interface LiveObject extends DbObject {
  readonly oid: number
  /** The catalog (`pg_class`, `pg_foreign_server` …) that the oid belongs to. */
  readonly catalog: string
  /** Of raw catalog columns; equal means unchanged since it was last recorded. Null where there is none. */
  readonly digest: string | null
  /** Set while another session holds a lock that keeps its definition from being read. */
  readonly locked: boolean
  /** What it is called now, where that is not what the ledger has and the manifest declares. */
  readonly elsewhere?: ObjectId
  /** What it must be renamed from, once all that it is in is called as it should be. */
  readonly renamedFrom?: ObjectId
  /** Not people have renamed it: the manifest does. */
  readonly isRenamedByManifest?: boolean
  /** Of columns that the manifest renames the new names by those of today. Its spec has them under the new ones. */
  readonly renamedColumns?: ReadonlyMap<string, string>
  /** Something that it needs is called otherwise now: its text names that, without its being another definition. */
  readonly readsRenamed?: boolean
}

export type LiveState = ReadonlyMap<Key, LiveObject>

/** What a manifest declares: `spec` holds its SQL as written, `path` says where in the manifest it stands. */
export interface DeclaredObject extends DbObject {
  readonly path: readonly string[]
  /** What it was called when it was last applied, if the manifest says so. No part of what it is to be. */
  readonly renamedFrom?: ObjectId
  /** The same of its columns: new names by old ones. */
  readonly renamedColumns?: ReadonlyMap<string, string>
}

/**
 * What is wanted: `spec` as the catalog would show it, so that it compares with a live one; `declared` with its SQL as
 * written and all that the manifest leaves open filled in, which is what statements are made of; `written` just what the
 * manifest says, which is what the ledger keeps.
 */
export interface WantedObject extends DbObject {
  readonly declared: unknown
  readonly written: unknown
}

export interface Replace {
  readonly op: 'replace'
  readonly key: Key
  readonly from: LiveObject
  readonly to: WantedObject
  readonly fields: readonly FieldChange[]
  /** Built while the old one serves, then swapped; or dropped and made again. */
  readonly how: 'beside' | 'drop-and-create'
  /** The manifest does not declare it: it is made anew as it is, since it reads what is replaced. */
  readonly isUnmanaged?: true
}

export type Change =
  | {
      readonly op: 'create'
      readonly key: Key
      readonly to: WantedObject
      /** A part of that name which goes with its whole, or is gone by then. */
      readonly instead?: LiveObject
      /** It was to replace one that serves on under another name. */
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
      /** It was to be replaced, and serves on under this name until what stands on it is swapped: see `differ/set-aside.ts`. */
      readonly renamedAsideFor?: Replace
    }
  /** Exists and is equal, but is not in the ledger yet, or is there with another identity: recorded, no DDL. */
  | { readonly op: 'adopt'; readonly key: Key; readonly to: WantedObject }
  /** In the ledger, no longer declared, and either gone already or not ours to drop: taken out of the ledger, no DDL. */
  | { readonly op: 'release'; readonly key: Key; readonly because: string }

/** Whether the database itself is changed by it; adopting and releasing only write in the ledger. */
export function changesDatabase(change: Change): boolean {
  return change.op !== 'adopt' && change.op !== 'release'
}
