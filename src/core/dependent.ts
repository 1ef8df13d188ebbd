import type { LiveObject, WantedObject } from './change.ts'
import type { Key } from './object.ts'

/** What PostgreSQL would name when it refuses to drop or change something. */
export interface Dependent {
  /** On what it depends, and on which column of that if it is on one. */
  readonly on: Key
  readonly column: string | null
  /** Its address if it is of a kind that fdwsync knows. */
  readonly key: Key | undefined
  /** What it is a part of, as an index is of its view, or a trigger of its table: with that it goes and comes. */
  readonly parent: Key | undefined
  /** For a plain view: whether this role may define it anew, and what becomes of it if that was tried out. */
  readonly view: (DependentView & { readonly outcome?: ViewOutcome | undefined }) | undefined
  /** `view reports.daily`, `function total(shop.orders)` … */
  readonly description: string
  /** Why it can't be made anew, where that was tried out or is known. */
  readonly lost?: Lost | undefined
}

/** Why something can't be made anew, and what would help, where that is known. */
export interface Lost {
  readonly reason: string
  readonly hint?: string
}

export interface DependentView {
  readonly oid: number
  readonly mayRedefine: boolean
  /** Why another query for it would not be enough to free what it depends on. */
  readonly whyNotRepointed: string | null
}

/** What becomes of a plain view of people when columns below it change. */
export type ViewOutcome =
  /** Its own columns stay as they are, so it can be led to the successor and keeps its identity. */
  | { readonly becomes: 'repointed' }
  /** PostgreSQL keeps the types of a view's columns, so it has to be made anew: as it is, with the columns to come. */
  | { readonly becomes: 'recreated'; readonly to: WantedObject }
  | ({ readonly becomes: 'lost' } & Lost)

export interface TriedView {
  readonly key: Key
  readonly live: LiveObject
  /** What it reads, of what changes its columns and of the other views. */
  readonly on: ReadonlySet<Key>
  readonly outcome: ViewOutcome
  /** Whether a materialized view reads it. */
  readonly isReadByData: boolean
}
