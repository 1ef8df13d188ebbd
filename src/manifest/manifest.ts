import type { Place, Problem } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import type { ImportTable, Manifest } from './generated/manifest-types.ts'

export type { Manifest }

/** Where something stands in a manifest: the keys and positions that lead to it. */
export type Path = readonly (string | number)[]

/** A manifest as read, with what tells where each of its parts stands. */
export interface ParsedManifest {
  readonly manifest: Manifest
  /** What its imports and mirrors request of their sources. */
  readonly requests: readonly ImportRequest[]
  /** The place of a value, or of the nearest one around it that the text has. */
  place(path: Path): Place
  /** The place of a character inside a scalar, as far as the scalar's style lets it be told. */
  placeInside(path: Path, offset: number): Place
  /** All values that must not be printed. */
  readonly secrets: readonly Secret[]
  readonly warnings: readonly Problem[]
  /** The SHA-256 of the text; undefined if a secret stands in it in clear, which it could help to guess. */
  readonly digest: string | undefined
  /** References are left as they are: what holds one is not what it will be. */
  readonly isUnresolved: boolean
  /** What stands beside it and says what its imports and mirrors have: then no source is asked for that. */
  readonly lock?: ParsedManifest
  /** The manifest as it is written: references are not resolved. */
  readonly written: unknown
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
  readonly options: Readonly<Record<string, string>>
  readonly tables: Readonly<Record<string, ImportTable>>
  /** Whether the definitions of the source's indexes are requested too. */
  readonly withIndexes: boolean
  /** Whether the types of the source's columns are to be created. */
  readonly copiesTypes: boolean
  /** Whether to list the column names of a table that cannot be imported. */
  readonly withColumnNames?: boolean
}

/** What `${env:NAME}` and `${file:path}` stand for. Undefined: there is no such thing. */
export interface References {
  env(name: string): string | undefined
  file(path: string): string | undefined
}
