// Copies whose columns are altered in place, where they would be replaced otherwise. Whether that is possible also depends on what else
// the plan changes.

import { type Change, droppedColumns, type FieldChange, type Replace } from '../core/change.ts'
import { idOf, type Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { sourceViews } from '../kinds/facets/copy/source-view.ts'
import { kindOf, parentOf, titleOf } from '../kinds/registry.ts'

/** The copies that are replaced although their columns could be altered, with the copies that read new columns before these have values. */
export type ReplacedNevertheless = ReadonlyMap<Key, readonly Key[]>

/** Alters copies instead of replacing them, where that is possible. */
export async function alterInPlace(
  session: Session,
  changes: readonly Change[],
  replaced: ReplacedNevertheless,
): Promise<{ readonly changes: readonly Change[]; readonly inPlace: ReadonlySet<Key> }> {
  const possible = new Map<Key, readonly FieldChange[]>()
  const withReplacedChildren = new Set(changes.flatMap(parentsOfReplaced))
  for (const change of changes) {
    if (change.op !== 'replace' || replaced.has(change.key) || withReplacedChildren.has(change.key)) continue
    const fields = hasOtherReason(change) ? undefined : await alterInstead(change)
    if (fields) possible.set(change.key, fields)
  }
  const asked = changes.flatMap((change) => {
    const fields = possible.get(change.key)
    return change.op === 'replace' && fields ? [{ oid: change.from.oid, dropped: droppedColumns(fields) }] : []
  })
  const tied = asked.length > 0 ? new Set(await readTied(session, asked)) : new Set()
  const altered = changes.map((change): Change => {
    if (change.op !== 'replace') return change
    const fields = possible.get(change.key)
    if (!fields || tied.has(change.from.oid)) return withReaders(change, replaced.get(change.key) ?? [])
    return { op: 'alter', key: change.key, from: change.from, to: change.to, fields }
  })
  return {
    changes: altered,
    inPlace: new Set(altered.flatMap(({ op, key }) => (op === 'alter' && possible.has(key) ? [key] : []))),
  }
}

function withReaders(change: Replace, readers: readonly Key[]): Replace {
  const fields = readers.flatMap((key): readonly FieldChange[] => {
    const id = idOf(key)
    return id
      ? [{ field: titleOf(id), from: undefined, to: undefined, effect: { how: 'replace' }, readsEmpty: true }]
      : []
  })
  return { ...change, fields: [...change.fields, ...fields] }
}

/** The parents, before and afterwards, of a child that is replaced. */
function parentsOfReplaced(change: Change): readonly Key[] {
  if (change.op !== 'replace') return []
  return [change.from, change.to].flatMap((object) => parentOf(object) ?? [])
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

// Columns of tables that inherit are altered along, and a view in schema fdwsync_source cannot be dropped while something uses it. Nor can
// a column that a policy, a rule, a trigger or a publication uses. A replacement leaves those out, if that is allowed.
const tiedQuery = trusted(`
  WITH ${sourceViews}
  SELECT oid FROM jsonb_to_recordset($1) AS asked(oid oid, dropped text[])
   WHERE EXISTS (SELECT FROM pg_inherits WHERE asked.oid IN (inhrelid, inhparent))
      OR EXISTS (SELECT FROM source_view v JOIN pg_class c ON c.oid = v.view JOIN pg_type t ON t.oid = c.reltype
                   JOIN pg_depend d ON d.deptype = 'n' AND ((d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid)
                                                         OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray)))
                  WHERE v.copy = asked.oid
                    AND NOT (d.classid = 'pg_rewrite'::regclass AND d.objid IN (SELECT oid FROM pg_rewrite WHERE ev_class = c.oid)))
      OR EXISTS (SELECT FROM pg_attribute a JOIN pg_depend d ON (refclassid, refobjid, refobjsubid) = ('pg_class'::regclass, attrelid, attnum)
                  WHERE a.attrelid = asked.oid AND attname = ANY (dropped)
                    AND (classid IN ('pg_policy'::regclass, 'pg_publication_rel'::regclass, 'pg_trigger'::regclass)
                         OR (classid = 'pg_rewrite'::regclass AND objid IN (SELECT oid FROM pg_rewrite WHERE ev_class = attrelid))))`)

interface Asked {
  readonly oid: number
  /** The columns that would be dropped. */
  readonly dropped: readonly string[]
}

async function readTied(session: Session, asked: readonly Asked[]): Promise<readonly number[]> {
  const rows = await inReadOnlyTransaction(session, () =>
    session.query<{ oid: number }>(tiedQuery, [JSON.stringify(asked)]),
  )
  return rows.map(({ oid }) => oid)
}
