// Copies that keep their rows although what they read may have other rows now, for example because a server has a new host. Only a
// refresh changes that.

import type { Change, LiveState } from '../../core/change.ts'
import { idOf, type Key, keyOf } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import { titleOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'
import type { ResolvedImports } from '../../sources/imports/resolve-imports.ts'
import { copiesOfOtherRows } from '../../sources/reads/copies-of-other-rows.ts'
import type { ChangeSet } from '../change-set.ts'
import type { PlanContext } from '../context.ts'

export async function copiesKeepingRows(
  { session, resolved }: PlanContext,
  { comparison: { live, probed }, impact: { changes } }: ChangeSet,
): Promise<readonly Warning[]> {
  const owners = ownersOfLoaded(live)
  if (owners.size === 0) return []
  const roles = new Set(owners.values())
  const renamed = renamedAtSource(resolved)
  const relevant = changes.filter(
    (change) => !isMappingOfOther(change, roles) && !(change.op === 'alter' && renamed.has(change.key)),
  )
  const keys = await inReadOnlyTransaction(session, () => copiesOfOtherRows(session, relevant, probed.wanted))
  const loaded = new Set(changes.flatMap((change) => (isLoaded(change) ? [change.key] : [])))
  return keys.flatMap((key): readonly Warning[] => {
    const id = idOf(key)
    if (!id || !owners.has(key) || loaded.has(key)) return []
    const title = titleOf(id)
    const message = `${title}: what it reads may return other rows; it keeps those that it has until it is refreshed`
    return [{ code: 'dependents/outdated', key, title, message, hint: 'Once this is applied, run: fdwsync refresh' }]
  })
}

/** Imported tables that only have other names than before, or columns with other names. What is altered in place has the same rows. */
function renamedAtSource({ resolutions }: ResolvedImports): ReadonlySet<Key> {
  const keys = resolutions.flatMap(({ request: { schema }, formerNames }) =>
    Array.from(formerNames.keys(), (name) => keyOf({ kind: 'foreignTable', schema, name })),
  )
  return new Set(keys)
}

/** The owners of all copies that hold rows. */
function ownersOfLoaded(live: LiveState): ReadonlyMap<Key, unknown> {
  return new Map(
    Array.from(live, ([key, object]): readonly (readonly [Key, unknown])[] => {
      const copy = asKind(object, 'materializedView', 'table')?.spec
      return copy?.populated ? [[key, copy.owner]] : []
    }).flat(),
  )
}

/** A copy reads as its owner, so the user mapping of a role that owns no copy changes nothing. */
function isMappingOfOther({ key }: Change, owners: ReadonlySet<unknown>): boolean {
  const id = idOf(key)
  return id?.kind === 'userMapping' && id.role !== null && !owners.has(id.role)
}

function isLoaded(change: Change): boolean {
  if (change.op === 'alter') return change.fields.some(({ effect }) => effect.how === 'populate')
  return change.op === 'create' || change.op === 'replace'
}
