// The types of a parsed manifest.

import type { Place, Problem } from '../core/errors.ts'
import type { Hidden, ResolvedReference } from '../core/redaction.ts'
import type { Secret } from '../core/secret.ts'
import type { ImportTable, Manifest } from './generated/manifest-types.ts'

export type { Manifest }

/** A path in a manifest: keys of maps, and positions in lists. */
export type Path = readonly (string | number)[]

/** A valid manifest, with the places of its parts in the text. */
export interface ParsedManifest {
  readonly manifest: Manifest
  /** The requests of its imports and mirrors to their sources. */
  readonly requests: readonly ImportRequest[]
  /** The place of a key or, if the text does not have it, of the nearest one around it. */
  place(path: Path): Place
  /** The place of a character inside a scalar. For some styles of scalars, the place of the scalar. */
  placeInside(path: Path, offset: number): Place
  /** All secrets in the manifest. */
  readonly secrets: readonly Secret[]
  /** The values of its other references that messages must not show. */
  readonly references: readonly ResolvedReference[]
  /** The declared variables. */
  readonly variables: readonly Variable[]
  readonly warnings: readonly Problem[]
  /**
   * Values of options that a server accepts but that fail when they are used. A plan reports only those that it would set, since a
   * live object may have others.
   */
  readonly optionProblems: readonly OptionProblem[]
  /** The SHA-256 of the texts and the given variables. Undefined if these contain a secret, which the digest would help to guess. */
  readonly digest: string | undefined
  /** Whether references were left unresolved, so that values with references are not the real values. */
  readonly isUnresolved: boolean
  /** The values with unresolved references, if the others were resolved. */
  readonly unresolved: readonly UnresolvedValue[]
  /** The lock beside the manifest. If it is set, imports and mirrors come from it, and no source is contacted for them. */
  readonly lock?: ParsedManifest
  /** The manifest with unresolved references. */
  readonly written: unknown
  /** The manifest with references in the place of the values that are not secrets; undefined if it has none. */
  readonly withReferences: Manifest | undefined
}

/** The values that messages about a manifest must not show. */
export function hiddenIn({ secrets, references }: ParsedManifest): readonly Hidden[] {
  return [...secrets, ...references]
}

export interface OptionProblem {
  /** Ends with the name of the option. */
  readonly path: Path
  readonly problem: Problem
}

/** A request to import tables from one schema of a source, on behalf of an import or a mirror. */
export interface ImportRequest {
  /** The path of the import or mirror in the manifest. */
  readonly path: Path
  readonly server: string
  readonly remoteSchema: string
  /** The schema that the foreign tables belong to. */
  readonly schema: string
  readonly limitTo: readonly string[] | undefined
  readonly except: readonly string[]
  /** How many of them are in the list `except`. The others are excluded by entries of their own. */
  readonly listedExceptions: number
  readonly options: Readonly<Record<string, string>>
  readonly tables: Readonly<Record<string, ImportTable>>
  /** Whether the definitions of the source's indexes are requested too. */
  readonly withIndexes: boolean
  /** Whether the primary keys of the source's tables are requested. */
  readonly withKeys: boolean
  /** Whether the types of the source's columns are to be created. */
  readonly copiesTypes: boolean
  /** The schema to create them in. Undefined: the one that they have at the source. */
  readonly typesSchema: string | undefined
  /** What a mirror copies. An import leaves that to the wrapper. */
  readonly mirrored: MirroredRelations | undefined
  /** Whether to list the column names of a table that cannot be imported. */
  readonly withColumnNames?: boolean
}

export type RelationKind = 'tables' | 'views' | 'materialized_views' | 'foreign_tables'

/** The relations of a source that a mirror copies, if it lists none. */
export interface MirroredRelations {
  /** Partitioned tables are tables. */
  readonly kinds: readonly RelationKind[]
  /** Whether the manifest does not list the kinds. */
  readonly isDefault: boolean
  /** Whether a partitioned table is copied as one, or each of its partitions. */
  readonly partitions: 'parent' | 'each'
  /** The relations that are copied whatever their kind, even if they belong to an extension. */
  readonly named: readonly string[]
}

export type VariableType = 'text' | 'integer' | 'boolean'

/** A variable that a manifest declares under `vars`. */
export interface Variable {
  readonly name: string
  readonly type: VariableType
  readonly description: string | undefined
  readonly default: string | undefined
  /** Undefined if it has no default and was not given. */
  readonly value: string | undefined
  /** Whether the value was given, rather than the default. */
  readonly isGiven: boolean
}

/** Resolves `${env:NAME}` and `${file:path}`. */
export interface References {
  /** Undefined if the variable is not set. */
  env(name: string): string | undefined
  file(path: string): string | UnreadableFile
}

/** Why a file that a manifest refers to is not read. */
export interface UnreadableFile {
  readonly reason: string
  readonly hint: string
}

/** A value with an unresolved reference, in a part of the manifest that the command may not need. */
export interface UnresolvedValue {
  readonly path: Path
  readonly problem: Problem
}
