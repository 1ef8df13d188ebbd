import type { Change, DeclaredObject, FieldChange } from '../core/change.ts'
import type { IdOf, Key, KindName, ObjectId } from '../core/object.ts'
import type { Hazard, Swap } from '../core/plan.ts'
import type { Secret } from '../core/secret.ts'
import type { Sql, Statement } from '../core/sql.ts'
import type { Manifest } from '../manifest/manifest.ts'
import type { Stanza, WriteContext } from './facets/stanza.ts'

/** Digests of secrets, so that kinds can compare what nobody may see. */
export interface SecretDigests {
  /** The digest that the server computes of the same value with this run's salt. */
  ofRun(secret: Secret): string
  /** Whether the value is the one that a slow, keyed digest in the ledger was made of. */
  matchesRecorded(secret: Secret, recorded: string): boolean
}

/** A row of a kind's catalog query. Rows name the object by the parts of its id. */
export interface CatalogRow<Spec> {
  readonly oid: number
  readonly digest?: string | null
  readonly locked?: boolean
  /** What stands under the wanted name when it is not an object of this kind: 'table', 'view' … */
  readonly occupied_by?: string | null
  readonly spec: Spec
  readonly needs?: readonly ObjectId[]
}

/** Gives the objects that a probed one refers to their stand-ins' names. */
export type StandInOf = (id: ObjectId) => ObjectId

/**
 * How a wanted object is tried out on the server, in a transaction that is always rolled back.
 * - `by-name`: nothing in it is normalised by the server. A missing one is made under its own name, for others to use.
 * - `checked`: nothing is normalised, but the server validates it: a stand-in is made where it differs from the live one.
 * - `read-back`: the server rewrites what was declared: a stand-in is made and read like a live object.
 */
export type Probe<Id extends ObjectId, Spec> =
  | ({ readonly how: 'by-name' } & ByName<Spec, Id>)
  | ({ readonly how: 'checked' } & StandIn<Id, Spec>)
  | ({
      readonly how: 'read-back'
      /** For what others refer to by its name: it is made under that too. */
      readonly byName?: ByName<Spec, Id>
      /**
       * What is wanted, from what was read of the stand-in and what was declared. `equivalentDeparse` is the text of the live one's
       * query where PostgreSQL shows the same query in two ways.
       */
      wanted(
        read: Spec,
        declared: Spec,
        likeLive: MatchedToLive<Spec> | undefined,
        equivalentDeparse: string | undefined,
      ): Spec
      /** Makes a stand-in like the live one in what can be altered, so that what else differs is seen by reading it again. */
      matchLive?(standIn: Id, read: Spec, live: Spec): readonly Statement[]
      /** Whether the server would show just what is written, so that an equal live object needs no probe. */
      plain?(declared: Spec): boolean
      /** For a probe under its real name: what is declared, with all that the wanted one has from others, but without them. */
      withoutParents?(declared: Spec, wanted: Spec): Spec
    } & StandIn<Id, Spec>)

export interface MatchedToLive<Spec> {
  readonly live: Spec
  /** What was read of the stand-in when it was made like that. */
  readonly read: Spec
}

export interface ByName<Spec = unknown, Id = ObjectId> {
  /** Whether others must find it changed, and the change keeps nobody waiting: then it is made in the probe too. */
  matters?(field: FieldChange, live: Spec): boolean
  /** Puts a live one into that schema, which locks nothing, so that the wanted one can be made whole in its place. */
  intoSchema?(id: Id, schema: string): Statement
}

interface StandIn<Id extends ObjectId, Spec> {
  /** The object under another name, with its references led to the stand-ins of what it refers to. */
  standIn(
    object: { readonly id: Id; readonly spec: Spec },
    scratch: { readonly schema: string; readonly name: string },
    standInOf: StandInOf,
  ): {
    readonly id: Id
    readonly spec: Spec
    /** Makes what the stand-in needs beside it, under names that begin with its own. */
    readonly before?: readonly Statement[]
  }
}

/** `scratch` is a schema that exists for the length of the transaction. */
export interface ReplacementBeside<Id extends ObjectId, Spec> {
  /** Whether it is only worth it where something reads it, since it holds no data: else it is dropped and made again. */
  readonly onlyIfUsed: boolean
  /** Whether it is built in that schema, or beside the old one under another name. */
  readonly inScratch: boolean
  build(id: Id, spec: Spec, scratch: string, wanted: Spec): readonly Statement[]
  /** Fills what was built, as {@link KindOf.populate} would. */
  load?(id: Id, scratch: string): readonly Statement[]
  /** The short part: the old one goes, the new one takes its place. `wanted` is the spec as the catalog shows it. */
  swap(id: Id, scratch: string, declared: Spec, wanted: Spec): Swap
}

/** How to connect to a source and read nothing. */
export interface ConnectivityProbe {
  /** The name of what it connects by. */
  readonly source: string
  readonly statement: Statement
  /** The same by way of one like it in a scratch schema: for what nobody else can see yet. */
  standIn(scratch: string): Sql
}

/** All that fdwsync knows about one kind of object. The phases name no kind: they go by this contract. */
export interface KindOf<Id extends ObjectId, Spec> {
  readonly kind: Id['kind']
  /** Lower ranks are made first and dropped last where nothing else decides. */
  readonly rank: number
  /**
   * How many entries of the server's table of locks it takes until COMMIT, about, to make one and to drop one: itself, its
   * row types, its TOAST table, its defaults. Measured on 14 and 18.
   */
  readonly locks: { readonly create: number; readonly drop: number }
  /** The address as PostgreSQL writes it, after the kind: `foreign table shop_proxy.orders`. */
  title(id: Id): string
  /**
   * Reads the objects named in `$1`, a JSON array of ids. Columns: `id` (the id's parts as JSON) and those of
   * {@link CatalogRow}. It runs under `search_path = pg_catalog, pg_temp`, the setting `fdwsync.salt` holding the salt
   * for digests of secrets.
   */
  readonly catalogQuery: Sql
  readonly catalog: string
  /** For objects that do not exist yet: `id` and `needs` of those named in `$1`, where the server knows what they need. */
  readonly requirementsQuery?: Sql
  /**
   * For objects that are to be made or altered: `id`, `reason` and `hint` of those in `$1`, ids each with its `spec`, that
   * can't be as declared for what only the server knows, its files for instance.
   */
  readonly impossibleQuery?: Sql
  readonly probe: Probe<Id, Spec>

  /** The wanted spec with every attribute that the manifest leaves open filled in: see {@link settle} of facets. */
  settle(wanted: Spec, last: Spec | undefined, live: Spec | undefined): Spec
  /** What differs. `declared` has the wanted SQL as written, which is what the effects are made of. */
  compare(
    id: Id,
    from: Spec,
    to: Spec,
    context: { readonly declared: Spec; readonly last: Spec | undefined; readonly digests: SecretDigests },
  ): readonly FieldChange[]
  /** What the server does not show of a live object, if so: hidden stays unknown, it is never taken for empty. */
  hidden?(id: Id, live: Spec): { readonly reason: string; readonly hint: string } | undefined
  /** The spec as the ledger keeps it: without secrets, or with slow digests where the server won't show them. */
  recorded?(declared: Spec, live: Spec | undefined, slowDigest: (secret: Secret) => string): unknown

  create(id: Id, spec: Spec): readonly Statement[]
  alter(id: Id, fields: readonly FieldChange[], from: Spec): readonly Statement[]
  drop(id: Id): readonly Statement[]
  /** For kinds that hold data. */
  populate?(id: Id, spec: Spec): readonly Statement[]
  /** What a part that was made on something that holds data needs to be of use. It may read that data. */
  buildContents?(id: Id, spec: Spec): readonly Statement[]
  wantsData?(spec: Spec): boolean

  /** How an object that can't be altered is built beside while the old one serves; else it is dropped and made again. */
  readonly replacement?: ReplacementBeside<Id, Spec>
  /** Makes it as a part of something that is built in another schema. For kinds with `partOf`. */
  createChild?(id: Id, spec: Spec, schema: string): readonly Statement[]
  /** What is left to do of such a part once its whole has taken its place, where it does not move along by itself. */
  finishChildAfterSwap?(id: Id, schema: string): readonly Statement[]
  /** `unless-shared`: dropped only if fdwsync made it, nothing else is inside and no other manifest declares it. */
  readonly dropPolicy: 'owned' | 'unless-shared'
  /** What has brought it and takes it along, so that it is never dropped by itself. */
  isLeftTo?(live: Spec): string | undefined
  /** How to reach what it reads. */
  connectivityProbe?(id: Id, spec: Spec): ConnectivityProbe
  /** The SQL whose relations it reads, so that they are made before it. */
  query?(spec: Spec): string
  withQuery?(spec: Spec, query: string): Spec
  /** What another object's definition can depend on: a relation's columns in their order, each with type and collation. */
  columns?(spec: Spec): ReadonlyMap<string, string>
  /** New names by old ones of the columns that an alteration renames; its parts have them under the new names then. */
  renamedColumns?(live: Spec, wanted: Spec): ReadonlyMap<string, string>
  withColumns?(spec: Spec, renamed: ReadonlyMap<string, string>): Spec
  /** The SQL and names that it consists of, for kinds whose meaning depends on what those find. */
  sqlFragments?(spec: Spec): readonly string[]
  /** For kinds that a manifest, or people under our hands, can rename. Without it such an object is made anew. */
  readonly renaming?: {
    /** `oid` and `id` of the objects of this kind with the OIDs in `$1`. */
    readonly namesQuery: Sql
    /** Gives it its name back, and its schema. */
    rename(from: Id, to: Id): readonly Statement[]
    /** For kinds whose columns a manifest can rename: new names by old ones. */
    renameColumns?(id: Id, renamed: ReadonlyMap<string, string>): readonly Statement[]
    /** Columns that are renamed with those of another relation, and only so. */
    columnsOfOthers?(spec: Spec): ReadonlySet<string>
    /** For a part: whether it moves to another schema with its whole, and only so. */
    readonly movesWithWhole?: boolean
    /** The spec with other names for what it refers to, where those are no SQL. */
    withNames?(spec: Spec, nameOf: StandInOf): Spec
  }
  /** The object that this one lives and dies with, as an index does with its materialized view. */
  parentOf?(spec: Spec, id: Id): Key
  /**
   * For what another can't be used without, though PostgreSQL knows nothing of that, so that it goes only when that goes: the
   * user mapping of a server. `under` is what it is called once that is renamed.
   */
  readonly belongsTo?: { ownerOf(id: Id): Key; under(id: Id, renamed: ObjectId): ObjectId }
  /** What an old one that can't be altered is called while it serves on beside its successor: no other is called so. */
  nameAside?(oid: number): Id
  hazards?(change: Change): readonly Hazard[]
  /** Roles that must exist for it. */
  roles?(spec: Spec): readonly string[]
  /** What of a declaration does not fit into what the probe has found to be wanted: grants on columns that are not there. */
  validateAgainstProbe?(written: Spec, wanted: Spec): string | undefined
  /** Why a server of that major version can't have what is declared. */
  needsNewer?(spec: Spec, major: number): string | undefined
  /** A few words for the line of a new object. */
  summary?(spec: Spec): string
  /** The attributes of a new object that a plan shows under its line. */
  details?(spec: Spec): readonly (readonly [label: string, text: string])[]
}

/** A kind that manifests declare. */
export interface DeclaredKindOf<Id extends ObjectId, Spec> extends KindOf<Id, Spec> {
  /** Everything of this kind that a manifest declares, its SQL as written. */
  declare(manifest: Manifest, digests: SecretDigests): readonly DeclaredObject[]
  /** The inverse of `declare`: a live object as people would write it, without what is the default anyway. */
  write(id: Id, live: Spec, context: WriteContext): Stanza
  /** The `id` of everything of this kind that people made, under the path of `catalogQuery`: see facets/people.ts. */
  readonly listQuery: Sql
}

export type DeclaredKind<K extends KindName, Spec> = DeclaredKindOf<IdOf<K>, Spec>

/** A kind whose spec type is forgotten: what the phases see. Methods are bivariant, so no cast is needed. */
export type AnyKind = KindOf<ObjectId, unknown>
export type AnyDeclaredKind = DeclaredKindOf<ObjectId, unknown>
