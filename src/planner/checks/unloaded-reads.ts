// Finds copies that cannot be loaded, since they read a materialized view without data: one with `populate: false`, or an unmanaged
// one.

import type { Change, LiveState } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import { idOf, type Key, keyOf, type ObjectId, type Relation } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import { qualified, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { readsOfView } from '../../dependents/view-reads.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import { titleOf } from '../../kinds/registry.ts'
import type { ChangeSet } from '../change-set.ts'
import type { PlanContext } from '../context.ts'
import { copiesLoadedBy } from '../loaded-copies.ts'

// A materialized view with data can be read, whatever it reads itself.
const unloadedQuery = trusted(`
  WITH RECURSIVE read(by, oid) AS (
    SELECT key, c.oid FROM jsonb_to_recordset($1) AS r(key text, schema text, name text)
      JOIN pg_namespace n ON nspname = schema JOIN pg_class c ON relnamespace = n.oid AND relname = name
    UNION
    SELECT by, below FROM read JOIN pg_class c ON c.oid = read.oid AND relkind = 'v', unnest(${readsOfView}) AS below
  )
  SELECT by, nspname AS schema, relname AS name FROM read JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = relnamespace
   WHERE relkind = 'm' AND NOT relispopulated ORDER BY 1, 2, 3`)

export async function unloadedReads(
  { session, options }: PlanContext,
  { comparison: { live }, impact: { changes, steps } }: ChangeSet,
): Promise<readonly Warning[]> {
  if (!options.trySources) return []
  const loaded = copiesLoadedBy(steps)
  const readers = changes.flatMap((change) => readerOf(change, loaded))
  if (readers.length === 0) return []
  const existing = await readUnloaded(session, new Set(readers.flatMap(({ reads }) => reads)))
  const created = new Set(changes.flatMap(({ op, key }) => (op === 'create' && !loaded.has(key) ? [key] : [])))
  return readers.flatMap(({ id, reads }): readonly Warning[] => {
    const unloaded = reads.flatMap((read) => (created.has(read) ? [read] : (existing.get(read) ?? [])))
    const first = unloaded.find((read) => !loaded.has(read))
    return first === undefined ? [] : [warningOf(id, first, created.has(first), live)]
  })
}

interface Reader {
  readonly id: ObjectId
  /** The materialized views that it reads, and the plain views through which it may read others. */
  readonly reads: readonly Key[]
}

function readerOf(change: Change, loaded: ReadonlySet<Key>): readonly Reader[] {
  if (!loaded.has(change.key) || !('to' in change)) return []
  const reads = change.to.needs.filter((need) => {
    const kind = idOf(need)?.kind
    return kind === 'materializedView' || kind === 'view'
  })
  return reads.length === 0 ? [] : [{ id: change.to.id, reads }]
}

/** For each relation, the materialized views without data among itself and those that it reads through plain views. */
async function readUnloaded(session: Session, relations: ReadonlySet<Key>): Promise<ReadonlyMap<Key, readonly Key[]>> {
  const named = [...relations].map((key) => ({ ...idOf(key), key }))
  const rows = await inReadOnlyTransaction(session, () =>
    session.query<Relation & { by: Key }>(unloadedQuery, [JSON.stringify(named)]),
  )
  const byReader = groupBy(rows, ({ by }) => by)
  const keysOf = (found: typeof rows) =>
    found.map(({ schema, name }) => keyOf({ kind: 'materializedView', schema, name }))
  return new Map(Array.from(byReader, ([by, found]) => [by, keysOf(found)]))
}

function warningOf(reader: ObjectId, read: Key, isNew: boolean, live: LiveState): Warning {
  const id = idOf(read)
  const [title, readTitle] = [titleOf(reader), id ? titleOf(id) : read]
  return {
    code: 'server/rejected',
    key: keyOf(reader),
    title,
    message: `${title}: it cannot be loaded: it reads ${readTitle}, which holds no data`,
    hint: hintFor(id, isNew, live.has(read)),
    refusesApply: true,
  }
}

function hintFor(id: ObjectId | undefined, isNew: boolean, isManaged: boolean): string {
  if (isNew || id?.kind !== 'materializedView') return 'Remove populate: false there, or declare it here too.'
  const name = qualified(id.schema, id.name)
  return isManaged ? `Load that first: fdwsync refresh ${name}` : `Load that first: REFRESH MATERIALIZED VIEW ${name};`
}
