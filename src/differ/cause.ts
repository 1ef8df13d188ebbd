import type { Change, FieldChange, LiveObject, Origin, Replace, WantedObject } from '../core/change.ts'
import { sameData } from '../core/data.ts'
import { idOf, type Key, keyOf } from '../core/object.ts'
import type { Plan, PlannedChange } from '../core/plan.ts'
import type { ReadsThroughViews } from '../dependents/read-through-views.ts'
import type { AnyKind, SecretDigests } from '../kinds/kind.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { Ledger, LedgerEntry } from '../ledger/read.ts'
import type { SourceChanges } from '../sources/source-changes.ts'

export interface CauseInput {
  readonly ledger: Ledger
  readonly live: ReadonlyMap<Key, LiveObject>
  /** All changes of the plan: one of them can be what another follows from. */
  readonly changes: readonly Change[]
  readonly digests: SecretDigests
  /** What the sources of what is imported have changed. */
  readonly sourceChanges: SourceChanges
  readonly throughViews: ReadsThroughViews
}

export type Caused = Pick<PlannedChange, 'change' | 'cause' | 'causes' | 'because'>

/**
 * Why each field differs, and so the whole object. The ledger has the declaration as last applied: what differs from it
 * today was changed in the manifest, or at the source of what is imported; any other difference was made in the database.
 */
export function withCause(change: Change, input: CauseInput): Caused {
  const entry = input.ledger.entries.get(change.key)
  const { added, removed } = input.sourceChanges
  if (change.op === 'replace' && change.isUnmanaged) {
    return { change, cause: 'dependency', because: changedNeeds(change, input) }
  }
  const replaced =
    change.op === 'create' ? change.renamesAside : change.op === 'drop' ? change.renamedAsideFor : undefined
  if (replaced) return causeOfSetAside(change, replaced, input)
  if (!entry) {
    const isNewThere = change.op === 'create' && added.has(change.key)
    return { change, because: [], ...causeOf(isNewThere ? ['source'] : []) }
  }
  switch (change.op) {
    case 'drop':
    case 'release':
      return { change, because: [], ...causeOf([removed.has(change.key) ? 'source' : 'manifest']) }
    case 'adopt': {
      const edits = editsOfWhole(change.to, entry, input)
      return { change, because: [], ...causeOf(edits.length > 0 ? edits : ['manifest']) }
    }
    case 'create':
      return { change, because: [], ...causeOf(originsOfCreation(change, entry, input)) }
    case 'alter':
    case 'replace':
      return causeOfFields(change, entry, input)
  }
}

/** Both have the cause of the replacement that they come of. */
function causeOfSetAside(change: Change, replaced: Replace, input: CauseInput): Caused {
  const entry = input.ledger.entries.get(replaced.key)
  if (!entry) return { change, because: [], cause: undefined }
  const { change: caused, ...why } = causeOfFields(replaced, entry, input)
  return change.op === 'drop' && caused.op === 'replace'
    ? { change: { ...change, renamedAsideFor: caused }, ...why }
    : { change, ...why }
}

type Differing = Extract<Change, { op: 'alter' | 'replace' }>

const originPriority: readonly Origin[] = ['manifest', 'source', 'drift']

function causeOf(origins: readonly Origin[]): Pick<PlannedChange, 'cause' | 'causes'> {
  const [first, ...others] = originPriority.filter((origin) => origins.includes(origin))
  return first && others.length > 0 ? { cause: 'both', causes: [first, ...others] } : { cause: first }
}

function originsOfCreation(
  change: Extract<Change, { op: 'create' }>,
  entry: LedgerEntry,
  input: CauseInput,
): readonly Origin[] {
  const edits = editsOfWhole(change.to, entry, input)
  // It goes with something else, and is made again for that.
  return input.live.has(change.key) ? edits : [...edits, 'drift']
}

/** Who says something else than when it was last applied. */
function editsOfWhole(to: WantedObject, entry: LedgerEntry, { sourceChanges }: CauseInput): readonly Origin[] {
  const key = keyOf(to.id)
  const now = recordOf(to)
  const then = sourceChanges.altered.has(key) ? recordOf({ ...to, written: sourceChanges.altered.get(key) }) : now
  return [
    ...(sameData(entry.declared, then) ? [] : (['manifest'] as const)),
    ...(sameData(then, now) ? [] : (['source'] as const)),
  ]
}

function recordOf({ id, written }: WantedObject): unknown {
  const { secrets } = kindOf(id)
  return secrets ? secrets.recorded(written, undefined, () => '') : written
}

function causeOfFields(change: Differing, entry: LedgerEntry, input: CauseInput): Caused {
  const kind = kindOf(change.to.id)
  const edits = declarationChanges(kind, change.to, entry, input)
  const known = new Set(fieldsOf(kind, change, input).map(({ field }) => field))
  const read = changedNeeds(change, input)
  const fields = change.fields.map((field): FieldChange => {
    if (field.cause) return field
    const edit = edits.get(field.field)
    const followed = edit ? undefined : edits.get(field.follows ?? '')
    if (followed) return { ...field, cause: followed.origin }
    // What the server hides differs only from the ledger's note of it.
    const isOfLedger = !known.has(field.field) && field.effect.how === 'replace' && read.length === 0
    const origins = isOfLedger ? ['manifest' as const] : originsOf(field, edit, read.length > 0)
    if (origins === 'dependency') return { ...field, cause: 'dependency' }
    const { cause, causes } = causeOf(origins)
    return cause === undefined ? field : { ...field, cause, ...(causes ? { causes } : {}) }
  })
  const all = fields.flatMap(({ cause, causes = [] }) =>
    cause === undefined || cause === 'dependency' ? [] : cause === 'both' ? causes : [cause],
  )
  const isDependent = all.length === 0 && fields.some(({ cause }) => cause === 'dependency')
  const why = isDependent ? ({ cause: 'dependency' } as const) : causeOf(all)
  return { change: { ...change, fields }, because: isDependent ? read : [], ...why }
}

interface Edit {
  readonly origin: 'manifest' | 'source'
  readonly from: string | undefined
  readonly to: string | undefined
}

/** What is declared otherwise than when it was last applied, by field: by the manifest, else by the source. */
function declarationChanges(
  kind: AnyKind,
  to: WantedObject,
  entry: LedgerEntry,
  { digests, sourceChanges }: CauseInput,
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

/** What differs from the database by itself, whatever the ledger says. */
function fieldsOf(kind: AnyKind, { from, to }: Differing, { digests }: CauseInput): readonly FieldChange[] {
  return kind.compare(to.id, from.spec, to.spec, { declared: to.declared, last: undefined, digests })
}

function originsOf(
  field: FieldChange,
  edit: Edit | undefined,
  followsFromOthers: boolean,
): readonly Origin[] | 'dependency' {
  // What holds no data was perhaps never filled.
  if (field.effect.how === 'populate') return []
  // Only what has to be replaced takes its definition from what it reads, and its columns' names from renamed ones;
  // anything else was altered itself.
  const canFollow = field.effect.how === 'replace' || field.follows !== undefined
  if (!edit) return followsFromOthers && canFollow ? 'dependency' : ['drift']
  // A secret is compared with the server's, not with an earlier declaration: which of the two changed is not known.
  if (edit.from === secret && edit.to === secret) return []
  // What the server writes in its own way can't be compared with what was declared: then the edit is what is known. Where
  // it shows today's value as it is written, it did so with the last one.
  const isShownAsWritten = edit.to === field.to
  return isShownAsWritten && edit.from !== field.from ? [edit.origin, 'drift'] : [edit.origin]
}

const secret = '(secret)'

/**
 * Titles of what a replacement needs and what changes too: it takes its definition from that. Of others only names follow. What it
 * stands on and goes is what an earlier apply has set aside, say, and could not end.
 */
function changedNeeds({ op, from, to }: Differing, { changes, throughViews }: CauseInput): readonly string[] {
  const needs = new Set(to.needs.flatMap((need) => [need, ...(throughViews.get(need) ?? [])]))

  const matters = (change: Change) =>
    op === 'replace' ? change.op !== 'adopt' : 'from' in change && change.from.renamedColumns !== undefined
  return changes
    .filter(
      (change) => matters(change) && (change.op === 'drop' ? from.needs.includes(change.key) : needs.has(change.key)),
    )
    .flatMap(({ key }) => idOf(key) ?? [])
    .map(titleOf)
}

/**
 * The plan without what is known to come of the manifest or of a source: what was altered outside of fdwsync, or may have been. For
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
  const { change, cause, causes = [] } = planned
  if (!ledger.entries.has(change.key)) return []
  if (change.op === 'create') return cause === 'drift' || causes.includes('drift') ? [planned] : []
  if (change.op !== 'alter' && change.op !== 'replace') return []
  const fields = change.fields.filter(
    ({ cause }) => cause !== 'manifest' && cause !== 'source' && cause !== 'dependency',
  )
  if (fields.length === 0) return []
  const isReplaced = change.op === 'replace' && fields.some(({ effect }) => effect.how === 'replace')
  const { key, from, to } = change
  // What the whole change costs may come of what is left out.
  const hazards = fields.length === change.fields.length ? planned.hazards : []
  return [{ ...planned, hazards, change: isReplaced ? { ...change, fields } : { op: 'alter', key, from, to, fields } }]
}
