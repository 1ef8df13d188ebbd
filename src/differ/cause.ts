// Why a plan changes something: the manifest, a source, drift in the database, or another change of the plan.

import type { Change, FieldChange, LiveObject, Origin, Replace, WantedObject } from '../core/change.ts'
import { idOf, type Key, keyOf } from '../core/object.ts'
import type { PlannedChange } from '../core/plan.ts'
import type { ReadsThroughViews } from '../dependents/read-through-views.ts'
import type { SecretDigests } from '../kinds/kind.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { Ledger, LedgerEntry } from '../ledger/read.ts'
import type { SourceChanges } from '../sources/source-changes.ts'
import { type FieldOrigins, fieldOrigins, type OriginInput, objectOrigins } from './origins.ts'

export interface CauseInput {
  readonly ledger: Ledger
  /** How the catalog showed the objects when they last matched their declarations, as far as the ledger has that. */
  readonly canonicalForms: ReadonlyMap<Key, unknown>
  readonly live: ReadonlyMap<Key, LiveObject>
  /** All changes of the plan, any of which can cause another one. */
  readonly changes: readonly Change[]
  readonly digests: SecretDigests
  /** That of the manifest. */
  readonly searchPath: readonly string[]
  /** What has changed at the sources of what is imported. */
  readonly sourceChanges: SourceChanges
  readonly throughViews: ReadsThroughViews
}

export type ExplainedChange = Pick<PlannedChange, 'change' | 'cause' | 'causes' | 'because'>

interface Context extends Omit<CauseInput, 'changes'> {
  /** With the position of each change, in which order causes are listed. */
  readonly changes: ReadonlyMap<Key, { readonly change: Change; readonly position: number }>
}

/** Explains each change, field by field: see `origins.ts`. */
export function explainChanges(input: CauseInput): (change: Change) => ExplainedChange {
  const changes = new Map(input.changes.map((change, position) => [change.key, { change, position }]))
  const context = { ...input, changes }
  return (change) => explain(change, context)
}

function explain(change: Change, context: Context): ExplainedChange {
  const key = change.op === 'drop' && change.formerly ? keyOf(change.formerly.id) : change.key
  const entry = context.ledger.entries.get(key)
  const { added, removed } = context.sourceChanges
  if (change.op === 'replace' && change.isUnmanaged) {
    return { change, cause: 'dependency', because: changedNeeds(change, context) }
  }
  const replaced =
    change.op === 'create' ? change.renamesAside : change.op === 'drop' ? change.renamedAsideFor : undefined
  if (replaced) return explainRenamedAside(change, replaced, context)
  // It has come there by hand: see planner/renames/strays.ts.
  if (!entry && change.op === 'drop') return { change, because: [], cause: 'drift' }
  if (!entry) {
    const isNewAtSource = change.op === 'create' && added.has(change.key)
    return { change, because: [], ...causeOf(isNewAtSource ? ['source'] : []) }
  }
  switch (change.op) {
    case 'drop':
    case 'release':
      return { change, because: [], ...causeOf([removed.has(key) ? 'source' : 'manifest']) }
    case 'adopt': {
      const edits = objectOrigins(originInput(change.to, undefined, entry, context, false))
      return { change, because: [], ...causeOf(edits.length > 0 ? edits : ['manifest']) }
    }
    case 'create': {
      const edits = objectOrigins(originInput(change.to, undefined, entry, context, false))
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

type Differing = Extract<Change, { op: 'alter' | 'replace' }>

function explainFields(change: Differing, entry: LedgerEntry, context: Context): ExplainedChange {
  const needs = changedNeeds(change, context)
  // An import or mirror renames what the source has renamed as if the manifest did.
  const isRenamedAtSource = context.sourceChanges.renamed.has(change.key)
  const originsOf = fieldOrigins(originInput(change.to, change.from, entry, context, needs.length > 0))
  const fields = change.fields.map((field): FieldChange => {
    if (field.cause) return isRenamedAtSource ? { ...field, cause: 'source' } : field
    if (field.outdates || field.readsEmpty) return { ...field, cause: 'dependency' }
    const found = isRenamedAtSource ? withoutRename(originsOf(field)) : originsOf(field)
    const origins = isLeftover(change, field, context) ? withoutDrift(found) : found
    if (origins === 'dependency') return { ...field, cause: 'dependency' }
    const { cause, causes } = causeOf(origins)
    return cause === undefined ? field : { ...field, cause, ...(causes ? { causes } : {}) }
  })
  const all = fields.flatMap(({ cause, causes = [] }) =>
    cause === undefined || cause === 'dependency' ? [] : cause === 'both' ? causes : [cause],
  )
  const outdating = fields.flatMap(({ field, outdates }) => (outdates ? [field] : []))
  const isDependent = all.length === 0 && fields.some(({ cause }) => cause === 'dependency')
  const why = isDependent ? ({ cause: 'dependency' } as const) : causeOf(all)
  return { change: { ...change, fields }, because: isDependent ? [...new Set([...needs, ...outdating])] : [], ...why }
}

function withoutRename(found: FieldOrigins): FieldOrigins {
  if (found === 'dependency' || !found.includes('source')) return found
  return found.filter((origin) => origin !== 'manifest')
}

function withoutDrift(found: FieldOrigins): FieldOrigins {
  const rest = found === 'dependency' ? [] : found.filter((origin) => origin !== 'drift')
  return rest.length > 0 ? rest : 'dependency'
}

/**
 * Whether the object still rests on what an earlier apply renamed aside and could not drop, because it did not finish: that is
 * no drift.
 */
function isLeftover({ from, to }: Differing, { effect }: FieldChange, { changes, ledger }: Context): boolean {
  if (effect.how !== 'replace') return false
  return from.needs.some(
    (need) => !to.needs.includes(need) && changes.get(need)?.change.op === 'drop' && ledger.entries.has(need),
  )
}

function originInput(
  wanted: WantedObject,
  live: LiveObject | undefined,
  entry: LedgerEntry,
  context: Context,
  hasChangedNeeds: boolean,
): OriginInput {
  const { canonicalForms, digests, searchPath, sourceChanges } = context
  const canonical = canonicalForms.get(keyOf(wanted.id))
  const last = live && underNewColumnNames({ entry, canonical }, live, context)
  return {
    ...(last ?? { entry, canonical }),
    wanted,
    live,
    searchPath,
    digests,
    altered: alteredUnderNewNames(wanted, live, sourceChanges.altered),
    hasChangedNeeds,
  }
}

/** The ledger presents the columns of what is renamed under their new names: see planner/renames/renamed-from.ts. */
function alteredUnderNewNames(
  { id }: WantedObject,
  live: LiveObject | undefined,
  altered: OriginInput['altered'],
): OriginInput['altered'] {
  const key = keyOf(id)
  const withColumns = kindOf(id).renaming?.withColumns
  if (!live?.renamedColumns || !withColumns || !altered.has(key)) return altered
  return new Map([[key, withColumns(altered.get(key), live.renamedColumns)]])
}

/** What was recorded of a child whose parent has columns renamed by the plan. The live child is shown under the new names too. */
function underNewColumnNames<Last extends Pick<OriginInput, 'entry' | 'canonical'>>(
  last: Last,
  { id, spec }: LiveObject,
  { changes }: Context,
): Last {
  const { child, renaming } = kindOf(id)
  const parent = child && changes.get(child.parentOf(spec, id))?.change
  if (!renaming?.withColumns || !parent || !('from' in parent && 'to' in parent)) return last
  const renamed = kindOf(parent.to.id).renaming?.alteredColumnNames?.(parent.from.spec, parent.to.spec)
  if (!renamed?.size) return last
  const { entry, canonical } = last
  return {
    ...last,
    entry: { ...entry, declared: renaming.withColumns(entry.declared, renamed) },
    canonical: canonical && renaming.withColumns(canonical, renamed),
  }
}

/**
 * The titles of the changed objects that the definition of a replacement rests on. An alteration only takes over names of columns
 * and defaults, so for one it is the changed relations. A drop counts if the old object needs what is dropped, as it does when an
 * earlier apply renamed something aside and could not finish.
 */
function changedNeeds({ op, from, to }: Differing, { changes, throughViews }: Context): readonly string[] {
  const needs = new Set(to.needs.flatMap((need) => [need, ...(throughViews.get(need) ?? [])]))
  const neededBefore = new Set(from.needs)
  const matters = (change: Change) => {
    const isCause = op === 'replace' ? change.op !== 'adopt' : 'from' in change && change.from.catalog === 'pg_class'
    return isCause && (change.op === 'drop' ? neededBefore : needs).has(change.key)
  }
  return [...new Set([...needs, ...neededBefore])]
    .flatMap((need) => changes.get(need) ?? [])
    .filter(({ change }) => matters(change))
    .toSorted((left, right) => left.position - right.position)
    .flatMap(({ change }) => idOf(change.key) ?? [])
    .map(titleOf)
}
