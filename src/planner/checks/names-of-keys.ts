// Refuses names that an object takes in addition to its own, if something unmanaged has them: the name of a primary key, which its
// index has too, the name of a composite type, which is also one of a relation, and that of the multirange type of a range. The
// probe does not find such conflicts, since it creates objects in a schema of its own.

import type { Change, LiveState } from '../../core/change.ts'
import { type Key, keyOf } from '../../core/object.ts'
import type { Refusal } from '../../core/plan.ts'
import { trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'

interface TakenName {
  readonly key: Key
  readonly title: string
  readonly schema: string
  readonly name: string
  /** Whether the name is taken among types. Otherwise it is taken among relations. */
  readonly isType: boolean
}

// A managed object may leave its name in this plan, and so may the key of a managed table. Any other index of the table stays, or
// moves to its successor.
const occupantsQuery = trusted(`
  SELECT taken.key, taken.title,
         format('%s named %I already exists', CASE c.relkind WHEN 'i' THEN 'an index' WHEN 'S' THEN 'a sequence' ELSE 'a relation' END, c.relname) AS reason,
         CASE WHEN (i.indrelid = ANY ($2::oid[])) IS NOT TRUE THEN NULL
              WHEN k.oid IS NULL THEN format('DROP INDEX %s;', c.oid::regclass)
              ELSE format('ALTER TABLE %s DROP CONSTRAINT %I;', k.conrelid::regclass, k.conname) END AS drop
    FROM jsonb_to_recordset($1) AS taken(key text, title text, schema text, name text, "isType" bool)
    JOIN pg_namespace n ON n.nspname = taken.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = taken.name
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.conrelid = i.indrelid
   WHERE NOT "isType" AND c.relkind <> 'c' AND c.oid <> ALL ($2::oid[]) AND NOT (coalesce(i.indisprimary, false) AND i.indrelid = ANY ($2::oid[]))`)

// PostgreSQL renames the array types that it has created if their name is needed.
const typesQuery = trusted(`
  SELECT taken.key, taken.title, format('a type named %I already exists', t.typname) AS reason, NULL AS drop
    FROM jsonb_to_recordset($1) AS taken(key text, title text, schema text, name text, "isType" bool)
    JOIN pg_namespace n ON n.nspname = taken.schema
    JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = taken.name
    LEFT JOIN pg_range r ON r.rngmultitypid = t.oid
   WHERE "isType" AND t.oid <> ALL ($2::oid[]) AND t.typrelid <> ALL ($2::oid[]) AND coalesce(r.rngtypid, 0) <> ALL ($2::oid[])
     AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = t.oid)`)

interface TakenBy {
  readonly key: Key
  readonly title: string
  readonly reason: string
  /** The statement that drops the occupant, if it is on a managed table. */
  readonly drop: string | null
}

export async function refuseTakenNames(
  session: Session,
  changes: readonly Change[],
  live: LiveState,
): Promise<readonly Refusal[]> {
  const taken = changes.flatMap(takenBy)
  if (taken.length === 0) return []
  const managed = Array.from(live.values(), ({ oid }) => oid)
  const input = [JSON.stringify(taken), managed]
  const rows = await inReadOnlyTransaction(session, async () => {
    const relations = await session.query<TakenBy>(occupantsQuery, input)
    return taken.some(({ isType }) => isType)
      ? [...relations, ...(await session.query<TakenBy>(typesQuery, input))]
      : relations
  })
  const hint = 'Rename one of the two; fdwsync does not touch what it does not manage.'
  return rows.map(({ drop, ...taken }) => ({
    code: 'object/name-taken',
    ...taken,
    hint: drop === null ? hint : `Rename it, or drop it: ${drop}`,
  }))
}

function takenBy(change: Change): readonly TakenName[] {
  if (change.op !== 'create' && change.op !== 'alter' && change.op !== 'replace') return []
  const { id, spec } = change.to
  if (!('schema' in id)) return []
  const of = { key: keyOf(id), title: titleOf(id), schema: id.schema, isType: false }
  const isNew = change.op === 'create'
  const type = asKind(change.to, 'type')?.spec
  if (type) {
    const multirange = type.multirange?.name
    if (multirange !== undefined) {
      const before = isNew ? undefined : asKind(change.from, 'type')?.spec.multirange?.name
      return multirange === before ? [] : [{ ...of, name: multirange, isType: true }]
    }
    return isNew && type.sort === 'composite' ? [{ ...of, name: id.name }] : []
  }
  const name = kindOf(id).keyName?.(spec)
  const before = isNew ? undefined : kindOf(id).keyName?.(change.from.spec)
  return name === undefined || name === before ? [] : [{ ...of, name }]
}
