// Records which columns of copies are empty since an apply has added them, until a refresh has loaded them. The marks are in the column that
// also has what outdates a copy otherwise: every refresh that reads everything removes them, fdwsync.refresh() included.

import { type Change, droppedColumns } from '../core/change.ts'
import { isCopyId, type Key } from '../core/object.ts'
import { literal, type Sql, sql } from '../core/sql.ts'

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

export interface AlteredCopy {
  readonly address: Key
  /** Marks. */
  readonly added: readonly string[]
  readonly dropped: readonly string[]
}

/** The copies that get columns without values, or lose columns. */
export function alteredCopies(changes: readonly Change[]): readonly AlteredCopy[] {
  return changes.flatMap((change) => {
    if (change.op !== 'alter' || !isCopyId(change.to.id)) return []
    const added = change.fields.flatMap(({ isEmptyAtFirst, field }) => (isEmptyAtFirst ? [field] : []))
    const dropped = droppedColumns(change.fields).map((name) => `${prefix}${name}`)
    return added.length + dropped.length === 0 ? [] : [{ address: change.key, added, dropped }]
  })
}

/** A statement that marks columns as empty, for the transaction that alters the copies. */
export function markEmptyColumns(manifest: string, altered: readonly AlteredCopy[]): Sql {
  return sql`UPDATE fdwsync.object o
                SET outdated_by = nullif(ARRAY(SELECT DISTINCT mark FROM pg_catalog.unnest(o.outdated_by || r.added) AS mark WHERE mark <> ALL (r.dropped)), '{}')
               FROM pg_catalog.jsonb_to_recordset(${literal(JSON.stringify(altered))}) AS r(address text, added text[], dropped text[])
              WHERE o.manifest = ${literal(manifest)} AND o.address = r.address`
}
