import type { Change, FieldCause, FieldChange, LiveObject, WantedObject } from '../core/change.ts'
import { sameData } from '../core/data.ts'
import { idOf, type Key } from '../core/object.ts'
import type { Plan, PlannedChange } from '../core/plan.ts'
import type { Ledger, LedgerEntry } from '../introspector/ledger.ts'
import type { AnyKind, SecretDigests } from '../kinds/kind.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'

export interface CauseInput {
  readonly ledger: Ledger
  readonly live: ReadonlyMap<Key, LiveObject>
  /** All changes of the plan: one of them can be what another follows from. */
  readonly changes: readonly Change[]
  readonly digests: SecretDigests
}

export type Caused = Pick<PlannedChange, 'change' | 'cause' | 'because'>

/**
 * Why each field differs, and so the whole object. The ledger has the declaration as last applied: what differs from it
 * today was changed in the manifest, any other difference was made in the database.
 */
export function withCause(change: Change, input: CauseInput): Caused {
  const entry = input.ledger.entries.get(change.key)
  if (!entry) return { change, cause: undefined, because: [] }
  switch (change.op) {
    case 'drop':
    case 'release':
    case 'adopt':
      return { change, cause: 'manifest', because: [] }
    case 'create':
      return { change, cause: causeOfCreation(change, entry, input), because: [] }
    case 'alter':
    case 'replace':
      return causeOfFields(change, entry, input)
  }
}

type Differing = Extract<Change, { op: 'alter' | 'replace' }>

function causeOfCreation(
  change: Extract<Change, { op: 'create' }>,
  entry: LedgerEntry,
  { live }: CauseInput,
): FieldCause | undefined {
  const isChanged = !sameData(entry.declared, recordOf(change.to))
  // It goes with something else, and is made again for that.
  if (live.has(change.key)) return isChanged ? 'manifest' : undefined
  return isChanged ? 'both' : 'drift'
}

function recordOf({ id, written }: WantedObject): unknown {
  const { recorded } = kindOf(id)
  return recorded ? recorded(written, undefined, () => '') : written
}

function causeOfFields(change: Differing, entry: LedgerEntry, input: CauseInput): Caused {
  const kind = kindOf(change.to.id)
  const edited = new Map(editedFields(kind, change.to, entry, input).map((field) => [field.field, field]))
  const known = new Set(fieldsOf(kind, change, input).map(({ field }) => field))
  const read = change.op === 'replace' ? changedNeeds(change, input) : []
  const fields = change.fields.map((field): FieldChange => {
    const edit = edited.get(field.field)
    if (!edit && edited.has(field.follows ?? '')) return { ...field, cause: 'manifest' }
    // What the server hides differs only from the ledger's note of it.
    const isOfLedger = !known.has(field.field) && field.effect.how === 'replace' && read.length === 0
    const cause = isOfLedger ? 'manifest' : causeOfField(field, edit, read.length > 0)
    return cause === undefined ? field : { ...field, cause }
  })
  const cause = together(fields.map((field) => field.cause))
  return { change: { ...change, fields }, cause, because: cause === 'dependency' ? read : [] }
}

/** What the manifest says otherwise than when it was last applied. */
function editedFields(
  kind: AnyKind,
  to: WantedObject,
  entry: LedgerEntry,
  { digests }: CauseInput,
): readonly FieldChange[] {
  const declared = kind.settle(to.written, entry.declared, entry.declared)
  return kind.compare(to.id, entry.declared, declared, { declared, last: undefined, digests })
}

/** What differs from the database by itself, whatever the ledger says. */
function fieldsOf(kind: AnyKind, { from, to }: Differing, { digests }: CauseInput): readonly FieldChange[] {
  return kind.compare(to.id, from.spec, to.spec, { declared: to.declared, last: undefined, digests })
}

function causeOfField(
  field: FieldChange,
  edit: FieldChange | undefined,
  followsFromOthers: boolean,
): FieldChange['cause'] {
  // What holds no data was perhaps never filled.
  if (field.effect.how === 'populate') return undefined
  // Only what has to be replaced takes its definition from what it reads; anything else was altered itself.
  if (!edit) return followsFromOthers && field.effect.how === 'replace' ? 'dependency' : 'drift'
  // A secret is compared with the server's, not with an earlier declaration: which of the two changed is not known.
  if (edit.from === secret && edit.to === secret) return undefined
  // What the server writes in its own way can't be compared with what was declared: then the manifest's change is what
  // is known. Where it shows today's value as it is written, it did so with the last one.
  const isShownAsWritten = edit.to === field.to
  return isShownAsWritten && edit.from !== field.from ? 'both' : 'manifest'
}

const secret = '(secret)'

/** Titles of what a replacement needs and what changes too: it takes its definition from that. */
function changedNeeds({ to }: Differing, { changes }: CauseInput): readonly string[] {
  return changes
    .filter(({ op, key }) => op !== 'adopt' && to.needs.includes(key))
    .flatMap(({ key }) => idOf(key) ?? [])
    .map(titleOf)
}

function together(causes: readonly FieldChange['cause'][]): PlannedChange['cause'] {
  const has = (cause: FieldCause) => causes.includes(cause) || causes.includes('both')
  if (has('manifest') && has('drift')) return 'both'
  if (has('manifest')) return 'manifest'
  if (has('drift')) return 'drift'
  return causes.includes('dependency') ? 'dependency' : undefined
}

/**
 * The plan without what is known to come of the manifest: what was altered outside of fdwsync, or may have been. For
 * looking at only: its steps by themselves lead nowhere.
 */
export function onlyDrift(plan: Plan, ledger: Ledger): Plan {
  const drifted = plan.changes.flatMap((planned) => driftOf(planned, ledger))
  const shown = new Set(drifted.map(({ title }) => title))
  const follow = plan.changes.filter(
    ({ cause, because }) => cause === 'dependency' && because.some((one) => shown.has(one)),
  )
  const changes = [...drifted, ...follow]
  const keys = new Set(changes.map(({ change }) => change.key))
  const leftOut = plan.changes.filter(({ change }) => !keys.has(change.key))
  const leftOutKeys = new Set(leftOut.map(({ change }) => change.key))
  return {
    ...plan,
    changes,
    steps: plan.steps.filter(({ key }) => keys.has(key)),
    refusals: plan.refusals.filter(({ key }) => !leftOutKeys.has(key)),
    leftOut: leftOut.filter(({ change }) => change.op !== 'adopt' && change.op !== 'release').length,
  }
}

function driftOf(planned: PlannedChange, ledger: Ledger): readonly PlannedChange[] {
  const { change, cause } = planned
  if (!ledger.entries.has(change.key)) return []
  if (change.op === 'create') return cause === 'drift' || cause === 'both' ? [planned] : []
  if (change.op !== 'alter' && change.op !== 'replace') return []
  const fields = change.fields.filter((field) => field.cause !== 'manifest' && field.cause !== 'dependency')
  if (fields.length === 0) return []
  const isReplaced = change.op === 'replace' && fields.some(({ effect }) => effect.how === 'replace')
  const { key, from, to } = change
  return [{ ...planned, change: isReplaced ? { ...change, fields } : { op: 'alter', key, from, to, fields } }]
}
