// Finds out which names of relations and types are in use, so that no catalog query is sent for objects that do not exist: on a
// small database such queries take many times longer to plan than to run.

import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { type Sql, sql, textArray } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

/**
 * - `missing`: nothing, or only an array type, which PostgreSQL renames when its name is needed
 * - `type`: a type that is no row type of a relation, be there such a relation or not
 * - `child`: a relation with parents
 * - `plain`: any other relation
 */
export type NameState = 'missing' | 'type' | 'child' | 'plain'

// Plain relations, which are the majority, are not returned.
const statesQuery = (schemas: Sql, names: Sql) => sql`
  SELECT at::int - 1 AS at, CASE WHEN type.oid IS NOT NULL THEN 'type' WHEN c.oid IS NOT NULL THEN 'child' ELSE 'missing' END AS state
    FROM unnest(${schemas}, ${names}) WITH ORDINALITY AS wanted(schema, name, at)
    LEFT JOIN pg_namespace n ON n.nspname = wanted.schema
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
    LEFT JOIN pg_type type ON type.typnamespace = n.oid AND type.typname = wanted.name AND type.typrelid = 0
          AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = type.typelem AND e.typarray = type.oid)
   WHERE c.oid IS NULL OR type.oid IS NOT NULL OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid)`

/** Reads within the session's transaction, under the path of catalog queries, which `settings` set. */
export async function readNameStates(
  session: Session,
  settings: Sql,
  ids: readonly ObjectId[],
): Promise<(id: ObjectId) => NameState> {
  if (ids.length === 0) {
    await session.run(settings)
    return () => 'plain'
  }
  const names = ids.map((id) => ('schema' in id ? id : { schema: '', name: '' }))
  const query = statesQuery(textArray(names.map(({ schema }) => schema)), textArray(names.map(({ name }) => name)))
  const rows = await session.query<{ at: number; state: NameState }>(sql`${settings}; ${query}`)
  const states = new Map<Key | undefined, NameState>(
    rows.map(({ at, state }) => {
      const id = ids[at]
      return [id && keyOf(id), state]
    }),
  )
  return (id) => states.get(keyOf(id)) ?? 'plain'
}
