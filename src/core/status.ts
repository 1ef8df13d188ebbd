// What `fdwsync status` reports about each object.

import type { RecordedFreshness } from './freshness.ts'
import type { Key, ObjectId } from './object.ts'
import type { Verification } from './verification.ts'

/** `unmanaged`: no manifest owns it, so nothing is expected of it. */
export type ObjectState = 'in sync' | 'drifted' | 'missing' | 'not populated' | 'unknown' | 'unmanaged'

/** How old the data of a copy is, and how old it may be. */
export interface CopyFreshness {
  /** Undefined if the ledger has no refresh of the copy. */
  readonly recorded: RecordedFreshness | undefined
  readonly maxAgeMilliseconds: number | undefined
  readonly isStale: boolean
  /** When its schedule refreshes it next, in ISO 8601. */
  readonly nextRun: string | undefined
}

/** One object in the report. */
export interface ObjectStatus {
  readonly key: Key
  readonly id: ObjectId
  /** The manifests that own it. Only shared objects, such as schemas, have several. */
  readonly manifests: readonly string[]
  readonly state: ObjectState
  /** Why it is not in sync, or a remark. */
  readonly reason: string | undefined
  /** Whether it holds data; undefined for kinds that never do. */
  readonly populated: boolean | undefined
  /** When its data was last loaded; undefined for what holds none. */
  readonly freshness: CopyFreshness | undefined
  /** The number of its indexes; undefined for kinds without indexes. */
  readonly indexes: number | undefined
  /** For a server, if sources were contacted: whether its source was reachable. */
  readonly sourceReachable: boolean | undefined
  /** How a copy compares with its source, if that was requested. */
  readonly verification: Verification | undefined
  /** Whether it belongs to another object, as an index does. */
  readonly isChild: boolean
}

/** The objects of a database and their state. */
export interface StatusReport {
  readonly database: { readonly name: string; readonly serverVersion: string; readonly user: string }
  /** The manifest that the objects were compared with. Undefined if they were compared with the ledger only. */
  readonly manifest: string | undefined
  readonly objects: readonly ObjectStatus[]
}
