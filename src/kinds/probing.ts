// How the objects of a kind are probed: a part of the contract in kind.ts.
import type { FieldChange } from '../core/change.ts'
import type { ObjectId, Relation } from '../core/object.ts'
import type { Sql, Statement } from '../core/sql.ts'

/** Maps what a probed object refers to onto its stand-in. */
export type StandInOf = (id: ObjectId) => ObjectId

/**
 * How a wanted object is tried out on the server, in a transaction that is always rolled back.
 * - `none`: not at all. The server does not know such objects, and no SQL can name them.
 * - `by-name`: the server normalizes nothing. A missing object is created under its own name, for others to use.
 * - `checked`: the server normalizes nothing, but validates. A stand-in is created where the object differs from the live one.
 * - `read-back`: the server rewrites what was declared. A stand-in is created and read like a live object.
 */
export type Probe<Id extends ObjectId, Spec> =
  | { readonly how: 'none' }
  | ({ readonly how: 'by-name' } & ByName<Spec, Id>)
  | ({ readonly how: 'checked' } & StandIn<Id, Spec>)
  | ({
      readonly how: 'read-back'
      /** For objects that others refer to by name: they are created under that name too. */
      readonly byName?: ByName<Spec, Id>
      /**
       * The wanted spec, from what was read of the stand-in and what was declared. `equivalentDeparse` is the text of the
       * live query where PostgreSQL shows the same query in two ways.
       */
      wanted(
        read: Spec,
        declared: Spec,
        matched: MatchedToLive<Spec> | undefined,
        equivalentDeparse: string | undefined,
      ): Spec
      /** Alters a stand-in to match the live object, so that reading it again shows what cannot be altered. */
      matchLive?(standIn: Id, read: Spec, live: Spec): readonly Statement[]
      /** Whether the server shows this declaration exactly as written, so that an equal live object needs no probe. */
      isVerbatim?(declared: Spec): boolean
      /** For new objects that the server certainly accepts, and shows in a form that is known. */
      readonly certain?: Certain<Spec>
      /** The declared spec without options that the live object has too: the server may no longer accept those. */
      withoutUnchangedOptions?(declared: Spec, live: Spec): Spec
      /** For a probe under the real name: the declared spec with everything inherited spelled out, and no parents. */
      withoutParents?(declared: Spec, wanted: Spec): Spec
    } & StandIn<Id, Spec>)

/** Objects that need not all be tried out: one for each basis is enough. */
export interface Certain<Spec> {
  /** Undefined if a declaration is not certain. */
  formOf(declared: Spec): CertainForm<Spec> | undefined
  /** Returns which of the names of bases in `$1` are certain, as `name`. Runs under `search_path = pg_catalog`. */
  readonly basesQuery: Sql
}

export interface CertainForm<Spec> {
  /** The object on which it depends that the server accepts the declaration. */
  readonly basis: ObjectId
  /** The declaration as the server shows it. */
  readonly shown: Spec
}

export interface MatchedToLive<Spec> {
  readonly live: Spec
  /** What was read of the stand-in once it was altered to match the live object. */
  readonly read: Spec
}

export interface ByName<Spec = unknown, Id = ObjectId> {
  /** Set for objects that only contain others: the probe creates them only for members that it creates under their own names. */
  readonly isNamespace?: boolean
  /** Whether the probe must apply this change because other objects depend on it. Such a change must block no reader. */
  affectsOthers?(field: FieldChange, live: Spec): boolean
  /** Renames parts of what the probe created to the names in the live object, since these are in the text of whatever uses it. */
  renameWithin?(id: Id, wanted: Spec, live: Spec): readonly Statement[]
  /** The names of what comes with it in its schema: the multirange type of a range. */
  namesWithin?(spec: Spec): readonly string[]
  /** The names of functions that come with it in its schema: the constructors of a range and its multirange. */
  functionsWithin?(id: Id, spec: Spec): readonly string[]
  /** Moves the live object to that schema, which locks nothing, so that the wanted one can be created in its place. Set for types:
   * the probe creates those in a scratch schema that precedes their own. */
  intoSchema?(id: Id, schema: string): Statement
}

interface StandIn<Id extends ObjectId, Spec> {
  /** The object under another name, its references pointed at the stand-ins of what it refers to. */
  standIn(
    object: { readonly id: Id; readonly spec: Spec },
    scratch: { readonly schema: string; readonly name: string },
    standInOf: StandInOf,
  ): {
    readonly id: Id
    readonly spec: Spec
    /** Creates what the stand-in needs, under names that begin with its own. */
    readonly before?: readonly Statement[]
  }
}

/** How the server shows the queries that are certain, which depends on its version. */
export interface QueryStyle {
  /** A name as `quote_ident()` returns it. */
  quoted(name: string): string
  readonly hasPrefix: boolean
}

/** Queries that the server certainly accepts and shows in a known form, so that only one of several new objects is tried out. */
export interface CertainQuery<Spec> {
  /** @param relation the only relation that the query reads, whose columns are certain */
  isCertain(declared: Spec, relation: Relation): boolean
  /** The declaration as the server shows it. */
  shown(declared: Spec, relation: Relation, columns: ReadonlyMap<string, string>, style: QueryStyle): Spec
  /** Derives the style from how the server has shown one object. Undefined if that is not a known way. */
  styleOf(
    shown: Spec,
    relation: Relation,
    columns: ReadonlyMap<string, string>,
    quoted: QueryStyle['quoted'],
  ): QueryStyle | undefined
}
