// Refuses names that an object takes beside its own, if an unmanaged relation has them: that of a primary key, which is the name of its index,
// and that of a composite type, which is one among the relations of its schema. The probe creates both in a schema of its own.

import type { Change, LiveState } from '../core/change.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Refusal } from '../core/plan.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { inReadOnlyTransaction } from '../introspector/transaction-settings.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'

interface TakenName {
  readonly key: Key
  readonly title: string
  readonly schema: string
  readonly name: string
}

// What belongs to a managed relation may leave its name in this plan.
const occupantsQuery = trusted(`
  SELECT taken.key, taken.title,
         format('%s named %I already exists', CASE c.relkind WHEN 'i' THEN 'an index' WHEN 'S' THEN 'a sequence' ELSE 'a relation' END, c.relname) AS reason
    FROM jsonb_to_recordset($1) AS taken(key text, title text, schema text, name text)
    JOIN pg_namespace n ON n.nspname = taken.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = taken.name
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
   WHERE c.relkind <> 'c' AND c.oid <> ALL ($2::oid[]) AND coalesce(i.indrelid, 0) <> ALL ($2::oid[])`)

export async function refuseTakenNames(
  session: Session,
  changes: readonly Change[],
  live: LiveState,
): Promise<readonly Refusal[]> {
  const taken = changes.flatMap(takenBy)
  if (taken.length === 0) return []
  const managed = Array.from(live.values(), ({ oid }) => oid)
  const rows = await inReadOnlyTransaction(session, () =>
    session.query<{ key: Key; title: string; reason: string }>(occupantsQuery, [JSON.stringify(taken), managed]),
  )
  const hint = 'Rename one of the two; fdwsync does not touch what it does not manage.'
  return rows.map(({ key, title, reason }) => ({ code: 'object/name-taken', key, title, reason, hint }))
}

function takenBy(change: Change): readonly TakenName[] {
  if (change.op !== 'create' && change.op !== 'alter') return []
  const { id, spec } = change.to
  if (!('schema' in id)) return []
  const of = { key: keyOf(id), title: titleOf(id), schema: id.schema }
  const isNew = change.op === 'create'
  if (id.kind === 'type') return isNew && isComposite(spec) ? [{ ...of, name: id.name }] : []
  const name = kindOf(id).keyName?.(spec)
  const before = isNew ? undefined : kindOf(id).keyName?.(change.from.spec)
  return name === undefined || name === before ? [] : [{ ...of, name }]
}

function isComposite(spec: unknown): boolean {
  return (spec as { readonly sort?: unknown }).sort === 'composite' // the spec of a type
}
