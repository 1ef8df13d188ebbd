// Refuses changes of NOT NULL in tables that PostgreSQL refuses: dropping one that something undeclared requires, such as an identity
// column, or a primary key over one that is NO INHERIT or NOT VALID.

import type { Change, FieldChange } from '../../core/change.ts'
import type { ProblemCode } from '../../core/codes.ts'
import { type Key, keyOf } from '../../core/object.ts'
import type { Refusal } from '../../core/plan.ts'
import { type Sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { namesInDatabase } from '../../differ/lost-attachments.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import { titleOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'

type ChangeOfTable = Extract<Change, { op: 'alter' | 'replace' }>

interface ChangedNotNull {
  readonly key: Key
  readonly oid: number
  readonly title: string
  /** By its name in the database. */
  readonly column: string
  /** Whether it is a column of a new primary key. */
  readonly isOfKey: boolean
}

// The index of a primary key is dropped earlier.
const requiredQuery = trusted(`
  SELECT changed.key, changed.title,
         CASE WHEN a.attidentity <> '' THEN format('column %I is an identity column, which has to be NOT NULL', attname)
              ELSE format('column %I is in the index %s of its replica identity, which has to be NOT NULL', attname, i.indexrelid::regclass) END AS reason,
         concat('Declare it NOT NULL, or run: ',
                CASE WHEN a.attidentity <> '' THEN format('ALTER TABLE %s ALTER %I DROP IDENTITY;', attrelid::regclass, attname)
                     ELSE format('ALTER TABLE %s REPLICA IDENTITY DEFAULT;', attrelid::regclass) END) AS hint
    FROM jsonb_to_recordset($1) AS changed(key text, title text, oid oid, "column" text)
    JOIN pg_attribute a ON a.attrelid = changed.oid AND a.attname = changed."column"
    LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisreplident AND NOT i.indisprimary AND a.attnum = ANY (i.indkey::int2[])
   WHERE a.attidentity <> '' OR i.indexrelid IS NOT NULL`)

// SET NOT NULL validates a constraint, but leaves it NO INHERIT. From PostgreSQL 18 on there are such constraints.
const unfitQuery = trusted(`
  SELECT changed.key, changed.title,
         format('the NOT NULL constraint %I of column %I is %s', conname, attname,
                concat_ws(' and ', CASE WHEN connoinherit THEN 'NO INHERIT' END, CASE WHEN NOT convalidated THEN 'NOT VALID' END)) AS reason,
         concat_ws(' ', 'Run:', CASE WHEN connoinherit THEN format('ALTER TABLE %s ALTER CONSTRAINT %I INHERIT;', conrelid::regclass, conname) END,
                   CASE WHEN NOT convalidated AND "isOfKey" THEN format('ALTER TABLE %s VALIDATE CONSTRAINT %I;', conrelid::regclass, conname) END) AS hint
    FROM jsonb_to_recordset($1) AS changed(key text, title text, oid oid, "column" text, "isOfKey" bool)
    JOIN pg_attribute a ON a.attrelid = changed.oid AND a.attname = changed."column"
    JOIN pg_constraint k ON k.conrelid = a.attrelid AND contype = 'n' AND conkey[1] = attnum
   WHERE (connoinherit AND ("isOfKey" OR NOT convalidated)) OR ("isOfKey" AND NOT convalidated)`)

export async function refuseNotNull(session: Session, changes: readonly Change[]): Promise<readonly Refusal[]> {
  const ofTables = changes.filter(
    (change): change is ChangeOfTable =>
      (change.op === 'alter' || change.op === 'replace') && change.to.id.kind === 'table',
  )
  // A successor takes over the identity columns and the replica identity of the original, but has constraints of its own.
  const added = ofTables.flatMap((change) => (change.op === 'alter' ? addedBy(change) : []))
  return [
    ...(await refuse(session, 'dependents/unmanaged-object', requiredQuery, ofTables.flatMap(droppedBy))),
    ...(await refuse(session, 'server/rejected', unfitQuery, added)),
  ]
}

async function refuse(
  session: Session,
  code: ProblemCode,
  query: Sql,
  changed: readonly ChangedNotNull[],
): Promise<readonly Refusal[]> {
  if (changed.length === 0) return []
  const rows = await inReadOnlyTransaction(session, () =>
    session.query<Omit<Refusal, 'code'>>(query, [JSON.stringify(changed)]),
  )
  return rows.map(({ key, title, reason, hint }) => ({ code, key, title, reason, hint }))
}

function droppedBy(change: ChangeOfTable): readonly ChangedNotNull[] {
  return change.fields.flatMap((field) => changedNotNull(change, columnOf(field, 'no')))
}

function addedBy(change: ChangeOfTable): readonly ChangedNotNull[] {
  const isNewKey = change.fields.some(({ field, effect }) => field === 'primary key' && effect.how === 'clause')
  const ofKey = isNewKey ? (asKind(change.to, 'table')?.spec.primaryKey?.columns ?? []) : []
  return [
    ...ofKey.flatMap((column) => changedNotNull(change, column, true)),
    ...change.fields.flatMap((field) => changedNotNull(change, columnOf(field, 'yes'))),
  ]
}

/** The column that becomes NOT NULL, or no longer is. */
function columnOf({ field, to }: FieldChange, isNotNull: 'yes' | 'no'): string | undefined {
  return to === isNotNull ? /^column (.+) not null$/s.exec(field)?.[1] : undefined
}

function changedNotNull(change: ChangeOfTable, column: string | undefined, isOfKey = false): readonly ChangedNotNull[] {
  if (column === undefined) return []
  const { to, from } = change
  const now = namesInDatabase(change).get(column) ?? column
  return [{ key: keyOf(to.id), oid: from.oid, title: titleOf(to.id), column: now, isOfKey }]
}
