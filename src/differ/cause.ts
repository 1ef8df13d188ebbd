// Why a plan changes something: the manifest, a source, drift in the database, or another change of the plan.

import type { Change, FieldChange, LiveObject, Origin, Replace, WantedObject } from '../core/change.ts'
import { sameData } from '../core/data.ts'
import { idOf, type Key, keyOf } from '../core/object.ts'
import type { PlannedChange } from '../core/plan.ts'
import { secretText } from '../core/secret.ts'
import type { ReadsThroughViews } from '../dependents/read-through-views.ts'
import type { AnyKind, SecretDigests } from '../kinds/kind.ts'
import { kindOf, recordedSpec, titleOf } from '../kinds/registry.ts'
import type { Ledger, LedgerEntry } from '../ledger/read.ts'
import type { SourceChanges } from '../sources/source-changes.ts'

export interface CauseInput {
  readonly ledger: Ledger
  readonly live: ReadonlyMap<Key, LiveObject>
  /** All changes of the plan, any of which can cause another one. */
  readonly changes: readonly Change[]
  readonly digests: SecretDigests
  /** What has changed at the sources of what is imported. */
  readonly sourceChanges: SourceChanges
  readonly throughViews: ReadsThroughViews
}

export type ExplainedChange = Pick<PlannedChange, 'change' | 'cause' | 'causes' | 'because'>

interface Context extends Omit<CauseInput, 'changes'> {
  /** With the position of each change, in which order causes are listed. */
  readonly changes: ReadonlyMap<Key, { readonly change: Change; readonly position: number }>
}

/**
 * Explains each change, field by field. The ledger has the declaration as last applied. A declaration that differs from it was
 * changed in the manifest, or at the source of what is imported. Any other difference comes from the database.
 */
export function explainChanges(input: CauseInput): (change: Change) => ExplainedChange {
  const changes = new Map(input.changes.map((change, position) => [change.key, { change, position }]))
  const context = { ...input, changes }
  return (change) => explain(change, context)
}

function explain(change: Change, context: Context): ExplainedChange {
  const entry = context.ledger.entries.get(change.key)
  const { added, removed } = context.sourceChanges
  if (change.op === 'replace' && change.isUnmanaged) {
    return { change, cause: 'dependency', because: changedNeeds(change, context) }
  }
  const replaced =
    change.op === 'create' ? change.renamesAside : change.op === 'drop' ? change.renamedAsideFor : undefined
  if (replaced) return explainRenamedAside(change, replaced, context)
  if (!entry) {
    const isNewAtSource = change.op === 'create' && added.has(change.key)
    return { change, because: [], ...causeOf(isNewAtSource ? ['source'] : []) }
  }
  switch (change.op) {
    case 'drop':
    case 'release':
      return { change, because: [], ...causeOf([removed.has(change.key) ? 'source' : 'manifest']) }
    case 'adopt': {
      const edits = editsOf(change.to, entry, context)
      return { change, because: [], ...causeOf(edits.length > 0 ? edits : ['manifest']) }
    }
    case 'create': {
      const edits = editsOf(change.to, entry, context)
      // A live object that is created goes with its parent. A missing one was dropped in the database.
      return { change, because: [], ...causeOf(context.live.has(change.key) ? edits : [...edits, 'drift']) }
    }
    case 'alter':
    case 'replace':
      return explainFields(change, entry, context)
  }
}

/** The old object and its successor have the cause of the replacement that they were split from. */
function explainRenamedAside(change: Change, replaced: Replace, context: Context): ExplainedChange {
  const entry = context.ledger.entries.get(replaced.key)
  if (!entry) return { change, because: [], cause: undefined }
  const { change: explained, ...why } = explainFields(replaced, entry, context)
  return change.op === 'drop' && explained.op === 'replace'
    ? { change: { ...change, renamedAsideFor: explained }, ...why }
    : { change, ...why }
}

const originPriority: readonly Origin[] = ['manifest', 'source', 'drift']

function causeOf(origins: readonly Origin[]): Pick<PlannedChange, 'cause' | 'causes'> {
  const [first, ...others] = originPriority.filter((origin) => origins.includes(origin))
  return first && others.length > 0 ? { cause: 'both', causes: [first, ...others] } : { cause: first }
}

/** Where the declaration as a whole was changed since it was last applied. */
function editsOf(to: WantedObject, entry: LedgerEntry, { sourceChanges }: Context): readonly Origin[] {
  const key = keyOf(to.id)
  const now = recordedSpec(to.id, to.written)
  const then = sourceChanges.altered.has(key) ? recordedSpec(to.id, sourceChanges.altered.get(key)) : now
  return [
    ...(sameData(entry.declared, then) ? [] : (['manifest'] as const)),
    ...(sameData(then, now) ? [] : (['source'] as const)),
  ]
}

type Differing = Extract<Change, { op: 'alter' | 'replace' }>

function explainFields(change: Differing, entry: LedgerEntry, context: Context): ExplainedChange {
  const kind = kindOf(change.to.id)
  const edits = declarationChanges(kind, change.to, entry, context)
  const differing = new Set(fieldsOf(kind, change, context).map(({ field }) => field))
  const needs = changedNeeds(change, context)
  const fields = change.fields.map((field): FieldChange => {
    if (field.cause) return field
    const edit = edits.get(field.field)
    const followed = edit ? undefined : edits.get(field.follows ?? '')
    if (followed) return { ...field, cause: followed.origin }
    // An attribute that the server hides differs only from what the ledger recorded of it.
    const isOnlyInLedger = !differing.has(field.field) && field.effect.how === 'replace' && needs.length === 0
    const origins = isOnlyInLedger ? ['manifest' as const] : originsOf(field, edit, needs.length > 0)
    if (origins === 'dependency') return { ...field, cause: 'dependency' }
    const { cause, causes } = causeOf(origins)
    return cause === undefined ? field : { ...field, cause, ...(causes ? { causes } : {}) }
  })
  const all = fields.flatMap(({ cause, causes = [] }) =>
    cause === undefined || cause === 'dependency' ? [] : cause === 'both' ? causes : [cause],
  )
  const isDependent = all.length === 0 && fields.some(({ cause }) => cause === 'dependency')
  const why = isDependent ? ({ cause: 'dependency' } as const) : causeOf(all)
  return { change: { ...change, fields }, because: isDependent ? needs : [], ...why }
}

interface Edit {
  readonly origin: 'manifest' | 'source'
  readonly from: string | undefined
  readonly to: string | undefined
}

/** By field, how the declaration differs from the one that was last applied: by the manifest, else by the source. */
function declarationChanges(
  kind: AnyKind,
  to: WantedObject,
  entry: LedgerEntry,
  { digests, sourceChanges }: Context,
): ReadonlyMap<string, Edit> {
  const { altered } = sourceChanges
  const key = keyOf(to.id)
  const settled = (written: unknown) => kind.settle(written, entry.declared, entry.declared)
  const now = settled(to.written)
  const then = altered.has(key) ? settled(altered.get(key)) : now
  const between = (from: unknown, declared: unknown, origin: Edit['origin']) =>
    kind
      .compare(to.id, from, declared, { declared, last: undefined, digests })
      .map((field): readonly [string, Edit] => [field.field, { origin, from: field.from, to: field.to }])
  const bySource = altered.has(key) ? between(then, now, 'source') : []
  return new Map([...bySource, ...between(entry.declared, then, 'manifest')])
}

/** The differences from the database alone, without those from the ledger. */
function fieldsOf(kind: AnyKind, { from, to }: Differing, { digests }: Context): readonly FieldChange[] {
  return kind.compare(to.id, from.spec, to.spec, { declared: to.declared, last: undefined, digests })
}

function originsOf(
  field: FieldChange,
  edit: Edit | undefined,
  hasChangedNeeds: boolean,
): readonly Origin[] | 'dependency' {
  // An object without data may never have been loaded, so no one need have emptied it.
  if (field.effect.how === 'populate') return []
  // A definition follows from what it reads only if the object is replaced, and a column's name only if it is renamed along.
  const canFollow = field.effect.how === 'replace' || field.follows !== undefined
  if (!edit) return hasChangedNeeds && canFollow ? 'dependency' : ['drift']
  // Secrets are compared with the server's value, not with the last declaration, so which of the two changed is not known.
  if (edit.from === secretText && edit.to === secretText) return []
  // If the server rewrites what is declared, the two cannot be compared, and only the edit is known. If it shows today's value as
  // written, it showed the last one as written too, so a difference from that is drift.
  const isShownAsWritten = edit.to === field.to
  return isShownAsWritten && edit.from !== field.from ? [edit.origin, 'drift'] : [edit.origin]
}

/**
 * The titles of the changed objects that the definition of a replacement rests on. An alteration only takes over names of columns,
 * so for one it is the objects with renamed columns. A drop counts if the old object needs what is dropped, as it does when an
 * earlier apply renamed something aside and could not finish.
 */
function changedNeeds({ op, from, to }: Differing, { changes, throughViews }: Context): readonly string[] {
  const needs = new Set(to.needs.flatMap((need) => [need, ...(throughViews.get(need) ?? [])]))
  const neededBefore = new Set(from.needs)
  const matters = (change: Change) => {
    const isCause =
      op === 'replace' ? change.op !== 'adopt' : 'from' in change && change.from.renamedColumns !== undefined
    return isCause && (change.op === 'drop' ? neededBefore : needs).has(change.key)
  }
  return [...new Set([...needs, ...neededBefore])]
    .flatMap((need) => changes.get(need) ?? [])
    .filter(({ change }) => matters(change))
    .toSorted((left, right) => left.position - right.position)
    .flatMap(({ change }) => idOf(change.key) ?? [])
    .map(titleOf)
}
