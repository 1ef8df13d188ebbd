// Records which columns of copies are empty since an apply has added them, until a refresh has loaded them. The marks are in the column that
// also has what outdates a copy otherwise: every refresh that reads everything removes them, fdwsync.refresh() included.

import { type Change, droppedColumns } from '../core/change.ts'
import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { forgetStates } from './strategy-states.ts'

/** No object has such a title. */
const prefix = 'column '

export function isEmptyColumn(mark: string): boolean {
  return mark.startsWith(prefix)
}

export function emptyColumnOf(mark: string): string {
  return mark.slice(prefix.length)
}

/** The marks of columns among others, as SQL; NULL if there are none. */
export function emptyColumnMarks(marks: string): string {
  return `nullif(ARRAY(SELECT mark FROM pg_catalog.unnest(${marks}) AS mark WHERE starts_with(mark, '${prefix}')), '{}')`
}

/** Records what the changes add and drop, in the transaction that alters the copies. What earlier refreshes have found is forgotten. */
export async function recordEmptyColumns(
  session: Session,
  manifest: string,
  changes: readonly Change[],
): Promise<void> {
  const altered = changes.flatMap((change) => {
    if (change.op !== 'alter') return []
    const added = change.fields.flatMap(({ isEmptyAtFirst, field }) => (isEmptyAtFirst ? [field] : []))
    const dropped = droppedColumns(change.fields).map((name) => `${prefix}${name}`)
    return added.length + dropped.length === 0 ? [] : [{ address: change.key, added, dropped }]
  })
  if (altered.length === 0) return
  await session.query(
    trusted(`UPDATE fdwsync.object o
                SET outdated_by = nullif(ARRAY(SELECT DISTINCT mark FROM pg_catalog.unnest(o.outdated_by || r.added) AS mark WHERE mark <> ALL (r.dropped)), '{}')
               FROM pg_catalog.jsonb_to_recordset($2) AS r(address text, added text[], dropped text[])
              WHERE o.manifest = $1 AND o.address = r.address`),
    [manifest, JSON.stringify(altered)],
  )
  await forgetStates(
    session,
    altered.flatMap(({ address, added }): readonly Key[] => (added.length > 0 ? [address] : [])),
  )
}
