// What the relations that a plan drops have beyond their declarations, and what is lost with them: indexes, triggers, privileges,
// comments.

import type { Change } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import type { Attachment } from '../core/dependent.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Hazard } from '../core/plan.ts'
import { ident } from '../core/sql.ts'
import { listAttachments } from '../dependents/attachments.ts'
import { type LostWithRelation, readLostWithRelations } from '../dependents/lost-with-relations.ts'
import { isTemporaryName } from '../differ/temporary-name.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import type { Comparison } from './comparison.ts'
import type { PlanContext } from './context.ts'

type Drop = Extract<Change, { op: 'drop' }>

/** The hazards of the drops of relations, by key. */
export async function examineDrops(
  { session, target: { ledger } }: PlanContext,
  { probed }: Comparison,
  changes: readonly Change[],
): Promise<ReadonlyMap<Key, readonly Hazard[]>> {
  const drops = changes.filter(isDropOfRelation)
  if (drops.length === 0) return new Map()
  const oids = drops.map(({ from }) => from.oid)
  const [attached, others] = await inReadOnlyTransaction(session, async () => [
    await listAttachments(session, oids, [...probed.live.values()]),
    await readLostWithRelations(session, oids),
  ])
  const attachedTo = groupBy(attached, ({ of }) => of)
  const otherOf = new Map(others.map((lost) => [lost.of, lost]))
  return new Map(
    drops.map((drop): [Key, readonly Hazard[]] => {
      const { oid } = drop.from
      const declared = ledger.entries.get(drop.formerly ? keyOf(drop.formerly.id) : drop.key)?.declared
      const titles = (attachedTo.get(oid) ?? []).flatMap((each) => (isPutThere(each) ? [each.title] : []))
      const lost = otherOf.get(oid)
      const details = [...titles, ...(lost ? undeclared(lost, declared) : [])]
      return [drop.key, details.map((what) => ({ name: 'drops-dependents', detail: `drops ${what} (not declared)` }))]
    }),
  )
}

/** An index that has left its name to the index of a successor was managed. */
function isPutThere({ isOfChild, title, oid }: Attachment): boolean {
  return !isOfChild && !isTemporaryName(title, oid)
}

/** When an old object is dropped, by this plan or by one after a failed apply, its successor already has its attachments. */
function isDropOfRelation(change: Change): change is Drop {
  if (change.op !== 'drop' || change.from.catalog !== 'pg_class' || change.renamedAsideFor) return false
  const { id, oid } = change.from
  return change.formerly !== undefined || !('name' in id && isTemporaryName(id.name, oid))
}

function undeclared({ grantees, comments }: LostWithRelation, declared: unknown): readonly string[] {
  const hasGrants = typeof declared === 'object' && declared !== null && 'grants' in declared
  const texts = textsIn(declared)
  return [
    ...(grantees.length > 0 && !hasGrants ? [`what is granted on it to ${grantees.join(', ')}`] : []),
    ...comments.flatMap(({ column, text }) =>
      texts.has(text) ? [] : [column === null ? 'its comment' : `the comment on its column ${ident(column)}`],
    ),
  ]
}

/** All texts in a declaration, declared comments included. */
function textsIn(declared: unknown): ReadonlySet<string> {
  const values: unknown[] = [declared]
  const texts = new Set<string>()
  for (const value of values) {
    if (typeof value === 'string') texts.add(value)
    else if (typeof value === 'object' && value !== null) values.push(...Object.values(value))
  }
  return texts
}
