// The texts of a manifest, before parsing. A plan can be found by their digest, so nothing that parses is loaded here.

import { createHash } from 'node:crypto'
import type { GivenVariables } from './composition/variables.ts'
import type { References } from './manifest.ts'

/** The text of a file. */
export interface ManifestFile {
  /** Its name in messages. */
  readonly file: string
  readonly bytes: Uint8Array
  /** Undefined leaves `${…}` unresolved. Paths in `${file:…}` are relative to the file: those of one folder have the same references. */
  readonly references: References | undefined
}

/** The texts, with the values of variables. */
export interface ManifestTexts {
  readonly files: readonly [ManifestFile, ...ManifestFile[]]
  readonly variables: GivenVariables
}

/** Of a single text, its SHA-256. The order of several files is part of what they mean. */
export function digestOf({ files, variables }: ManifestTexts): string {
  const [first, ...later] = files
  const given = Object.entries(variables).toSorted(([left], [right]) => (left < right ? -1 : 1))
  if (later.length === 0 && given.length === 0) return textDigest(first.bytes)
  const all = [files.map(({ bytes }) => textDigest(bytes)), given]
  return createHash('sha256').update(JSON.stringify(all)).digest('hex')
}

/** The SHA-256 of a text, as `sha256sum` prints it. */
function textDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
