// The objects that a step replaces, as they are before the swap. Any change to one while its successor is built must
// stop the swap, or it would be lost.

import type { LiveObject, Replace } from '../../core/change.ts'
import { sameData } from '../../core/data.ts'
import { FdwsyncError } from '../../core/errors.ts'
import { keyOf } from '../../core/object.ts'
import type { ReplaceStep } from '../../core/plan.ts'
import type { Session } from '../../db/session.ts'
import { keptColumns } from '../../differ/lost-attachments.ts'
import { readCatalog } from '../../introspector/read-catalog.ts'
import { record } from '../../kinds/facets/options.ts'
import { titleOf } from '../../kinds/registry.ts'
import { stateOf } from '../../planner/fingerprint.ts'
import type { PlanInHand } from '../../planner/plan-in-hand.ts'
import { expectedOfStep } from '../expected-result.ts'
import { type Attachments, noAttachments, readAttachments } from './attachments.ts'
import { finalNames } from './final-names.ts'

interface Original {
  readonly change: Replace
  /** The schema in which its successor is built. */
  readonly scratch: string
  /** Undefined if it no longer exists. */
  readonly live: LiveObject | undefined
  readonly attachments: Attachments
}

export type Originals = readonly Original[]

/** The planned replacement of an object. */
export function replacementOf(inHand: PlanInHand, key: string): Replace {
  return plannedReplacement(inHand, key).change
}

function plannedReplacement({ plan }: PlanInHand, key: string) {
  const planned = plan.changes.find(({ change }) => change.key === key)
  if (planned?.change.op !== 'replace') throw new Error(`the plan has no replacement for ${key}`)
  return { change: planned.change, loses: planned.predecessor?.loses ?? [] }
}

/** Reads the objects of which a step builds successors in scratch schemas. Runs under `readingPath`. */
export async function readOriginals(session: Session, step: ReplaceStep, inHand: PlanInHand): Promise<Originals> {
  const members = step.members.flatMap(({ key, scratch }) =>
    scratch === undefined ? [] : [{ ...plannedReplacement(inHand, key), scratch }],
  )
  if (members.length === 0) return []
  const ids = members.map(({ change }) => change.to.id)
  const { live } = await readCatalog(session, ids, inHand.salt)
  const declared = Array.from(inHand.wanted.values(), ({ id }) => id)
  const relations = members.map(({ change, scratch, loses }) => ({
    oid: change.from.oid,
    scratch,
    kept: change.keptAs !== undefined,
    columns: record(keptColumns(change) ?? []),
    loses,
  }))
  const attachments = await readAttachments(session, relations, declared, expectedOfStep(step, inHand).absent)
  const names = finalNames(inHand)
  return members.map(({ change, scratch }) => {
    const original = live.get(keyOf(change.to.id))
    return {
      change,
      scratch,
      live: original && { ...original, spec: names.inData(original.spec) },
      attachments: names.inData(attachments.get(change.from.oid) ?? noAttachments),
    }
  })
}

/**
 * Compares unmanaged objects with the plan, whose fingerprint does not cover them.
 * @throws FdwsyncError if one has changed since it was planned to recreate it
 */
export function requireAsPlanned(originals: Originals): void {
  for (const { change, live } of originals) {
    if (change.isUnmanaged && !isSame(change.from, live)) throw changed(change, 'since the plan was created')
  }
}

/** @throws FdwsyncError if an object has changed while its successor was built */
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
    message: `${titleOf(to.id)} was changed by another session ${when}, so nothing was swapped`,
    hint: 'Plan and apply again.',
  })
}
