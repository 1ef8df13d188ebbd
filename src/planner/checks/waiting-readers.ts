// Warns of materialized views without a unique index: readers will wait for refreshes, since the plan leaves `auto` no other strategy,
// or each refresh will fail, since the declared strategy is `concurrently`. For copies that stay as they are, the refresh itself
// reports it.

import type { Change, WantedObject } from '../../core/change.ts'
import { type CopyId, idOf, isCopyId, type Key, keyOf } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import { defaultPolicy } from '../../core/refresh-policy.ts'
import { unknownState } from '../../core/strategy-state.ts'
import type { Session } from '../../db/session.ts'
import { refreshedConcurrently } from '../../kinds/index/concurrently.ts'
import { kindOf, parentOf, titleOf } from '../../kinds/registry.ts'
import { type RefreshRecording, refreshRecording } from '../../ledger/refresh-log.ts'
import { readTargetsToPlan } from '../../loader/preview.ts'
import { chooseStrategy } from '../../loader/strategies/auto.ts'
import type { CopyFacts } from '../../loader/strategies/strategy.ts'
import type { ChangeSet } from '../change-set.ts'
import type { PlanContext } from '../context.ts'
import { strategyOf } from './refresh-strategy.ts'

export async function waitingReaders(
  { session }: PlanContext,
  { comparison, impact: { changes } }: ChangeSet,
): Promise<readonly Warning[]> {
  const { wanted } = comparison.probed
  const candidates = candidatesIn(changes, wanted)
  if (candidates.length === 0) return []
  const created = new Set(changes.flatMap(({ op, key }) => (op === 'create' ? [key] : [])))
  const existing = candidates.flatMap(({ id }) => (created.has(keyOf(id)) ? [] : [id]))
  const targets = existing.length === 0 ? [] : await readTargetsToPlan(session, existing, await recordingAfter(session))
  const facts = new Map(targets.map(({ key, copy }) => [key, copy?.facts]))
  const readers = readersOf(wanted)
  const losing = losingIndexes(changes)
  return candidates.flatMap(({ id, strategy }): readonly Warning[] => {
    const key = keyOf(id)
    const found = facts.get(key) ?? factsOfNew
    const hasUniqueIndex = found.hasUniqueIndex && !losing.has(key)
    if (strategy === 'concurrently') return hasUniqueIndex ? [] : [cannotBeConcurrent(id)]
    const reader = readers.get(key)
    // A role that only plans does not refresh, so what matters is whether any role could swap.
    const obstacle = found.isOwnerAvailable ? found.swapObstacle : found.swapObstacleOfAnyRole
    const swapObstacle = obstacle ?? (reader && `${titleOf(reader)} reads it`)
    const { hint } = chooseStrategy({ ...found, hasUniqueIndex, swapObstacle }, defaultPolicy)
    if (hint === undefined) return []
    // The text after the colon is the same for all of them, so that many are reported as one.
    const message = `${titleOf(id)}, which cannot be swapped because ${swapObstacle}: readers wait while it is refreshed`
    return [{ code: 'refresh/blocks-readers', key, title: titleOf(id), message, hint }]
  })
}

/** An index that is added by hand would do, so it is no error. */
function cannotBeConcurrent(id: CopyId): Warning {
  const title = titleOf(id)
  const message = `${title}, whose strategy is concurrently, cannot be refreshed: it has no unique index on plain columns that covers all rows`
  const hint = 'Declare one: unique: true, without where. Or use the strategy auto.'
  return { code: 'refresh/impossible', key: keyOf(id), title, message, hint }
}

/** How refreshes are recorded after the apply. What prevents that now, such as a ledger of an older release, is over by then. */
async function recordingAfter(session: Session): Promise<RefreshRecording> {
  const recording = await refreshRecording(session)
  return recording.records ? recording : { records: false }
}

/** New copies are treated as if they were large. */
const factsOfNew: CopyFacts = {
  isPopulated: true,
  hasUniqueIndex: false,
  lackedByOwner: undefined,
  table: undefined,
  bytes: Number.POSITIVE_INFINITY,
  owner: '',
  connections: [],
  isOwnerAvailable: true,
  swapObstacle: undefined,
  swapObstacleOfAnyRole: undefined,
  lastMilliseconds: {},
  state: unknownState,
}

interface Candidate {
  readonly id: CopyId
  readonly strategy: 'auto' | 'concurrently'
}

/**
 * Materialized views without a unique index, and with a strategy that such an index matters to, that change, that are read by changed
 * ones, or that lose a child or a policy.
 */
function candidatesIn(changes: readonly Change[], wanted: ReadonlyMap<Key, WantedObject>): readonly Candidate[] {
  const affected = new Set(changes.flatMap(copiesAffectedBy))
  const indexed = new Set(Array.from(wanted.values(), refreshedConcurrently))
  return [...affected].flatMap((key): readonly Candidate[] => {
    const id = wanted.get(key)?.id
    if (id?.kind !== 'materializedView' || indexed.has(key)) return []
    const strategy = strategyOf(id, wanted)
    return strategy === 'auto' || strategy === 'concurrently' ? [{ id, strategy }] : []
  })
}

function copiesAffectedBy(change: Change): readonly Key[] {
  const { op, key } = change
  const id = idOf(key)
  if (id === undefined || op === 'adopt' || op === 'release') return []
  if (id.kind === 'materializedView') return op === 'create' || op === 'replace' ? [key, ...change.to.needs] : [key]
  if (id.kind === 'refreshPolicy') return kindOf(id).belongsTo?.ownersOf(id) ?? []
  return 'from' in change ? [parentOf(change.from) ?? key] : []
}

/** The copies that lose an index, perhaps their only unique one, or whose index changes. */
function losingIndexes(changes: readonly Change[]): ReadonlySet<Key> {
  return new Set(
    changes.flatMap((change) => {
      if (!('from' in change) || change.from.id.kind !== 'index') return []
      return parentOf(change.from) ?? []
    }),
  )
}

/** For each relation, one copy that reads it. */
function readersOf(wanted: ReadonlyMap<Key, WantedObject>): ReadonlyMap<Key, CopyId> {
  const readers = new Map<Key, CopyId>()
  for (const { id, needs } of wanted.values()) {
    if (!isCopyId(id)) continue
    for (const need of needs) readers.set(need, id)
  }
  return readers
}
