// Copies whose columns are altered in place, where they would be replaced otherwise. Whether that is possible also depends on what else
// the plan changes.

import type { Change, FieldChange, Replace } from '../core/change.ts'
import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { sourceViews } from '../kinds/facets/copy/source-view.ts'
import { kindOf } from '../kinds/registry.ts'

/**
 * Alters copies instead of replacing them, where that is possible.
 * @param replaced the copies that are replaced nevertheless
 */
export async function alterInPlace(
  session: Session,
  changes: readonly Change[],
  replaced: ReadonlySet<Key>,
): Promise<{ readonly changes: readonly Change[]; readonly inPlace: ReadonlySet<Key> }> {
  const possible = new Map<Key, readonly FieldChange[]>()
  const withReplacedChildren = new Set(changes.flatMap(parentsOfReplaced))
  for (const change of changes) {
    if (change.op !== 'replace' || replaced.has(change.key) || withReplacedChildren.has(change.key)) continue
    const fields = hasOtherReason(change) ? undefined : await alterInstead(change)
    if (fields) possible.set(change.key, fields)
  }
  if (possible.size === 0) return { changes, inPlace: new Set() }
  const oids = changes.flatMap((change) =>
    change.op === 'replace' && possible.has(change.key) ? [change.from.oid] : [],
  )
  const tied = new Set(await readTied(session, oids))
  const altered = changes.map((change): Change => {
    const fields = possible.get(change.key)
    if (change.op !== 'replace' || !fields || tied.has(change.from.oid)) return change
    return { op: 'alter', key: change.key, from: change.from, to: change.to, fields }
  })
  return {
    changes: altered,
    inPlace: new Set(altered.flatMap(({ op, key }) => (op === 'alter' && possible.has(key) ? [key] : []))),
  }
}

/** The parents, before and afterwards, of a child that is replaced. */
function parentsOfReplaced(change: Change): readonly Key[] {
  if (change.op !== 'replace') return []
  return [change.from, change.to].flatMap(({ id, spec }) => kindOf(id).child?.parentOf(spec, id) ?? [])
}

/** Whether it is not replaced just because of its own attributes. */
function hasOtherReason({ from, fields, how, isUnmanaged }: Replace): boolean {
  const isRenamed = from.renamedFrom ?? from.renamedColumns ?? from.currentId
  return (
    how !== 'beside' ||
    isUnmanaged === true ||
    from.locked ||
    isRenamed !== undefined ||
    fields.some(({ outdates }) => outdates)
  )
}

function alterInstead({ from, to }: Replace): Promise<readonly FieldChange[] | undefined> | undefined {
  return kindOf(to.id).replacement?.alterInstead?.(to.id, from.spec, to.spec)
}

// Columns of tables that inherit are altered along, and a view in schema fdwsync_source cannot be dropped while something uses it.
const tiedQuery = trusted(`
  WITH ${sourceViews}
  SELECT oid FROM unnest($1::oid[]) AS asked(oid)
   WHERE EXISTS (SELECT FROM pg_inherits WHERE asked.oid IN (inhrelid, inhparent))
      OR EXISTS (SELECT FROM source_view v JOIN pg_class c ON c.oid = v.view JOIN pg_type t ON t.oid = c.reltype
                   JOIN pg_depend d ON d.deptype = 'n' AND ((d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid)
                                                         OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray)))
                  WHERE v.copy = asked.oid
                    AND NOT (d.classid = 'pg_rewrite'::regclass AND d.objid IN (SELECT oid FROM pg_rewrite WHERE ev_class = c.oid)))`)

async function readTied(session: Session, oids: readonly number[]): Promise<readonly number[]> {
  const rows = await inReadOnlyTransaction(session, () => session.query<{ oid: number }>(tiedQuery, [oids]))
  return rows.map(({ oid }) => oid)
}
