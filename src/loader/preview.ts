// Previews a refresh: the strategy of each copy, and why, without refreshing anything.

import { type CopyId, keyOf } from '../core/object.ts'
import type { RefreshReport } from '../core/report.ts'
import type { Session } from '../db/session.ts'
import { readLastLoads } from '../ledger/last-loads.ts'
import type { RefreshRecording } from '../ledger/refresh-log.ts'
import { readStrategyStates } from '../ledger/strategy-states.ts'
import type { PlannedCopy, RefreshRequest } from './choose-strategies.ts'
import { type RefreshTarget, readTargets, unknownOfLedger } from './copies.ts'
import { planRefresh } from './plan-refresh.ts'

/** Reads the facts by which the strategies of copies are chosen. */
export async function readTargetsToPlan(
  session: Session,
  ids: readonly CopyId[],
  recording: RefreshRecording,
): Promise<readonly RefreshTarget[]> {
  const keys = ids.map(keyOf)
  const tables = ids.filter(({ kind }) => kind === 'table').map(keyOf)
  return readTargets(session, ids, async () =>
    recording.records
      ? {
          lastLoads: await readLastLoads(session, keys),
          states: await readStrategyStates(session, tables),
          ledgerProblem: undefined,
        }
      : { ...unknownOfLedger, ledgerProblem: recording.warning },
  )
}

type Preview = RefreshReport['views'][number]

export async function previewCopies(
  session: Session,
  ids: readonly CopyId[],
  { recording, ...request }: Omit<RefreshRequest, 'targets'> & { readonly recording: RefreshRecording },
): Promise<readonly Preview[]> {
  const targets = await readTargetsToPlan(session, ids, recording)
  return planRefresh({ ...request, targets }).flatMap(({ copies }) => {
    const refused = copies.find((each) => 'refusal' in each)
    return copies.map((each) => previewOf(each, refused))
  })
}

/** If one copy of a transaction cannot be refreshed, none of them is. */
function previewOf(planned: PlannedCopy, refused: PlannedCopy | undefined): Preview {
  const { key, title } = planned.target
  if ('refusal' in planned) return { key, title, how: undefined, outcome: { status: 'failed', ...planned.refusal } }
  if (refused) {
    const reason = `${refused.target.title}, which is refreshed with it, would fail`
    return { key, title, how: undefined, outcome: { status: 'skipped', reason } }
  }
  const { strategy: how, reason: because, hint } = planned.choice
  const lastMilliseconds = planned.copy.facts.lastMilliseconds[how]
  const { bytes } = planned.copy.facts
  return { key, title, how, because, hint, bytes, lastMilliseconds, outcome: { status: 'planned' } }
}
