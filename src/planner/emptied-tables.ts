// Finds out which tables that were never loaded are empty, although they have pages: those of a load that failed, or of deleted rows.

import type { Change } from '../core/change.ts'
import { literal, sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { asKind } from '../kinds/specs.ts'
import type { TableSpec } from '../kinds/table/spec.ts'

/** A change that drops or replaces a table. */
type LostTable = Extract<Change, { op: 'drop' | 'replace' }> & { readonly from: { readonly spec: TableSpec } }

/** Tables that take longer count as tables with rows: a plan is no reason to read many pages for minutes. */
const longest = '3s'

/** Looks at the rows of tables that are dropped or replaced, within a transaction. Live objects know only whether a table has pages. */
export async function withEmptiedTables(session: Session, changes: readonly Change[]): Promise<readonly Change[]> {
  const asked = changes.filter(mayLoseRows).map(({ from }) => from.oid)
  if (asked.length === 0) return changes
  const empty = new Set(await emptyTables(session, asked))
  return changes.map((change) => {
    if (!mayLoseRows(change) || !empty.has(change.from.oid)) return change
    return { ...change, from: { ...change.from, spec: { ...change.from.spec, hasRows: false } } }
  })
}

function mayLoseRows(change: Change): change is LostTable {
  if (change.op !== 'drop' && change.op !== 'replace') return false
  const table = asKind(change.from, 'table')?.spec
  return table !== undefined && !table.populated && table.hasRows === true
}

async function emptyTables(session: Session, oids: readonly number[]): Promise<readonly number[]> {
  // What cannot be read, because of a lock or a missing privilege, may have rows.
  const body = sql`
DECLARE
  name pg_catalog.regclass;
  has_rows bool;
  found pg_catalog.jsonb := '[]';
BEGIN
  FOREACH name IN ARRAY ${literal(`{${oids.join(',')}}`)}::pg_catalog.regclass[] LOOP
    BEGIN
      EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM ONLY %s)', name) INTO has_rows;
      IF NOT has_rows THEN found := found || pg_catalog.to_jsonb(name::pg_catalog.oid::pg_catalog.int8); END IF;
    EXCEPTION WHEN OTHERS THEN CONTINUE;
    END;
  END LOOP;
  PERFORM pg_catalog.set_config('fdwsync.found', found::pg_catalog.text, true);
END`
  const limits = sql`
    SAVEPOINT emptied; SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = ${literal(longest)}; SET LOCAL row_security = off`
  try {
    const [row] = await session.query<{ empty: readonly number[] }>(
      sql`${limits}; DO ${literal(body)}; SELECT pg_catalog.current_setting('fdwsync.found')::pg_catalog.jsonb AS empty`,
    )
    return row?.empty ?? []
  } catch (error) {
    if (!isDatabaseError(error) || session.isLost()) throw error
    return []
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK TO emptied'))
  }
}
