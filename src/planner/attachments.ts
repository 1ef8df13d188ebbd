// What becomes of the attachments of relations that a plan replaces, or whose columns it changes.

import type { Change } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Attachment, LostAttachment } from '../core/dependent.ts'
import type { Key } from '../core/object.ts'
import type { Hazard, Predecessor, Refusal, Undetermined } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import { listAttachments } from '../dependents/attachments.ts'
import { type ChangedTypes, changedTypes } from '../dependents/scratch-types.ts'
import { readSizes } from '../dependents/sizes.ts'
import { type TriedAttachments, tryAttachments } from '../dependents/try-attachments.ts'
import {
  type ChangeOfColumns,
  changedRelation,
  lossHazards,
  lostAttachments,
  mayLoseAttachments,
} from '../differ/lost-attachments.ts'
import { isBuiltInScratch } from '../differ/replacement-groups.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { titleOf } from '../kinds/registry.ts'
import { explainLacked, lackedForAttachments } from './checks/attachment-privileges.ts'
import type { Comparison } from './comparison.ts'
import type { PlanContext } from './context.ts'

export interface AttachmentFindings {
  /** The relations that are replaced in a scratch schema, by OID. */
  readonly predecessors: ReadonlyMap<number, Predecessor>
  readonly hazards: ReadonlyMap<Key, readonly Hazard[]>
  readonly refusals: readonly Refusal[]
  readonly undetermined: readonly Undetermined[]
}

const nothingFound: AttachmentFindings = { predecessors: new Map(), hazards: new Map(), refusals: [], undetermined: [] }

export async function examineAttachments(
  context: PlanContext,
  { probed, changes: compared }: Comparison,
  changes: readonly Change[],
): Promise<AttachmentFindings> {
  const changing = changes.filter(mayLoseAttachments)
  if (changing.length === 0) return nothingFound
  const { session } = context
  const oidsOf = (some: readonly ChangeOfColumns[]) => some.map(({ from }) => from.oid)
  const [attached, sizes] = await inReadOnlyTransaction(session, async () => [
    await listAttachments(session, oidsOf(changing), [...probed.live.values()]),
    await readSizes(session, oidsOf(changing.filter(isBuiltInScratch))),
  ])
  const byRelation = groupBy(attached, ({ of }) => of)
  const attachedTo = ({ from }: ChangeOfColumns) => byRelation.get(from.oid) ?? []
  const types = changedTypes(compared)
  const { rejected, untried } = await tryOnNewColumns(context, { changing, attachedTo, types })
  const lost = new Map(changing.map((change) => [change, lostAttachments(change, attachedTo(change), rejected)]))
  const predecessors = Array.from(lost, ([change, loses]): readonly (readonly [number, Predecessor])[] => {
    const size = sizes.get(change.from.oid)
    return size ? [[change.from.oid, { ...size, keeps: keptTitles(attachedTo(change), loses, untried), loses }]] : []
  })
  return {
    predecessors: new Map(predecessors.flat()),
    hazards: new Map(Array.from(lost, ([{ key }, loses]) => [key, lossHazards(loses)])),
    refusals: [
      ...changing.flatMap((change) => refuseRejected(change, attachedTo(change), rejected)),
      ...(await refuseLacked(session, lost, attachedTo)),
    ],
    undetermined: changing.flatMap((change) => undeterminedAttachments(change, attachedTo(change), untried)),
  }
}

/** What the successor of a relation is to keep, but this role may not add to it. */
async function refuseLacked(
  session: Session,
  lost: ReadonlyMap<ChangeOfColumns, readonly LostAttachment[]>,
  attachedTo: OnNewColumns['attachedTo'],
): Promise<readonly Refusal[]> {
  const replaced = [...lost].filter(([change]) => isBuiltInScratch(change))
  if (replaced.length === 0) return []
  const kept = replaced.flatMap(([change, loses]) => keptOf(attachedTo(change), loses))
  const relations = replaced.map(([{ from }]) => from.oid)
  const lacked = await inReadOnlyTransaction(session, () => lackedForAttachments(session, relations, kept))
  return replaced.flatMap(([{ key, from, to }]) =>
    lacked
      .filter(({ of }) => of === from.oid)
      .map((each): Refusal => {
        const code = 'server/missing-privilege'
        return { code, key, title: titleOf(to.id), ...explainLacked(each, session.user) }
      }),
  )
}

function keptOf(attached: readonly Attachment[], loses: readonly LostAttachment[]): readonly Attachment[] {
  const lost = new Set(loses.map(({ title }) => title))
  return attached.filter(({ title, isOfChild }) => !isOfChild && !lost.has(title))
}

function keptTitles(
  attached: readonly Attachment[],
  loses: readonly LostAttachment[],
  untried: TriedAttachments['untried'],
): readonly string[] {
  return keptOf(attached, loses).flatMap((attachment) => (untried.has(attachment) ? [] : [attachment.title]))
}

interface OnNewColumns {
  readonly changing: readonly ChangeOfColumns[]
  readonly attachedTo: (change: ChangeOfColumns) => readonly Attachment[]
  readonly types: ChangedTypes
}

/**
 * Tries the attachments that use a column whose type changes, and those that are recreated over functions which PostgreSQL may no
 * longer accept, unless they also use a column that is dropped.
 */
function tryOnNewColumns(
  { session, searchPath, trustedRoles, options: { mayEvaluate = 'nothing' } }: PlanContext,
  { changing, attachedTo, types }: OnNewColumns,
): Promise<TriedAttachments> {
  const trials = changing.flatMap((change) => {
    const relation = changedRelation(change, types.replaced)
    // A plain view has been tried already, with its attachments.
    if (!relation || change.to.id.kind === 'view') return []
    const attachments = attachedTo(change).filter(
      ({ columns, isOfChild, isOverMutable }) =>
        !isOfChild &&
        (columns.some((name) => relation.retyped.has(name)) || (isOverMutable && change.op === 'replace')) &&
        columns.every((name) => relation.columns.has(name)),
    )
    return attachments.length > 0 ? [{ relation, attachments }] : []
  })
  return tryAttachments(session, {
    relations: trials.map(({ relation }) => relation),
    attachments: trials.flatMap(({ attachments }) => attachments),
    types: { ...types, searchPath },
    mayEvaluate,
    trustedRoles,
  })
}

/** PostgreSQL itself recreates statistics when it alters a type, and refuses to alter it if it cannot. */
function refuseRejected(
  change: ChangeOfColumns,
  attached: readonly Attachment[],
  rejected: ReadonlyMap<Attachment, string>,
): readonly Refusal[] {
  if (change.op !== 'alter') return []
  return attached.flatMap((attachment): readonly Refusal[] => {
    const reason = rejected.get(attachment)
    if (reason === undefined) return []
    return [
      {
        code: 'dependents/unmanaged-object',
        key: change.key,
        title: titleOf(change.to.id),
        reason: `it cannot be altered while something depends on it: ${attachment.title} (${reason})`,
        hint: 'Drop that first, and create it again once this is applied.',
      },
    ]
  })
}

function undeterminedAttachments(
  { key, to }: ChangeOfColumns,
  attached: readonly Attachment[],
  untried: TriedAttachments['untried'],
): readonly Undetermined[] {
  return attached.flatMap((attachment): readonly Undetermined[] => {
    const why = untried.get(attachment)
    if (!why) return []
    const reason = `whether it can keep ${attachment.title} is unknown: ${why.reason}`
    const hint = why.hint ?? 'An apply finds it out, and changes nothing of the object if it cannot.'
    return [{ code: 'object/not-probed', key, title: titleOf(to.id), reason, hint, follows: false }]
  })
}
