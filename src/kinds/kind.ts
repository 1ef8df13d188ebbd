// The contract of a kind: everything that the phases may ask about one sort of object. A kind implements the required members, and
// the capabilities that its objects have. The phases name no kind.
import type { Change, DeclaredObject, FieldChange } from '../core/change.ts'
import type { IdOf, Key, KindName, ObjectId } from '../core/object.ts'
import type { Hazard, Swap } from '../core/plan.ts'
import type { Secret } from '../core/secret.ts'
import type { Sql, Statement } from '../core/sql.ts'
import type { Manifest } from '../manifest/manifest.ts'
import type { Child } from './child.ts'
import type { Evaluated } from './evaluated.ts'
import type { Stanza, WriteContext } from './facets/stanza.ts'
import type { CertainQuery, Probe, StandInOf } from './probing.ts'

/** Digests of secrets, so that kinds can compare values that they must not see. */
export interface SecretDigests {
  /** The digest that the server computes of the same value with this run's salt. */
  ofRun(secret: Secret): string
  /** Whether the slow, keyed digest in the ledger is of this value. */
  matchesRecorded(secret: Secret, recorded: string): boolean
}

/** A row of a kind's catalog query. Rows name the object by the parts of its id. */
export interface CatalogRow<Spec> {
  readonly oid: number
  readonly digest?: string | null
  readonly locked?: boolean
  /** What has the wanted name, if that is not an object of this kind: 'table', 'view' … */
  readonly occupied_by?: string | null
  readonly spec: Spec
  readonly needs?: readonly ObjectId[]
}

/** How to build a new object while the old one serves. `scratch` is a name that exists for the length of the transaction. */
export interface ReplacementBeside<Id extends ObjectId, Spec> {
  /** Set for objects without data, which are dropped and created unless something reads them. */
  readonly onlyIfUsed: boolean
  /** Whether `scratch` is the schema in which it is built, or its own name until the swap, next to the old one. */
  readonly inScratch: boolean
  /**
   * Set if the object is built beside the old one only because something that it uses is. If it changes itself, the old one is
   * renamed aside.
   */
  readonly onlyWithWhatItUses?: true
  /**
   * For an object that can replace one of another kind: the catalogs of what can be attached to it. The other kind may allow more.
   */
  readonly attachable?: readonly string[]
  /** Why an object of this definition cannot have what is attached to it in that catalog. */
  whyNotAttached?(catalog: string, wanted: Spec): string | undefined
  /** The changes by which ALTER does the same in place, if it can. New columns of a copy are empty until its next refresh. */
  alterInstead?(id: Id, live: Spec, wanted: Spec): Promise<readonly FieldChange[] | undefined>
  build(id: Id, spec: Spec, scratch: string, wanted: Spec): readonly Statement[]
  /** Loads the new object, as {@link Data.populate} would. */
  load?(id: Id, scratch: string, wanted: Spec): readonly Statement[]
  /** What is cheaper for all rows at once than row by row, so that it comes after the load. */
  complete?(id: Id, scratch: string, wanted: Spec): readonly Statement[]
  /** The short part, in which the new object takes the place of the old one. `wanted` is the spec as the catalog shows it. */
  swap(id: Id, scratch: string, declared: Spec, wanted: Spec): Swap
}

/** Why an object cannot be read, and what to do. */
export interface Unreadable {
  readonly reason: string
  readonly hint: string
}

/** The setting with the name of the target, for statements that run in another database of its server. */
export const targetSetting = 'fdwsync.target'

/**
 * Objects that can be in another database of the same server. They are read and changed over a connection of their own, so a change
 * is not part of the transaction that records it: its statements must be repeatable.
 */
export interface Elsewhere<Id extends ObjectId, Spec> {
  /** Undefined if it is in the target. */
  databaseOf(id: Id): string | undefined
  /** Runs in that database, and returns a row of {@link Unreadable} if this role cannot change such objects. */
  readonly obstacleQuery: Sql
  /** The spec of an object that cannot be read. */
  unreadable(why: Unreadable): Spec
}

/**
 * An object without which another one, its owner, is of no use, although PostgreSQL records no dependency: the user mapping of a
 * server, the refresh policy of a copy. It is dropped and renamed with its owner.
 */
export interface BelongsTo<Id extends ObjectId> {
  /** `id` of the objects of this kind with the OIDs in `$1`, for kinds that have OIDs. */
  readonly namesQuery?: Sql
  /** The possible owners, of which at most one exists. */
  ownersOf(id: Id): readonly Key[]
  /** Its id once the owner is renamed. */
  under(id: Id, renamed: ObjectId): ObjectId
}

/** Kinds that a manifest, or another session, can rename. Without this a renamed object is dropped and created. */
export interface Renaming<Id extends ObjectId, Spec> {
  /** `oid` and `id` of the objects of this kind with the OIDs in `$1`. */
  readonly namesQuery: Sql
  /** Changes the name, and the schema. */
  rename(from: Id, to: Id): readonly Statement[]
  /** The spec with other names for what it refers to outside of SQL. */
  withNames?(spec: Spec, nameOf: StandInOf): Spec
  /** Renames columns, given their new names by the old ones. */
  renameColumns?(id: Id, renamed: ReadonlyMap<string, string>): readonly Statement[]
  /** The spec with other names of columns, its own or those of its parent. */
  withColumns?(spec: Spec, renamed: ReadonlyMap<string, string>): Spec
  /** The columns that an alteration renames: new names by old ones. The children then show the new names. */
  alteredColumnNames?(live: Spec, wanted: Spec): ReadonlyMap<string, string>
  /** The columns that were renamed outside fdwsync, as the object itself shows: their former names by their present ones. */
  columnsRenamedByHand?(live: Spec): ReadonlyMap<string, string>
  /** The columns that PostgreSQL renames only together with those of another relation. */
  inheritedColumns?(spec: Spec): ReadonlySet<string>
}

/** Kinds whose objects are taken over only if the manifest demands it (`adopt`), since their data may come from elsewhere. */
export interface Adoption<Spec> {
  /** Whether a declaration demands it. */
  isAsked(declared: Spec): boolean
  /** Whether a live object is yet to be taken over. */
  isUnmanaged(live: Spec): boolean
}

/** How an object leaves its name to another one, and is kept under a temporary name until nothing depends on it any more. */
export interface Aside<Id extends ObjectId, Spec> {
  /** The id under that name. */
  called(id: Id, name: string): Id
  /** Whether it can exist beside its successor. */
  isPossible?(live: Spec): boolean
  rename(from: Id, to: Id): readonly Statement[]
}

/** Objects that hold data of their own. */
export interface Data<Id extends ObjectId, Spec> {
  /** For a declared object: whether to load it. For a live one: whether it has been loaded. */
  isPopulated(spec: Spec): boolean
  populate(id: Id, spec: Spec): readonly Statement[]
}

/** Objects that are defined by a query. */
export interface Query<Spec> {
  /** What it reads must exist before it. */
  text(spec: Spec): string
  withText(spec: Spec, query: string): Spec
  readonly certain?: CertainQuery<Spec>
}

/** Objects with attributes that must not be shown. The server hides some of them, and shows others to every role. */
export interface Secrets<Id extends ObjectId, Spec> {
  /** Why attributes of a live object are hidden, if they are. Hidden means unknown, never empty. */
  hidden?(id: Id, live: Spec): { readonly reason: string; readonly hint: string } | undefined
  /**
   * The spec of the catalog query with its secrets hidden, for kinds whose secrets the server shows to every role.
   * @param named the options that the manifest calls secret, in addition to those that are by their name or value
   */
  hide?(read: Spec, named: readonly string[], digestOf: (secret: Secret) => string): Spec
  /** The options with a secret that the server shows to every role. */
  exposed?(spec: Spec): readonly string[]
  /** The spec as the ledger keeps it: with slow digests in place of secrets, or with nothing if every role can see them. */
  recorded(spec: Spec, slowDigest: (secret: Secret) => string): unknown
}

/** What must be true of the server for an object to be as declared. */
export interface Preconditions<Spec> {
  /** Roles that must exist. */
  roles?(spec: Spec): readonly string[]
  /** Why a server of that major version cannot have what is declared. */
  needsNewer?(spec: Spec, major: number): string | undefined
  /** Why a declaration contradicts what the probe found: a grant on a column that the query does not return. */
  validateAgainstProbe?(written: Spec, wanted: Spec): string | undefined
  /**
   * `id`, `reason` and `hint` of the objects in `$1` (ids, each with its `spec`) that cannot be created or altered as declared,
   * for reasons that only the server knows, its files for instance.
   */
  readonly impossibleQuery?: Sql
  /** `id` and `needs` of the missing objects in `$1`, for needs that only the server knows. */
  readonly needsQuery?: Sql
}

/** What a plan shows of a new object. */
export interface Display<Spec> {
  /** Set for objects that a list shows on the line of their owner as long as nothing is wrong. */
  readonly isShownWithOwner?: true
  /** A few words on its line. */
  summary?(spec: Spec): string
  /** The attributes under that line. */
  details?(spec: Spec): readonly (readonly [label: string, text: string])[]
}

/** How to connect to a source and read nothing. */
export interface ConnectivityProbe {
  /** The name of the server that it connects through. */
  readonly source: string
  readonly statement: Statement
  /** The same through a table in a scratch schema. Undefined if every session sees the table. */
  standIn?(scratch: string): readonly Statement[]
}

/** All that fdwsync knows about one kind of object. */
export interface KindOf<Id extends ObjectId, Spec> {
  readonly kind: Id['kind']
  /** Lower ranks are created first and dropped last where nothing else decides. */
  readonly rank: number
  /**
   * About how many entries of the server's lock table creating and dropping one object take until COMMIT: for itself, its row
   * types, its TOAST table, its defaults. Measured on 14 and 18.
   */
  readonly locks: { readonly create: number; readonly drop: number }
  /** The address as PostgreSQL writes it, after the kind: `foreign table shop_proxy.orders`. */
  title(id: Id): string
  /**
   * The catalog that its OIDs belong to, or a table with a schema. While this role cannot read such a table, or it does not exist,
   * there are no objects of this kind.
   */
  readonly catalog: string
  /**
   * Reads the objects named in `$1`, a JSON array of ids. Columns: `id` (the id's parts as JSON) and those of
   * {@link CatalogRow}. It runs under `search_path = pg_catalog, pg_temp`; the setting `fdwsync.salt` holds the salt for
   * digests of secrets, and `fdwsync.scratch_schema` the schema of stand-ins, if there is one.
   */
  readonly catalogQuery: Sql
  /** The same for relations without parents, if that takes much less time to plan. */
  readonly plainCatalogQuery?: Sql
  /** The spec in full, where a query, or the ledger, abbreviates it. */
  expand?(read: Spec): Spec
  /** As the ledger keeps it. */
  abbreviate?(spec: Spec): unknown
  /** Whether PostgreSQL creates a row type of the same name with each object, so that another type can be in the way. */
  readonly hasRowType?: true
  /** Whether the query reads the setting `fdwsync.locked`, the OIDs of the relations whose definitions would have to wait for a lock. */
  readonly readsLocked?: true
  readonly probe: Probe<Id, Spec>

  /** The wanted spec, with every attribute that the manifest leaves open settled: see facets/defaults.ts. */
  settle(wanted: Spec, last: Spec | undefined, live: Spec | undefined): Spec
  /** What differs. `declared` has the wanted SQL as written, which the statements consist of. */
  compare(
    id: Id,
    from: Spec,
    to: Spec,
    context: { readonly declared: Spec; readonly last: Spec | undefined; readonly digests: SecretDigests },
  ): readonly FieldChange[]

  create(id: Id, spec: Spec): readonly Statement[]
  alter(id: Id, fields: readonly FieldChange[], from: Spec): readonly Statement[]
  /**
   * The part of an alteration that precedes all other definitions of a plan. Until a table has left its parents, whatever happens
   * to them happens to it, too.
   */
  unlink?(id: Id, fields: readonly FieldChange[], from: Spec): readonly Statement[]
  drop(id: Id): readonly Statement[]
  /** `unless-shared`: dropped only if fdwsync created it, nothing else is inside and no other manifest declares it. */
  readonly dropPolicy: 'owned' | 'unless-shared'
  /** What the object came with, and is dropped with. It is never dropped on its own. */
  cameWith?(live: Spec): string | undefined
  hazards?(change: Change): readonly Hazard[]

  /** Without it, an object that cannot be altered is dropped and created. */
  readonly replacement?: ReplacementBeside<Id, Spec>
  readonly child?: Child<Id, Spec>
  readonly elsewhere?: Elsewhere<Id, Spec>
  readonly belongsTo?: BelongsTo<Id>
  readonly renaming?: Renaming<Id, Spec>
  readonly aside?: Aside<Id, Spec>
  readonly adoption?: Adoption<Spec>
  readonly data?: Data<Id, Spec>
  readonly query?: Query<Spec>
  /** For relations: the columns in order, each with type and collation. The definitions of dependents rest on these. */
  columns?(spec: Spec): ReadonlyMap<string, string>
  /** The name of its primary key, if it has one. */
  keyName?(spec: Spec): string | undefined
  /** The owner that is declared for it, for kinds whose SQL runs as their owner. */
  ownerOf?(spec: Spec): string | null | undefined
  /** The SQL and the names in a spec, with their schemas, for kinds whose meaning depends on what those resolve to. */
  sqlFragments?(spec: Spec): readonly string[]
  /** For kinds without a query: expressions that name all types in a spec, some of which may be row types. Only to be parsed. */
  typedExpressions?(spec: Spec): readonly string[]
  readonly evaluated?: Evaluated<Id, Spec>
  readonly secrets?: Secrets<Id, Spec>
  readonly preconditions?: Preconditions<Spec>
  readonly display?: Display<Spec>
  connectivityProbe?(id: Id, spec: Spec): ConnectivityProbe
}

/** A kind that manifests declare. */
export interface DeclaredKindOf<Id extends ObjectId, Spec> extends KindOf<Id, Spec> {
  /** Everything of this kind that a manifest declares, its SQL as written. */
  declare(manifest: Manifest, digests: SecretDigests): readonly DeclaredObject[]
  /** The inverse of `declare`: a live object as a user would write it, without defaults. */
  write(id: Id, live: Spec, context: WriteContext): Stanza
  /** The `id` of every user object of this kind, under the path of `catalogQuery`: see facets/user-objects.ts. */
  readonly listQuery: Sql
}

export type DeclaredKind<K extends KindName, Spec> = DeclaredKindOf<IdOf<K>, Spec>

/** A kind whose spec type is forgotten: what the phases see. Methods are bivariant, so no cast is needed. */
export type AnyKind = KindOf<ObjectId, unknown>
export type AnyDeclaredKind = DeclaredKindOf<ObjectId, unknown>
