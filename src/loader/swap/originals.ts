// The objects that a step replaces, as they are before the swap. If one changes while its successor is built, the swap must stop,
// or the change would be lost.

import type { LiveObject, Replace } from '../../core/change.ts'
import { sameData } from '../../core/data.ts'
import { FdwsyncError } from '../../core/errors.ts'
import { keyOf, type ObjectId } from '../../core/object.ts'
import type { Session } from '../../db/session.ts'
import { keptColumns } from '../../differ/lost-attachments.ts'
import { stateOf } from '../../introspector/object-state.ts'
import { readCatalog } from '../../introspector/read-catalog.ts'
import { record } from '../../kinds/facets/options.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import { type Attachments, noAttachments, readAttachments } from './attachments.ts'
import { readRawState } from './raw-state.ts'
import type { ReplacementSet } from './replacement-set.ts'

interface Original {
  readonly change: Replace
  /** The schema in which its successor is built. */
  readonly scratch: string
  /** Undefined if it no longer exists. */
  readonly live: LiveObject | undefined
  readonly attachments: Attachments
}

export interface Originals {
  readonly all: readonly Original[]
  /** A digest that shows whether one of them has changed since they were read. Undefined if only another reading shows that. */
  readonly state: string | undefined
}

/** Reads the objects of which successors are built in scratch schemas. Runs under `readingPath`. */
export async function readOriginals(session: Session, set: ReplacementSet): Promise<Originals> {
  // The digest comes first, so that a change in between is noticed.
  const state = await readRawState(session, set, [])
  return { all: await readAll(session, set), state }
}

async function readAll(session: Session, set: ReplacementSet): Promise<readonly Original[]> {
  const built = builtBeside(set)
  if (built.length === 0) return []
  const ids = built.map(({ change }) => originalId(change))
  const { live } = await readCatalog(session, ids, set.salt)
  const attachments = await readAttachmentsOf(session, set)
  return built.map(({ change, scratch }) => {
    const original = live.get(keyOf(originalId(change)))
    return {
      change,
      scratch,
      live: original && { ...original, spec: set.finalNames.inData(original.spec) },
      attachments: attachments(change),
    }
  })
}

/** The members with a successor in a scratch schema. */
function builtBeside({ members }: ReplacementSet) {
  return members.flatMap(({ scratch, change, loses }) => (scratch === undefined ? [] : [{ change, loses, scratch }]))
}

/** Reads what was added by hand to the objects of which successors are built. Runs under `readingPath`. */
export async function readAttachmentsOf(
  session: Session,
  set: ReplacementSet,
): Promise<(change: Replace) => Attachments> {
  const relations = builtBeside(set)
    .filter(({ change }) => isRelation(change.from))
    .map(({ change, scratch, loses }) => ({
      oid: change.from.oid,
      scratch,
      kind: change.to.id.kind,
      kept: change.keptAs !== undefined,
      columns: record(keptColumns(change) ?? []),
      keys: record(keptKeys(change)),
      loses,
    }))
  const found =
    relations.length === 0 ? undefined : await readAttachments(session, relations, set.declared, set.dropped)
  return ({ from }) => set.finalNames.inData((isRelation(from) && found?.get(from.oid)) || noAttachments)
}

/** Types are replaced with the relations whose rows they consist of. */
export function isRelation({ catalog }: LiveObject): boolean {
  return catalog === 'pg_class'
}

function keptKeys({ from, to }: Replace): readonly (readonly [string, string])[] {
  const { keyName } = kindOf(to.id)
  const [before, after] = [keyName?.(from.spec), keyName?.(to.spec)]
  return before === undefined || after === undefined ? [] : [[before, after]]
}

/** Unlike its key, its id may be of another kind. A renamed object has its new name by now. */
function originalId({ from, to }: Replace): ObjectId {
  return from.currentId ?? to.id
}

/**
 * Compares unmanaged objects with the plan, whose fingerprint does not cover them.
 * @throws FdwsyncError if one has changed since it was planned to recreate it
 */
export function requireAsPlanned({ all }: Originals): void {
  for (const { change, live } of all) {
    if (change.isUnmanaged && !isSame(change.from, live)) throw changed(change, 'since the plan was created')
  }
}

/** @throws FdwsyncError if an object has changed while its successor was built */
export function requireUnchanged(before: Originals, after: Originals): void {
  for (const [at, { change, live, attachments }] of before.all.entries()) {
    const now = after.all[at]
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
