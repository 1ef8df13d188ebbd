// Refuses to drop NOT NULL from a column of a table if something undeclared requires it: an identity column, or the index of the
// replica identity.

import type { Change } from '../../core/change.ts'
import { type Key, keyOf } from '../../core/object.ts'
import type { Refusal } from '../../core/plan.ts'
import { trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import { titleOf } from '../../kinds/registry.ts'

interface DroppedNotNull {
  readonly key: Key
  readonly oid: number
  readonly title: string
  /** By its name in the database. */
  readonly column: string
}

// The index of a primary key is dropped earlier.
const requiredQuery = trusted(`
  SELECT dropped.key, dropped.title,
         CASE WHEN a.attidentity <> '' THEN format('column %I is an identity column', attname)
              ELSE format('column %I is in the index %s of its replica identity', attname, i.indexrelid::regclass) END AS reason,
         CASE WHEN a.attidentity <> '' THEN format('ALTER TABLE %s ALTER %I DROP IDENTITY;', attrelid::regclass, attname)
              ELSE format('ALTER TABLE %s REPLICA IDENTITY DEFAULT;', attrelid::regclass) END AS statement
    FROM jsonb_to_recordset($1) AS dropped(key text, title text, oid oid, "column" text)
    JOIN pg_attribute a ON a.attrelid = dropped.oid AND a.attname = dropped."column"
    LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisreplident AND NOT i.indisprimary AND a.attnum = ANY (i.indkey::int2[])
   WHERE a.attidentity <> '' OR i.indexrelid IS NOT NULL`)

export async function refuseRequiredNotNull(session: Session, changes: readonly Change[]): Promise<readonly Refusal[]> {
  const dropped = changes.flatMap(droppedBy)
  if (dropped.length === 0) return []
  const rows = await inReadOnlyTransaction(session, () =>
    session.query<{ key: Key; title: string; reason: string; statement: string }>(requiredQuery, [
      JSON.stringify(dropped),
    ]),
  )
  return rows.map(({ key, title, reason, statement }) => ({
    code: 'dependents/unmanaged-object',
    key,
    title,
    reason: `${reason}, which has to be NOT NULL`,
    hint: `Declare it NOT NULL, or run: ${statement}`,
  }))
}

function droppedBy(change: Change): readonly DroppedNotNull[] {
  // A successor takes over the identity columns and the replica identity of the original.
  if ((change.op !== 'alter' && change.op !== 'replace') || change.to.id.kind !== 'table') return []
  const { to, from } = change
  const nameNow = new Map(Array.from(from.renamedColumns ?? [], ([now, wanted]) => [wanted, now]))
  return change.fields.flatMap(({ field, to: isNotNull }) => {
    const [, column] = isNotNull === 'no' ? (/^column (.+) not null$/s.exec(field) ?? []) : []
    if (column === undefined) return []
    return [{ key: keyOf(to.id), oid: from.oid, title: titleOf(to.id), column: nameNow.get(column) ?? column }]
  })
}
