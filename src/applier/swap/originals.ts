import type { LiveObject, Replace } from '../../core/change.ts'
import { sameData } from '../../core/data.ts'
import { FdwsyncError } from '../../core/errors.ts'
import { keyOf } from '../../core/object.ts'
import type { ReplaceStep } from '../../core/plan.ts'
import type { Session } from '../../db/session.ts'
import { readCatalog } from '../../introspector/read-catalog.ts'
import { titleOf } from '../../kinds/registry.ts'
import type { PlanInHand } from '../../planner/plan-in-hand.ts'
import { stateOf } from '../../planner/state.ts'
import { expectedOfStep } from '../expected-result.ts'
import { type Attachments, readAttachments } from './attachments.ts'

/** What is replaced, as it is while its successor is built. */
interface Original {
  readonly change: Replace
  readonly scratch: string
  readonly live: LiveObject | undefined
  readonly attachments: Attachments
}

export type Originals = readonly Original[]

export function replacementIn({ plan }: PlanInHand, key: string): Replace {
  const change = plan.changes.map((planned) => planned.change).find((each) => each.key === key)
  if (change?.op !== 'replace') throw new Error(`the plan has no replacement for ${key}`)
  return change
}

/** Reads what a step builds successors of, and what people have given it. Runs under the reading path. */
export async function readOriginals(session: Session, step: ReplaceStep, inHand: PlanInHand): Promise<Originals> {
  const members = step.members.flatMap(({ key, scratch }) =>
    scratch === undefined ? [] : [{ change: replacementIn(inHand, key), scratch }],
  )
  if (members.length === 0) return []
  const ids = members.map(({ change }) => change.to.id)
  const { live } = await readCatalog(session, ids, inHand.digests.salt)
  // What is declared for another one is made there.
  const ours = Array.from(inHand.wanted.values(), ({ id }) => id)
  const relations = members.map(({ change, scratch }) => ({ oid: change.from.oid, scratch }))
  const attachments = await readAttachments(session, relations, ours, expectedOfStep(step, inHand).absent)
  return members.map(({ change, scratch }) => ({
    change,
    scratch,
    live: live.get(keyOf(change.to.id)),
    attachments: attachments.get(change.from.oid) ?? { beside: [], before: [], inPlace: [] },
  }))
}

/**
 * What the manifest does not declare is no part of the plan's fingerprint.
 * @throws FdwsyncError if something of that is not as it was when it was planned to be made anew
 */
export function requireAsPlanned(originals: Originals): void {
  for (const { change, live } of originals) {
    if (change.isUnmanaged && !isSame(change.from, live)) throw changed(change, 'since this was planned')
  }
}

/** @throws FdwsyncError if somebody has changed something whose successor is built: it would be lost */
export function requireUnchanged(before: Originals, after: Originals): void {
  for (const [at, { change, live, attachments }] of before.entries()) {
    const now = after[at]
    if (!now || !isSame(live, now.live) || !sameData(attachments, now.attachments))
      throw changed(change, 'while its successor was built')
  }
}

function isSame(before: LiveObject | undefined, after: LiveObject | undefined): boolean {
  return before !== undefined && after !== undefined && sameData(stateOf(before), stateOf(after))
}

function changed({ to }: Replace, when: string): FdwsyncError {
  return new FdwsyncError({
    code: 'object/changed-meanwhile',
    message: `${titleOf(to.id)} was changed by somebody ${when}, so nothing was swapped`,
    hint: 'Plan and apply again.',
  })
}
