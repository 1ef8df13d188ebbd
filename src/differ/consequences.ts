import type { Change, FieldChange, LiveObject, Replace, WantedObject } from '../core/change.ts'
import type { ProblemCode } from '../core/codes.ts'
import { groupBy } from '../core/data.ts'
import type { Dependent, Lost } from '../core/dependent.ts'
import type { Key } from '../core/object.ts'
import type { Refusal } from '../core/plan.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { canFollow } from './replacements.ts'

/**
 * What is dropped and made again takes along what lives on it: those objects are dropped before it and made again after
 * it, as far as they are declared and their kind allows it. The others stop the plan: see {@link blockers}.
 */
export function addForcedReplacements(
  changes: readonly Change[],
  wanted: ReadonlyMap<Key, WantedObject>,
  live: ReadonlyMap<Key, LiveObject>,
): readonly Change[] {
  const byKey = new Map(changes.map((change) => [change.key, change]))
  const remade = changes.filter(isRemade)
  for (const { key } of remade) {
    for (const [dependent, object] of live) {
      if (!object.needs.includes(key)) continue
      const change = byKey.get(dependent)
      const to = wanted.get(dependent)
      if (!to || kindOf(object.id).replacement?.onlyIfUsed === false) continue
      if (change && change.op !== 'alter' && change.op !== 'adopt') continue
      const because = wanted.get(key)
      const fields = [
        ...(change?.op === 'alter' ? change.fields : []),
        replacedAlong(because ? titleOf(because.id) : ''),
      ]
      const replace: Replace = { op: 'replace', key: dependent, from: object, to, fields, how: 'drop-and-create' }
      byKey.set(dependent, replace)
      remade.push(replace)
    }
  }
  return [...byKey.values()].map((change) => (losesItsWhole(change, byKey) ? madeAnew(change) : change))
}

/** A part that moves from something that goes anyway, and takes it along, is only to be made. */
function losesItsWhole(change: Change, byKey: ReadonlyMap<Key, Change>): change is Extract<Change, { op: 'replace' }> {
  if (change.op !== 'replace') return false
  const { child } = kindOf(change.from.id)
  const [before, after] = [
    child?.parentOf(change.from.spec, change.from.id),
    child?.parentOf(change.to.spec, change.to.id),
  ]
  return before !== undefined && before !== after && ['drop', 'replace'].includes(byKey.get(before)?.op ?? '')
}

function madeAnew({ key, from, to }: Extract<Change, { op: 'replace' }>): Change {
  return { op: 'create', key, to, instead: from }
}

function replacedAlong(title: string): FieldChange {
  return { field: title, from: undefined, to: undefined, effect: { how: 'replace' } }
}

function isRemade(change: Change): change is Replace {
  return change.op === 'replace' && change.how === 'drop-and-create'
}

function isBuiltBeside(change: Change): change is Replace {
  return change.op === 'replace' && change.how === 'beside'
}

/** The live objects of which must be known what depends on them. */
export function affectedObjects(changes: readonly Change[]): readonly LiveObject[] {
  return changes.flatMap((change) => {
    switch (change.op) {
      case 'drop':
      case 'replace':
        return [change.from]
      case 'alter':
        return change.fields.some(({ blockedByUseOf }) => blockedByUseOf !== undefined) ? [change.from] : []
      case 'create':
      case 'adopt':
      case 'release':
        return []
    }
  })
}

export interface Blocked {
  readonly changes: readonly Change[]
  readonly refusals: readonly Refusal[]
}

/**
 * Refuses what PostgreSQL would refuse: something that is not changed in time depends on what is to go. There is never a
 * CASCADE. A shared object that is still in use is released instead of dropped.
 */
export function blockers(changes: readonly Change[], dependents: readonly Dependent[]): Blocked {
  const byKey = new Map(changes.map((change) => [change.key, change]))
  const isDelayed = delayedDrops(byKey, dependents)
  const refusals: Refusal[] = []
  const kept: Change[] = []
  for (const change of changes) {
    const inTheWay = dependents.filter(
      (dependent) => dependent.on === change.key && blocks(change, dependent, byKey, isDelayed),
    )
    const names = [...new Set(inTheWay.map(withReason))]
    if (names.length === 0) kept.push(change)
    else if (change.op === 'drop' && kindOf(change.from.id).dropPolicy === 'unless-shared') {
      kept.push({ op: 'release', key: change.key, because: `it is still in use: ${list(names)}` })
    } else {
      // It stays in the plan, so that what is refused can be seen.
      kept.push(change)
      if (change.op !== 'adopt' && change.op !== 'release')
        refusals.push(refusal(codeOf(inTheWay, byKey), change, names, hintOf(change, inTheWay, byKey)))
    }
  }
  // What is released after all holds on to what it needs, which is to be looked at again.
  return kept.every((change, at) => change === changes[at]) ? { changes: kept, refusals } : blockers(kept, dependents)
}

/** What is dropped only when the replacements built beside, which come last, no longer read it. */
function delayedDrops(byKey: ReadonlyMap<Key, Change>, dependents: readonly Dependent[]): (key: Key) => boolean {
  const on = groupBy(dependents, (dependent) => dependent.on)
  return (key) => {
    if (byKey.get(key)?.op !== 'drop') return false
    const dropped = new Set([key])
    for (const gone of dropped) {
      for (const dependent of on.get(gone) ?? []) {
        const change = changeOf(dependent, byKey)
        if (change && isBuiltBeside(change)) return true
        if (change?.op === 'drop') dropped.add(change.key)
      }
    }
    return false
  }
}

/** What happens to a dependent: what happens to its whole, if that goes or is made anew. */
function changeOf(
  { key, parent }: Pick<Dependent, 'key' | 'parent'>,
  byKey: ReadonlyMap<Key, Change>,
): Change | undefined {
  const ofWhole = parent === undefined ? undefined : byKey.get(parent)
  if (ofWhole?.op === 'replace' || ofWhole?.op === 'drop') return ofWhole
  return key === undefined ? undefined : byKey.get(key)
}

function blocks(
  change: Change,
  dependent: Dependent,
  byKey: ReadonlyMap<Key, Change>,
  isDelayed: (key: Key) => boolean,
): boolean {
  if (change.op === 'alter' && !change.fields.some(({ blockedByUseOf }) => blockedByUseOf === dependent.column)) {
    return false
  }
  const itsChange = changeOf(dependent, byKey)
  if (!itsChange) return !(isBuiltBeside(change) && canFollow(change, dependent))
  if (itsChange.op === 'drop') return change.op !== 'drop' && isDelayed(itsChange.key)
  if (itsChange.op !== 'replace') return true
  if (dependent.parent === change.key) return !staysOn(itsChange, dependent)
  if (itsChange.how === 'drop-and-create') return false
  // It is swapped together with what it reads; and what is dropped after its swap it no longer reads, if it is declared.
  return !(change.op === 'drop' ? !itsChange.to.needs.includes(change.key) : isBuiltBeside(change))
}

/** Whether what people have put on something is put on its successor too. */
function staysOn({ how, to }: Replace, { column }: Dependent): boolean {
  return how === 'beside' && (column === null || kindOf(to.id).columns?.(to.spec).has(column) !== false)
}

function withReason(dependent: Dependent): string {
  const reason = lostOf(dependent)?.reason
  return !reason ? dependent.description : `${dependent.description} (${reason})`
}

/** Why it is in the way, where that is known. */
function lostOf({ view, lost }: Dependent): Lost | undefined {
  if (view?.outcome?.becomes === 'lost') return view.outcome
  return view?.whyNotRepointed ? { reason: view.whyNotRepointed } : lost
}

function codeOf(inTheWay: readonly Dependent[], byKey: ReadonlyMap<Key, Change>): ProblemCode {
  if (isDroppedLater(inTheWay, byKey)) return 'dependents/dropped-later'
  return inTheWay.every(({ view }) => view) ? 'dependents/unmanaged-view' : 'dependents/unmanaged-object'
}

function isDroppedLater(inTheWay: readonly Dependent[], byKey: ReadonlyMap<Key, Change>): boolean {
  return inTheWay.every((dependent) => changeOf(dependent, byKey)?.op === 'drop')
}

/** What is known to help; else what always does. */
function hintOf({ op }: Change, inTheWay: readonly Dependent[], byKey: ReadonlyMap<Key, Change>): string {
  const [known] = inTheWay.flatMap((dependent) => lostOf(dependent)?.hint || [])
  if (known !== undefined) return known
  if (isDroppedLater(inTheWay, byKey)) {
    return 'What depends on it goes only after replacements of this plan. Apply its removal first, then this change.'
  }
  return op === 'drop'
    ? 'Drop what depends on it first, or keep it declared.'
    : 'fdwsync does not touch what it does not manage. Drop what depends on it, apply, and make that again.'
}

function refusal(
  code: ProblemCode,
  change: Exclude<Change, { op: 'adopt' | 'release' }>,
  names: readonly string[],
  hint: string,
): Refusal {
  const id = change.op === 'drop' ? change.from.id : change.to.id
  const verb = { create: 'created', alter: 'altered', replace: 'replaced', drop: 'dropped' }[change.op]
  return {
    code,
    key: change.key,
    title: titleOf(id),
    reason: `it can not be ${verb} while something depends on it: ${list(names)}`,
    hint,
  }
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}
