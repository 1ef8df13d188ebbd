import type { Key, ObjectId } from './object.ts'

/** `unmanaged`: no manifest owns it, so there is nothing that it should be. */
export type ObjectState = 'in sync' | 'drifted' | 'missing' | 'not populated' | 'unknown' | 'unmanaged'

/** An object as `status` lists it. */
export interface ObjectStatus {
  readonly key: Key
  readonly id: ObjectId
  /** The manifests that own it: several only of what can be shared. */
  readonly manifests: readonly string[]
  readonly state: ObjectState
  /** Why it is not in sync, or what else is to be said of it. */
  readonly reason: string | undefined
  /** Whether it holds data; undefined for what never does. */
  readonly populated: boolean | undefined
  /** When its data was last loaded, if the ledger knows. */
  readonly refreshed: { readonly at: string; readonly secondsAgo: number } | undefined
  /** How many indexes it has; undefined for what has none ever. */
  readonly indexes: number | undefined
  /** Of a server, if sources were asked: whether its own could be. */
  readonly sourceReachable: boolean | undefined
  /** It is a part of another object, as an index is. */
  readonly isChild: boolean
}

export interface StatusReport {
  readonly database: { readonly name: string; readonly serverVersion: string; readonly user: string }
  /** The manifest that its objects were compared with; undefined: with the ledger alone. */
  readonly manifest: string | undefined
  readonly objects: readonly ObjectStatus[]
}
