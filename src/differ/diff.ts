import type { Change, FieldChange, LiveObject, WantedObject } from '../core/change.ts'
import { sameData } from '../core/data.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Refusal, Undetermined, Warning } from '../core/plan.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import type { SecretDigests } from '../kinds/kind.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { Ledger, LedgerEntry } from '../ledger/read.ts'

export interface DiffInput {
  readonly manifest: string
  /** What is wanted, as the catalog would show it; without what could not be determined. */
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly declared: ReadonlySet<Key>
  readonly reading: CatalogReading
  readonly ledger: Ledger
  readonly digests: SecretDigests
  /** Whether what other manifests own becomes this one's. */
  readonly takeOver: boolean
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

/** What it takes to get from what is there to what is wanted, object by object. */
export function diff(input: DiffInput): Diff {
  const findings = [
    ...Array.from(input.wanted, ([key, wanted]) => compareOne(input, key, wanted)),
    ...Array.from(input.ledger.entries, ([key, entry]) => noLongerDeclared(input, key, entry)),
  ].flat()
  return {
    changes: findings.flatMap((finding) => ('change' in finding ? [finding.change] : [])),
    refusals: findings.flatMap((finding) => ('refusal' in finding ? [finding.refusal] : [])),
    undetermined: findings.flatMap((finding) => ('undetermined' in finding ? [finding.undetermined] : [])),
    warnings: findings.flatMap((finding) => ('warning' in finding && finding.warning ? [finding.warning] : [])),
    unchanged: findings.filter((finding) => 'unchanged' in finding).length,
  }
}

function compareOne(input: DiffInput, key: Key, wanted: WantedObject): Finding {
  const live = withColumnsRenamed(input, input.reading.live.get(key))
  const [owner] = otherOwners(wanted, input.ledger)
  if (owner !== undefined && !input.takeOver) return { refusal: ownedByAnother(key, wanted, owner) }
  if (!live) return { change: { op: 'create', key, to: wanted } }
  const kind = kindOf(wanted.id)
  const entry = input.ledger.entries.get(key)
  const hidden = kind.secrets?.hidden(wanted.id, live.spec)
  if (hidden && !entry)
    return {
      undetermined: { code: 'object/hidden-options', key, title: titleOf(wanted.id), ...hidden, follows: false },
    }
  const differences = kind.compare(wanted.id, live.spec, wanted.spec, {
    declared: wanted.declared,
    last: entry?.declared,
    digests: input.digests,
  })
  const isOnlyNamedOtherwise = live.readsRenamed === true && isSameDefinition(entry, live, wanted)
  const own = differences.filter(({ effect }) => effect.how !== 'replace' || !isOnlyNamedOtherwise)
  const fields = [...renamed(live), ...own]
  if (fields.some(({ effect }) => effect.how === 'replace')) {
    const how = kind.replacement && !kind.replacement.onlyIfUsed ? 'beside' : 'drop-and-create'
    return { change: { op: 'replace', key, from: live, to: wanted, fields, how } }
  }
  if (fields.length > 0) return { change: { op: 'alter', key, from: live, to: wanted, fields } }
  const isKnown = input.ledger.unreadable === undefined
  if (isKnown && !hidden && !isRecorded(entry, live, wanted)) return { change: { op: 'adopt', key, to: wanted } }
  return hidden ? { unchanged: true, warning: hiddenWarning(wanted, hidden) } : { unchanged: true }
}

function hiddenWarning({ id }: WantedObject, { reason, hint }: { reason: string; hint: string }): Warning {
  const message = `${titleOf(id)}: ${reason}, so only a change of its declaration would be noticed. ${hint}`
  return { code: 'object/hidden-options', message }
}

/** A part of something whose columns are renamed, as it is once they are. */
function withColumnsRenamed({ reading, wanted }: DiffInput, live: LiveObject | undefined): LiveObject | undefined {
  if (!live) return undefined
  const { child, renaming } = kindOf(live.id)
  const whole = child?.parentOf(live.spec, live.id)
  const [before, after] = whole === undefined ? [] : [reading.live.get(whole), wanted.get(whole)]
  if (!before || !after || !renaming?.withColumns) return live
  const renamed = kindOf(after.id).renaming?.alteredColumnNames?.(before.spec, after.spec)
  return renamed?.size ? { ...live, spec: renaming.withColumns(live.spec, renamed) } : live
}

/** The part of its title that says which one it is comes last. */
function renamed({
  id,
  renamedFrom,
  isRenamedByManifest,
  renamedColumns = new Map(),
}: LiveObject): readonly FieldChange[] {
  const effect = { how: 'rename' } as const
  const byManifest = { cause: 'manifest' } as const
  const columns = Array.from(
    renamedColumns,
    ([from, to]): FieldChange => ({ field: `column ${to} name`, from, to, effect, ...byManifest }),
  )
  if (!renamedFrom) return columns
  const [from, to] = [titleOf(renamedFrom), titleOf(id)].map((title) => title.slice(kindWords(id)))
  return [{ field: 'name', from, to, effect, ...(isRenamedByManifest ? byManifest : {}) }, ...columns]
}

/** How long `foreign table ` is. */
function kindWords(id: ObjectId): number {
  return id.kind.replace(/[A-Z]/g, (letter) => ` ${letter}`).length + 1
}

/** Whether the ledger already says all that it would say after an apply. */
function isRecorded(entry: LedgerEntry | undefined, live: LiveObject, wanted: WantedObject): boolean {
  if (!entry) return false
  return entry.oid === live.oid && entry.digest === live.digest && sameData(entry.declared, recordOf(wanted, live))
}

/** Whether neither the raw definition nor the declaration is another one than was recorded. */
function isSameDefinition(entry: LedgerEntry | undefined, live: LiveObject, wanted: WantedObject): boolean {
  const isSame = live.digest !== null && entry?.digest === live.digest
  return isSame && sameData(entry.declared, recordOf(wanted, live))
}

/** The declaration as the ledger keeps it, where nothing of it is hidden. */
function recordOf(wanted: WantedObject, live: LiveObject): unknown {
  const { secrets } = kindOf(wanted.id)
  return secrets ? secrets.recorded(wanted.written, live.spec, () => '') : wanted.written
}

/** The other manifests that have an object which only one may have. */
export function otherOwners({ id }: WantedObject, { otherOwners }: Ledger): readonly string[] {
  return kindOf(id).dropPolicy === 'unless-shared' ? [] : (otherOwners.get(keyOf(id)) ?? [])
}

function ownedByAnother(key: Key, { id }: WantedObject, owner: string): Refusal {
  return {
    code: 'object/owned-elsewhere',
    key,
    title: titleOf(id),
    reason: `it belongs to the manifest "${owner}"`,
    hint: "Remove it from one of the two manifests, and apply that one first; or make it this one's with --take-over.",
  }
}

function noLongerDeclared(input: DiffInput, key: Key, entry: LedgerEntry): readonly Finding[] {
  if (input.declared.has(key)) return []
  const live = input.reading.live.get(key)
  const release = (because: string): readonly Finding[] => [{ change: { op: 'release', key, because } }]
  if (!live) return release('it is gone already')
  const whole = kindOf(entry.id).cameWith?.(live.spec)
  if (whole !== undefined) return release(`it is left to ${whole}`)
  if (kindOf(entry.id).dropPolicy === 'owned') return [{ change: { op: 'drop', key, from: live } }]
  if (!entry.createdByFdwsync) return release('it was there before fdwsync')
  const [other] = input.ledger.otherOwners.get(key) ?? []
  if (other !== undefined) return release(`the manifest "${other}" declares it too`)
  return [{ change: { op: 'drop', key, from: live } }]
}

/** What stands under a declared name but is of another kind is never touched. */
export function occupiedNames(input: Pick<DiffInput, 'reading'>, idsOf: ReadonlyMap<Key, string>): readonly Refusal[] {
  return Array.from(input.reading.occupied, ([key, what]) => ({
    code: 'object/name-taken',
    key,
    title: idsOf.get(key) ?? '',
    reason: `${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what} of that name exists already`,
    hint: 'Rename one of the two; fdwsync does not touch what it does not manage.',
  }))
}
