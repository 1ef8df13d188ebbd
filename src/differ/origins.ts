// Where a difference comes from: the pure rule. The ledger has what was wanted last, in the words of PostgreSQL. What is wanted now
// and was not wanted then was changed in the manifest, at its source, or by what the object reads. What was wanted then and does not
// exist now has drifted.

import type { FieldChange, LiveObject, Origin, WantedObject } from '../core/change.ts'
import { sameData } from '../core/data.ts'
import { ignoredOf } from '../core/ignored.ts'
import { keyOf } from '../core/object.ts'
import { secretText } from '../core/secret.ts'
import type { SecretDigests } from '../kinds/kind.ts'
import { areDeclaredAlike, hasDigests, withRunDigests } from '../kinds/recorded.ts'
import { kindOf } from '../kinds/registry.ts'
import type { LedgerEntry } from '../ledger/read.ts'
import type { SourceChanges } from '../sources/source-changes.ts'

export interface OriginInput {
  /** As last applied. */
  readonly entry: LedgerEntry
  /** As the catalog showed it when it last matched that declaration; undefined if an older release recorded it. */
  readonly canonical: unknown
  readonly wanted: WantedObject
  /** Undefined if it does not exist. */
  readonly live: LiveObject | undefined
  readonly searchPath: readonly string[]
  readonly digests: SecretDigests
  /** What has changed at the sources of what is imported. */
  readonly altered: SourceChanges['altered']
  /** Whether the plan changes something that the object's definition rests on. */
  readonly hasChangedNeeds: boolean
}

/** `dependency`: it follows from the change of another object. An empty list: unknown. */
export type FieldOrigins = readonly Origin[] | 'dependency'

/** The origins of a difference between the wanted and the live object, field by field. */
export function fieldOrigins(given: OriginInput): (field: FieldChange) => FieldOrigins {
  const input = withLastWanted(given)
  const edited = lazily(() => editedFields(input))
  const drifted = lazily(() => driftedFields(input))
  const edits = lazily(() => textEdits(input))
  return (field) => {
    // A view without data may never have been loaded, so no one need have emptied it.
    if (field.effect.how === 'populate') return []
    const isOwn = includes(edited(), field.field) || drifted()(field.field, edits().manifest)
    // A view's columns that were renamed by hand and in the manifest appear as another query, compared with the last one.
    const compared = isOwn ? field.field : (field.follows ?? field.field)
    const isEdited = includes(edited(), compared)
    if (isSecret(field)) return originsOfSecret(input, isEdited)
    const isDefinition = field.effect.how === 'replace' || compared !== field.field
    const hasDrifted = drifted()(compared, edits().manifest) && !(isUntouched(input) && isDefinition)
    // An older release recorded only the text. How PostgreSQL showed that is not known, so a difference from it proves nothing.
    if (isEdited && !isComparable(input)) return editors(input, field, edits())
    if (isEdited) {
      const origins = editors(input, field, edits())
      if (origins.length === 0 && isFollowing(input, field) && !hasDrifted) return 'dependency'
      return origins.length === 0 || hasDrifted ? [...origins, 'drift'] : origins
    }
    if (hasDrifted) return ['drift']
    if (isFollowing(input, field)) return 'dependency'
    // Declared for the first time, with the value that it was last left at by chance; else it is not known to be declared.
    const origins = objectEditors(input)
    return origins.length === 0 ? ['drift'] : origins
  }
}

/** Where the declaration of the object as a whole was changed since it was last applied. */
export function objectOrigins(given: OriginInput): readonly Origin[] {
  const input = withLastWanted(given)
  return editedFields(input).size === 0 ? [] : objectEditors(input)
}

/** The fields in which what is wanted differs from what was wanted last. */
function editedFields(input: Input): ReadonlySet<string> {
  const { wanted } = input
  return compare(input, input.lastWanted(), wanted.spec, wanted.declared)
}

/**
 * Whether the live object differs from what was wanted last. What no manifest had declared may change without being drift, unless
 * the manifest declares it now.
 */
function driftedFields(input: Input): (field: string, editedInManifest: ReadonlySet<string>) => boolean {
  const { live, entry } = input
  if (!live || isAsWantedLast(input, live)) return () => false
  const ofManaged = compare(input, live.spec, lastManaged(input), entry.declared)
  const ofAll = compare(input, live.spec, input.lastWanted(), entry.declared)
  return (field, editedInManifest) => ofManaged.has(field) || (ofAll.has(field) && editedInManifest.has(field))
}

/** Most objects are just as they were, which is cheaper to find out than each difference. What is ignored was not wanted as it was. */
function isAsWantedLast({ entry, lastWanted }: Input, live: LiveObject): boolean {
  return ignoredOf(entry.declared).length === 0 && sameData(live.spec, lastWanted())
}

function compare({ wanted: { id }, digests }: OriginInput, from: unknown, to: unknown, declared: unknown) {
  const fields = kindOf(id).compare(id, from, to, { declared, last: undefined, digests })
  return new Set(fields.map(({ field }) => field))
}

interface Input extends OriginInput {
  /** Computed once: it takes a walk through all attributes. */
  lastWanted(): unknown
}

function withLastWanted(input: OriginInput): Input {
  const { entry, canonical = entry.declared, wanted, digests } = input
  return { ...input, lastWanted: lazily(() => withRunDigests(canonical, wanted.written, digests)) }
}

/** The same without what was not declared. */
function lastManaged(input: Input): unknown {
  const { entry, wanted, digests } = input
  return inWordsOfLast(input, withRunDigests(entry.declared, wanted.written, digests))
}

/** What is declared, its SQL replaced by that of the object that was wanted last: the rest can be compared field by field. */
function inWordsOfLast(input: Input, declared: unknown): unknown {
  const { probe } = kindOf(input.wanted.id)
  return probe.how === 'read-back' ? probe.wanted(input.lastWanted(), declared, undefined, undefined) : declared
}

/** Of kinds that PostgreSQL shows as they are declared, the declaration is enough. */
function isComparable({ canonical, entry }: OriginInput): boolean {
  return canonical !== undefined || kindOf(entry.id).probe.how !== 'read-back'
}

/** Its raw definition is as recorded. If PostgreSQL shows it otherwise today, something that it names was renamed. */
function isUntouched({ entry, live }: OriginInput): boolean {
  return entry.digest !== null && entry.digest === live?.digest
}

/** Whether a field of the object is in the set, or a part of it: `column a type` of `column a`. */
function includes(fields: ReadonlySet<string>, field: string): boolean {
  return fields.has(field) || [...fields].some((other) => other.startsWith(`${field} `))
}

function isFollowing({ hasChangedNeeds }: OriginInput, { effect, follows }: FieldChange): boolean {
  // A definition follows from what it reads only if the object is replaced, and a column's name only if it is renamed along.
  return hasChangedNeeds && (effect.how === 'replace' || follows !== undefined)
}

/** Who has edited a field that is wanted otherwise than before. None if its text did not change, but means something else now. */
function editors(
  input: OriginInput,
  { field, follows }: FieldChange,
  { manifest, source }: TextEdits,
): readonly Origin[] {
  const isIn = (edits: ReadonlySet<string>) =>
    includes(edits, field) || (follows !== undefined && includes(edits, follows))
  const origins: readonly Origin[] = [
    ...(isIn(manifest) ? (['manifest'] as const) : []),
    ...(isIn(source) ? (['source'] as const) : []),
  ]
  if (origins.length > 0) return origins
  return [...objectEditors(input), ...(hasOtherPath(input) ? (['manifest'] as const) : [])].slice(0, 1)
}

type TextEdits = { readonly [of in 'manifest' | 'source']: ReadonlySet<string> }

/** By field, how the declaration differs from the one that was last applied: by the manifest, and by the source. */
function textEdits(input: Input): TextEdits {
  const { entry, wanted, altered } = input
  const key = keyOf(wanted.id)
  const settled = (written: unknown) => kindOf(wanted.id).settle(written, entry.declared, entry.declared)
  const now = settled(wanted.written)
  const then = altered.has(key) ? settled(altered.get(key)) : now
  return {
    manifest: declarationEdits(input, entry.declared, then),
    source: altered.has(key) ? declarationEdits(input, then, now) : new Set(),
  }
}

/** Compares the SQL as text. What a declaration has only by its SQL, such as the columns of a view, takes a second comparison. */
function declarationEdits(input: Input, from: unknown, to: unknown): ReadonlySet<string> {
  const rest = compare(input, inWordsOfLast(input, from), inWordsOfLast(input, to), to)
  return new Set([...compare(input, from, to, to), ...rest])
}

function objectEditors({ entry, wanted, altered }: OriginInput): readonly Origin[] {
  const key = keyOf(wanted.id)
  const then = altered.has(key) ? altered.get(key) : wanted.written
  return [
    ...(areDeclaredAlike(wanted.id, entry.declared, then) ? [] : (['manifest'] as const)),
    ...(areDeclaredAlike(wanted.id, then, wanted.written) ? [] : (['source'] as const)),
  ]
}

function hasOtherPath({ entry, searchPath }: OriginInput): boolean {
  return entry.searchPath !== null && !sameData(entry.searchPath, searchPath)
}

function isSecret({ from, to }: FieldChange): boolean {
  return from === secretText && to === secretText
}

/** A secret that was changed in the manifest cannot be compared with the live one, so whether that has drifted is not known. */
function originsOfSecret({ entry }: OriginInput, isEdited: boolean): readonly Origin[] {
  if (!hasDigests(entry.declared)) return []
  return isEdited ? ['manifest'] : ['drift']
}

function lazily<Value>(compute: () => Value): () => Value {
  let value: { readonly of: Value } | undefined
  return () => {
    value ??= { of: compute() }
    return value.of
  }
}
