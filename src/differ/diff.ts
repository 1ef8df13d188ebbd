// Compares what is wanted with what exists, object by object. What one change means for other objects is decided elsewhere.

import type { Change, FieldChange, LiveObject, WantedObject } from '../core/change.ts'
import { ignoredOf } from '../core/ignored.ts'
import { kindChange, kindTitle } from '../core/kind-change.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Refusal, Undetermined, Warning } from '../core/plan.ts'
import { ident } from '../core/sql.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import type { SecretDigests } from '../kinds/kind.ts'
import { areDeclaredAlike, hasDigests } from '../kinds/recorded.ts'
import { kindOf, parentOf, titleOf, titleWithoutKind } from '../kinds/registry.ts'
import type { Ledger, LedgerEntry } from '../ledger/read.ts'
import { outdatedBy } from './forced-replacements.ts'

export interface DiffInput {
  /** What is wanted, as the catalog would show it; without what could not be determined. */
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly declared: ReadonlySet<Key>
  readonly reading: CatalogReading
  readonly ledger: Ledger
  readonly digests: SecretDigests
  /** Whether this manifest takes over what others own. */
  readonly takeOver: boolean
  /** Which of the objects that are not declared to release. Nothing is dropped then, and the others stay managed. */
  readonly releasing?: ((id: ObjectId) => boolean) | undefined
}

export interface Diff {
  readonly changes: readonly Change[]
  readonly refusals: readonly Refusal[]
  readonly undetermined: readonly Undetermined[]
  readonly warnings: readonly Warning[]
  readonly unchanged: number
}

type Finding =
  | { readonly change: Change; readonly warning?: Warning }
  | { readonly refusal: Refusal }
  | { readonly undetermined: Undetermined }
  | { readonly unchanged: true; readonly warning?: Warning }

export function diff(input: DiffInput): Diff {
  const findings = [
    ...Array.from(input.wanted, ([key, wanted]) => compareObject(input, key, wanted)),
    ...Array.from(input.ledger.entries, ([key, entry]) => noLongerDeclared(input, key, entry)),
    ...(input.releasing ? [] : Array.from(input.reading.strays ?? [], (key) => dropStray(input, key))),
  ].flat()
  return {
    changes: findings.flatMap((finding) => ('change' in finding ? [finding.change] : [])),
    refusals: findings.flatMap((finding) => ('refusal' in finding ? [finding.refusal] : [])),
    undetermined: findings.flatMap((finding) => ('undetermined' in finding ? [finding.undetermined] : [])),
    warnings: findings.flatMap((finding) => ('warning' in finding && finding.warning ? [finding.warning] : [])),
    unchanged: findings.filter((finding) => 'unchanged' in finding).length,
  }
}

function compareObject(input: DiffInput, key: Key, wanted: WantedObject): Finding {
  const live = withParentColumnsRenamed(input, input.reading.live.get(key))
  const [owner] = otherOwners(wanted, input.ledger)
  if (owner !== undefined && !input.takeOver) return { refusal: ownedByAnother(key, wanted, owner) }
  if (!live) return { change: { op: 'create', key, to: wanted } }
  const kind = kindOf(wanted.id)
  const entry = input.ledger.entries.get(key)
  const hidden = kind.secrets?.hidden?.(wanted.id, live.spec)
  const fields = [
    ...differences(input, live, wanted, entry),
    // An earlier apply altered that, and could not load the view again.
    ...(entry?.outdatedBy ?? []).map(outdatedBy),
  ]
  if (hidden && fields.length === 0 && !provesHidden(entry, live)) {
    return {
      undetermined: { code: 'object/hidden-options', key, title: titleOf(wanted.id), ...hidden, follows: false },
    }
  }
  const forcing = fields.filter(({ effect }) => effect.how === 'replace')
  if (forcing.length > 0 && kind.adoption?.isUnmanaged(live.spec)) return { refusal: notAdopted(key, wanted, forcing) }
  if (forcing.length > 0) {
    const how = kind.replacement && !kind.replacement.onlyIfUsed ? 'beside' : 'drop-and-create'
    return { change: { op: 'replace', key, from: live, to: wanted, fields, how } }
  }
  if (fields.length > 0) return { change: { op: 'alter', key, from: live, to: wanted, fields } }
  const isOwnershipKnown = input.ledger.unreadable === undefined
  if (isOwnershipKnown && !hidden && !isRecorded(entry, live, wanted))
    return { change: { op: 'adopt', key, to: wanted } }
  return hidden ? { unchanged: true, warning: hiddenWarning(wanted, hidden) } : { unchanged: true }
}

function differences(
  { digests }: DiffInput,
  live: LiveObject,
  wanted: WantedObject,
  entry: LedgerEntry | undefined,
): readonly FieldChange[] {
  const { declared } = wanted
  const kind = live.currentId ? [kindChange(live.currentId, wanted.id)] : []
  const fields = kindOf(wanted.id).compare(wanted.id, live.spec, wanted.spec, {
    declared,
    last: entry?.declared,
    digests,
  })
  const isRenameOnly = live.readsRenamed === true && isSameDefinition(entry, live, wanted)
  return [...kind, ...renames(live), ...fields.filter(({ effect }) => effect.how !== 'replace' || !isRenameOnly)]
}

/** A child whose parent has columns renamed by the plan, as it will be after that. Columns get their declared names back first. */
function withParentColumnsRenamed(
  { reading, wanted }: DiffInput,
  live: LiveObject | undefined,
): LiveObject | undefined {
  if (!live) return undefined
  const { renaming } = kindOf(live.id)
  const parent = parentOf(live)
  const [before, after] = parent === undefined ? [] : [reading.live.get(parent), wanted.get(parent)]
  const withColumns = renaming?.withColumns
  if (!before || !after || !withColumns) return live
  const renamed = (spec: unknown, names: ReadonlyMap<string, string> | undefined) =>
    names?.size ? withColumns(spec, names) : spec
  const altered = kindOf(after.id).renaming?.alteredColumnNames?.(before.spec, after.spec)
  return { ...live, spec: renamed(renamed(live.spec, before.renamedColumns), altered) }
}

function renames({
  id,
  renamedFrom,
  isRenamedByManifest,
  renamedColumns = new Map(),
  haveColumnsDrifted,
}: LiveObject): readonly FieldChange[] {
  const effect = { how: 'rename' } as const
  const byManifest = { cause: 'manifest' } as const
  const cause = haveColumnsDrifted ? 'drift' : 'manifest'
  const columns = Array.from(
    renamedColumns,
    ([from, to]): FieldChange => ({ field: `column ${to} name`, from, to, effect, changesRows: true, cause }),
  )
  if (!renamedFrom) return columns
  const [from, to] = [renamedFrom, id].map(titleWithoutKind)
  return [{ field: 'name', from, to, effect, ...(isRenamedByManifest ? byManifest : {}) }, ...columns]
}

/** Whether the ledger proves that what this role cannot see was applied as it is declared. */
export function provesHidden(entry: LedgerEntry | undefined, live: LiveObject): boolean {
  return entry?.oid === live.oid && hasDigests(entry.declared)
}

/** Whether an apply would record just what the ledger has already. */
function isRecorded(entry: LedgerEntry | undefined, live: LiveObject, wanted: WantedObject): boolean {
  if (!entry) return false
  return (
    entry.oid === live.oid &&
    (entry.digest === live.digest || ignoredOf(wanted.written).length > 0) &&
    areDeclaredAlike(wanted.id, entry.declared, wanted.written)
  )
}

/** Whether the raw definition and the declaration are those that were recorded. */
function isSameDefinition(entry: LedgerEntry | undefined, live: LiveObject, wanted: WantedObject): boolean {
  const isSame = live.digest !== null && entry?.digest === live.digest
  return isSame && areDeclaredAlike(wanted.id, entry.declared, wanted.written)
}

/** The other manifests that own an object which only one may own. */
export function otherOwners({ id }: WantedObject, { otherOwners }: Ledger): readonly string[] {
  return kindOf(id).dropPolicy === 'unless-shared' ? [] : (otherOwners.get(keyOf(id)) ?? [])
}

function noLongerDeclared(input: DiffInput, key: Key, entry: LedgerEntry): readonly Finding[] {
  if (input.declared.has(key)) return []
  const live = input.reading.live.get(key)
  const release = (because: string): readonly Finding[] => [{ change: { op: 'release', key, because } }]
  if (input.releasing) return input.releasing(entry.id) ? release('as requested; it stays as it is') : []
  if (!live) return release(whyGone(input.reading.renamedAway?.get(key)))
  const origin = kindOf(entry.id).cameWith?.(live.spec)
  if (origin !== undefined) return release(`it came with ${origin}`)
  if (kindOf(entry.id).dropPolicy === 'owned') return [{ change: { op: 'drop', key, from: live } }]
  const [other] = input.ledger.otherOwners.get(key) ?? []
  if (other !== undefined) return release(`the manifest "${other}" declares it too`)
  if (!entry.createdByFdwsync) return release('it existed before fdwsync')
  return [{ change: { op: 'drop', key, from: live } }]
}

function whyGone(renamed: ObjectId | undefined): string {
  return renamed ? `it was renamed outside fdwsync, and ${titleOf(renamed)} stays` : 'it no longer exists'
}

function dropStray({ reading }: DiffInput, key: Key): readonly Finding[] {
  const from = reading.live.get(key)
  return from ? [{ change: { op: 'drop', key, from } }] : []
}

function ownedByAnother(key: Key, { id }: WantedObject, owner: string): Refusal {
  return {
    code: 'object/owned-elsewhere',
    key,
    title: titleOf(id),
    reason: `it belongs to the manifest "${owner}"`,
    hint: 'Remove it from one of the two manifests, and apply that one first; or take it over with --take-over.',
  }
}

/** Replacing it would lose its data. */
function notAdopted(key: Key, { id }: WantedObject, fields: readonly FieldChange[]): Refusal {
  const differences = fields.map(({ field, from = 'none', to = 'none' }) => `${field} ${from}, not ${to}`)
  return {
    code: 'object/not-adoptable',
    key,
    title: titleOf(id),
    reason: `it cannot be adopted, since it has other ${differences.join('; ')}`,
    hint: 'Change what differs, in the database or in the manifest. Or rename the table, so that a new one is created.',
  }
}

function hiddenWarning({ id }: WantedObject, { reason, hint }: { reason: string; hint: string }): Warning {
  const message = `${titleOf(id)}: ${reason}, so only a change of its declaration would be noticed. ${hint}`
  return { code: 'object/hidden-options', message }
}

/** For declared names that objects of another kind have. Those objects are never touched. */
export function refuseTakenNames(
  { occupied }: Pick<CatalogReading, 'occupied'>,
  titles: ReadonlyMap<Key, string>,
  imported: ReadonlySet<Key>,
  isRecorded: (key: Key) => boolean,
): readonly Refusal[] {
  return [...occupied].flatMap(([key, kind]): readonly Refusal[] => {
    const title = titles.get(key)
    // What is no longer declared does not need its name any more.
    if (title === undefined) return []
    const exists = `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind} with that name already exists`
    const id = idOf(key)
    const isAdoptable = id !== undefined && kindOf(id).adoption !== undefined && kindTitle(id) === kind
    const reason = isAdoptable && isRecorded(key) ? `${exists}, which is not the one that fdwsync created` : exists
    return [{ code: 'object/name-taken', key, title, reason, hint: takenNameHint(key, imported, isAdoptable) }]
  })
}

function takenNameHint(key: Key, imported: ReadonlySet<Key>, isAdoptable: boolean): string {
  const rename = 'fdwsync does not touch what it does not manage.'
  if (isAdoptable)
    return `To take it over with its rows, declare adopt: true for it. Or rename one of the two; ${rename}`
  const id = imported.has(key) ? idOf(key) : undefined
  if (!id || !('name' in id)) return `Rename one of the two; ${rename}`
  return `Exclude the table of the source: except: [${ident(id.name)}]. Or rename what has the name here; ${rename}`
}
