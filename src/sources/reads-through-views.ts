// Finds out which foreign tables unmanaged plain views read, and as which roles: a view reads as its own owner, whoever reads the
// view.

import { groupBy } from '../core/data.ts'
import { idOf, type Key, keyOf, type Relation } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

export interface ReadThroughView {
  readonly table: Key
  /** Null for the role that reads the view, since all views down to the table have security_invoker. */
  readonly role: string | null
}

const readsQuery = trusted(`
  WITH RECURSIVE read(view, oid, role) AS (
    SELECT wanted.view, c.oid, NULL::pg_catalog.name
      FROM pg_catalog.jsonb_to_recordset($1) AS wanted(view text, schema text, name text)
      JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name AND c.relkind = 'v'
    UNION
    SELECT read.view, used.oid,
           CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions)
                              WHERE option_name = 'security_invoker' AND option_value::boolean)
                THEN read.role ELSE pg_catalog.pg_get_userbyid(c.relowner) END
      FROM read
      JOIN pg_catalog.pg_class c ON c.oid = read.oid AND c.relkind = 'v'
      JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> c.oid
      JOIN pg_catalog.pg_class used ON used.oid = d.refobjid AND used.relkind IN ('v', 'f')
  )
  SELECT DISTINCT read.view, n.nspname AS schema, c.relname AS name, read.role
    FROM read
    JOIN pg_catalog.pg_class c ON c.oid = read.oid AND c.relkind = 'f'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`)

interface Row extends Relation {
  readonly view: Key
  readonly role: string | null
}

/** @param views keys, of which those of plain views are looked up */
export async function readsThroughViews(
  session: Session,
  views: Iterable<Key>,
): Promise<ReadonlyMap<Key, readonly ReadThroughView[]>> {
  const wanted = [...new Set(views)].flatMap((key) => {
    const id = idOf(key)
    return id?.kind === 'view' ? [{ view: key, schema: id.schema, name: id.name }] : []
  })
  if (wanted.length === 0) return new Map()
  const rows = await session.query<Row>(readsQuery, [JSON.stringify(wanted)])
  const byView = groupBy(rows, ({ view }) => view)
  return new Map(
    Array.from(byView, ([view, own]) => [
      view,
      own.map(({ schema, name, role }) => ({ table: keyOf({ kind: 'foreignTable', schema, name }), role })),
    ]),
  )
}
