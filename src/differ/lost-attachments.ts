// Which attachments of a relation are lost as its columns change: an index on a column that is dropped, for example.

import { type Change, droppedColumns, type Replace } from '../core/change.ts'
import { inverse } from '../core/data.ts'
import type { Attachment, LostAttachment } from '../core/dependent.ts'
import { type Key, namespaceOf } from '../core/object.ts'
import type { Hazard } from '../core/plan.ts'
import { ident } from '../core/sql.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { isBuiltInScratch } from './replacement-groups.ts'

export type ChangeOfColumns = Extract<Change, { op: 'alter' | 'replace' }>

/** Whether what is attached to the object may be lost by the change. */
export function mayLoseAttachments(change: Change): change is ChangeOfColumns {
  if (isBuiltInScratch(change)) return true
  return change.op === 'alter' && change.fields.some(({ blockedByUseOf }) => blockedByUseOf !== undefined)
}

/**
 * The attachments that use a column which goes, and those that a successor cannot have. PostgreSQL refuses an alteration because
 * of the latter.
 * @param rejected the reasons of the server, by attachment
 */
export function lostAttachments(
  change: ChangeOfColumns,
  attachments: readonly Attachment[],
  rejected: ReadonlyMap<Attachment, string>,
): readonly LostAttachment[] {
  const isLost = lostColumns(change)
  const { renamedColumns } = change.from
  return attachments.flatMap((attachment): readonly LostAttachment[] => {
    if (attachment.isOfChild && change.op === 'replace') return []
    const column = attachment.columns.find((name) => isLost(renamedColumns?.get(name) ?? name))
    const isRejected = column === undefined && change.op === 'replace'
    const reason = isRejected
      ? (attachment.whyLost ?? rejected.get(attachment) ?? whyNotOnKind(change, attachment))
      : column && `it uses the dropped column ${ident(column)}`
    return reason === undefined ? [] : [{ ...attachment, reason }]
  })
}

/** What the object can have, and one of another kind that takes its place cannot. The comment of a primary key needs one. */
function whyNotOnKind({ from, to }: Replace, { catalog }: Attachment): string | undefined {
  const { keyName, replacement } = kindOf(to.id)
  const why = replacement?.whyNotAttached?.(catalog, to.spec)
  if (why !== undefined) return why
  if (catalog === 'pg_description' && keyName && keyName(to.spec) === undefined)
    return 'there is no primary key any more'
  const attachable = from.currentId && replacement?.attachable
  return !attachable || attachable.includes(catalog) ? undefined : `${titleOf(to.id)} cannot have it`
}

function lostColumns(change: ChangeOfColumns): (name: string) => boolean {
  if (change.op === 'replace') {
    const kept = keptColumns(change)
    return (name) => kept !== undefined && !kept.has(name)
  }
  const dropped = droppedColumns(change.fields)
  return (name) => dropped.includes(name)
}

export interface ChangedRelation {
  /** Its name in the database. */
  readonly id: { readonly schema: string; readonly name: string }
  /** The columns that it keeps, with the wanted types, by their names in the database. */
  readonly columns: ReadonlyMap<string, string>
  /** Those that have another type today. */
  readonly retyped: ReadonlySet<string>
}

/** The relation as the change leaves it. Undefined if it has no columns of its own. */
export function changedRelation(change: ChangeOfColumns, replacedTypes: ReadonlySet<Key>): ChangedRelation | undefined {
  const { from, to } = change
  const { columns } = kindOf(to.id)
  const id = from.elsewhere ?? from.id
  const schema = namespaceOf(id)
  if (!columns || schema === undefined || !('name' in id)) return undefined
  const [before, after] = [columns(from.spec), columns(to.spec)]
  const nameNow = inverse<string, string>(from.renamedColumns ?? new Map())
  const kept = Array.from(keptColumns(change) ?? [], ([name, now]) => {
    const [was, type = ''] = [before.get(name), after.get(now)]
    return { name: nameNow.get(name) ?? name, type, isRetyped: was !== type }
  })
  // A type that is replaced is another one of the same name.
  const hasReplacedType = from.needs.some((need) => replacedTypes.has(need))
  const retyped = kept.flatMap(({ name, isRetyped }) => (isRetyped || hasReplacedType ? [name] : []))
  const names = { schema, name: id.name }
  return { id: names, columns: new Map(kept.map(({ name, type }) => [name, type])), retyped: new Set(retyped) }
}

/** The columns that a successor has too: its names for them, by those of the original. Undefined if there are none in its definition. */
export function keptColumns({ from, to }: Pick<Replace, 'from' | 'to'>): ReadonlyMap<string, string> | undefined {
  const { columns, renaming } = kindOf(to.id)
  if (!columns) return undefined
  const renamed = renaming?.alteredColumnNames?.(from.spec, to.spec)
  const after = columns(to.spec)
  return new Map(
    [...columns(from.spec).keys()].flatMap((name) => {
      const now = renamed?.get(name) ?? name
      return after.has(now) ? [[name, now] as const] : []
    }),
  )
}

/** The names in the database of the columns that a successor has too, by its names for them. */
export function namesInDatabase(change: Pick<Replace, 'from' | 'to'>): ReadonlyMap<string, string> {
  const nameNow = inverse<string, string>(change.from.renamedColumns ?? new Map())
  return new Map(Array.from(keptColumns(change) ?? [], ([was, name]) => [name, nameNow.get(was) ?? was] as const))
}

export function lossHazards(lost: readonly LostAttachment[]): readonly Hazard[] {
  return lost.map(({ title, reason }) => ({ name: 'drops-dependents', detail: `drops ${title} (${reason})` }))
}
