// Selects the part of a manifest to plan (`--only`): what the patterns name, what that needs, and on request what depends on it.

import type { Change, LiveState, WantedObject } from '../core/change.ts'
import { exitCode, FdwsyncError } from '../core/errors.ts'
import { idOf, type Key, type ObjectId } from '../core/object.ts'
import { objectPattern } from '../core/object-pattern.ts'
import type { Warning } from '../core/plan.ts'
import { numberText, someOf } from '../core/some-of.ts'
import { parentOfChange } from '../differ/changes.ts'
import type { Diff } from '../differ/diff.ts'
import { kindNames, kindOf, titleOf } from '../kinds/registry.ts'

/** A part of a manifest. */
export interface Selection {
  /** What the patterns name, and on request its dependents. */
  readonly chosen: ReadonlySet<Key>
  /** The same with what it needs. */
  readonly keys: ReadonlySet<Key>
  /** The objects that are left out although they differ. */
  readonly leftOut: ReadonlySet<Key>
}

/** The objects among which patterns choose. */
interface Candidates {
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly live: LiveState
  readonly changes: readonly Change[]
}

/**
 * @param patterns such as `shop.orders`, `server:shop`, or `proxy.*+` with dependents
 * @param along objects to plan in addition: see {@link replacedAlong}
 * @throws FdwsyncError if a pattern matches nothing
 */
export function select(patterns: readonly string[], along: ReadonlySet<Key>, candidates: Candidates): Selection {
  const chosen = new Set(patterns.flatMap((pattern) => keysMatching(pattern, candidates)))
  const keys = withNeeds(new Set([...chosen, ...along]), candidates)
  const leftOut = new Set(candidates.changes.map(({ key }) => key).filter((key) => !keys.has(key)))
  return { chosen, keys, leftOut }
}

/**
 * Objects that are replaced along with the selection. They are built as declared, so the plan contains all of their changes, and
 * those of their children.
 */
export function replacedAlong(selection: Selection | undefined, changes: readonly Change[]): readonly Key[] {
  if (!selection) return []
  return changes.flatMap(({ op, key }) => (op === 'replace' && !selection.keys.has(key) ? [key] : []))
}

function keysMatching(pattern: string, candidates: Candidates): readonly Key[] {
  const withDependents = pattern.endsWith('+')
  const matches = objectPattern(withDependents ? pattern.slice(0, -1) : pattern, kindNames)
  const ids = new Map([
    ...candidates.changes.map(({ key }) => [key, namesOf(key, candidates)] as const),
    ...Array.from(candidates.wanted.keys(), (key) => [key, namesOf(key, candidates)] as const),
  ])
  const found = [...ids].flatMap(([key, names]) => (names.some(matches) ? [key] : []))
  if (found.length === 0) {
    const message = `--only ${pattern}: the manifest has nothing that matches`
    const hint = 'A name is matched as in psql: shop.orders, proxy.*, server:shop; a + at the end adds dependents.'
    throw new FdwsyncError({ code: 'usage/unknown-name', message, hint }, exitCode.usage)
  }
  return withDependents ? [...dependentsOf(new Set(found), candidates)] : found
}

/** The names that an object has, will have, or had. It can be chosen by each of them. */
function namesOf(key: Key, { wanted, live }: Candidates): readonly ObjectId[] {
  const [now, then] = [live.get(key), wanted.get(key)]
  return [then?.id, now?.id, now?.renamedFrom, now?.elsewhere].filter((id) => id !== undefined)
}

function dependentsOf(keys: ReadonlySet<Key>, { wanted, live }: Candidates): ReadonlySet<Key> {
  const all = new Set(keys)
  for (const key of all) {
    for (const [other, { needs }] of [...wanted, ...live]) if (needs.includes(key)) all.add(other)
  }
  return all
}

/**
 * The chosen objects, with what each needs; their children, which are rebuilt with them; the user mappings of servers, without
 * which these are useless; and whatever has to stop using an object before it is dropped.
 */
function withNeeds(chosen: ReadonlySet<Key>, candidates: Candidates): ReadonlySet<Key> {
  const { wanted, changes } = candidates
  const changed = new Map(changes.map((change) => [change.key, change]))
  const all = new Set(chosen)
  for (const key of all) {
    for (const need of wanted.get(key)?.needs ?? []) all.add(need)
    const isDropped = changed.get(key)?.op === 'drop'
    for (const change of changes) {
      const isPart = parentOfChange(change) === key || ownersOf(change).includes(key)
      const isInTheWay = (isDropped || isLeftBehind(change)) && 'from' in change && change.from.needs.includes(key)
      if (isPart || isInTheWay) all.add(change.key)
    }
  }
  return all
}

/**
 * Whether it is the source view of a table that was dropped by hand. It keeps what it reads from being changed. No other plain view
 * is ever dropped.
 */
function isLeftBehind(change: Change): boolean {
  return change.op === 'drop' && change.from.id.kind === 'view'
}

function ownersOf({ key }: Change): readonly Key[] {
  const id = idOf(key)
  return (id && kindOf(id).belongsTo?.ownersOf(id)) ?? []
}

/** The findings of the comparison that concern the selection. */
export function within(found: Diff, { keys }: Selection): Diff {
  const isIn = ({ key }: { readonly key?: Key | undefined }) => key === undefined || keys.has(key)
  return {
    ...found,
    changes: found.changes.filter(isIn),
    refusals: found.refusals.filter(isIn),
    undetermined: found.undetermined.filter(isIn),
  }
}

/** Warnings about what is planned besides what was chosen, and how much is left out. */
export function selectionWarnings({ chosen, leftOut }: Selection, changes: readonly Change[]): readonly Warning[] {
  const along = changes.flatMap((change) => (chosen.has(change.key) ? [] : objectOf(change)))
  const planned = new Set(changes.map(({ key }) => key))
  const rest = [...leftOut].filter((key) => !planned.has(key)).length
  const titles = along.map(({ id }) => titleOf(id))
  return [
    ...(titles.length === 0 ? [] : [selected(`--only takes along what it needs or affects: ${someOf(titles, 10)}`)]),
    ...(rest === 0
      ? []
      : [
          selected(
            `--only leaves out ${numberText(rest)} other ${rest === 1 ? 'object that differs' : 'objects that differ'}`,
          ),
        ]),
  ]
}

/** None for changes of the ledger alone. */
function objectOf(change: Change): readonly { readonly id: ObjectId }[] {
  if (change.op === 'adopt' || change.op === 'release') return []
  return [change.op === 'drop' ? change.from : change.to]
}

function selected(message: string): Warning {
  return { code: 'plan/selection', message }
}
