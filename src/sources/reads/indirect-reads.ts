// Finds out which foreign tables are read through plain views and through tables that they inherit from, and as which roles: a view
// reads as its own owner, whoever reads the view.

import type { WantedObject } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import { idOf, type Key, keyOf, type Relation } from '../../core/object.ts'
import { trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { parentIds, parentsIn } from '../../kinds/foreign-table/parents.ts'
import { asKind } from '../../kinds/specs.ts'

export interface IndirectRead {
  readonly table: Key
  /** Null for the role that reads the relation, since all views down to the table have security_invoker. */
  readonly role: string | null
}

const readsQuery = trusted(`
  WITH RECURSIVE read(through, start, oid, role) AS (
    SELECT given.key, c.oid, c.oid, NULL::pg_catalog.name
      FROM pg_catalog.jsonb_to_recordset($1) AS given(key text, schema text, name text)
      JOIN pg_catalog.pg_namespace n ON n.nspname = given.schema
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = given.name AND c.relkind IN ('v', 'r', 'p', 'f')
    UNION
    SELECT read.through, read.start, next.oid, next.role
      FROM read JOIN pg_catalog.pg_class c ON c.oid = read.oid,
    LATERAL (
      SELECT used.oid,
             CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions)
                                WHERE option_name = 'security_invoker' AND option_value::boolean)
                  THEN read.role ELSE pg_catalog.pg_get_userbyid(c.relowner) END AS role
        FROM pg_catalog.pg_rewrite r
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
         AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> c.oid
        JOIN pg_catalog.pg_class used ON used.oid = d.refobjid AND used.relkind IN ('v', 'r', 'p', 'f')
       WHERE r.ev_class = c.oid AND c.relkind = 'v'
      UNION ALL
      SELECT inhrelid, read.role FROM pg_catalog.pg_inherits WHERE inhparent = c.oid) AS next
  )
  SELECT DISTINCT read.through, n.nspname AS schema, c.relname AS name, read.role
    FROM read
    JOIN pg_catalog.pg_class c ON c.oid = read.oid AND c.relkind = 'f'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE read.oid <> read.start`)

interface Row extends Relation {
  readonly through: Key
  readonly role: string | null
}

/** The foreign tables that are read by reading other relations that the wanted objects need, by these relations. */
export async function readIndirectReads(
  session: Session,
  wanted: ReadonlyMap<Key, WantedObject>,
): Promise<ReadonlyMap<Key, readonly IndirectRead[]>> {
  const parents = parentsOfForeignTables(wanted)
  const needs = new Set(Array.from(wanted.values(), (object) => object.needs).flat())
  const through = [...needs].flatMap((key) => {
    const id = idOf(key)
    const isThrough =
      id?.kind === 'view' ||
      (id?.kind === 'table' && !wanted.has(key)) ||
      (id?.kind === 'foreignTable' && parents.has(key))
    return isThrough ? [{ key, schema: id.schema, name: id.name }] : []
  })
  if (through.length === 0) return new Map()
  const rows = await session.query<Row>(readsQuery, [JSON.stringify(through)])
  return new Map(
    Array.from(
      groupBy(rows, (row) => row.through),
      ([key, own]) => [
        key,
        own.map(({ schema, name, role }) => ({ table: keyOf({ kind: 'foreignTable', schema, name }), role })),
      ],
    ),
  )
}

function parentsOfForeignTables(wanted: ReadonlyMap<Key, WantedObject>): ReadonlySet<Key> {
  return new Set(
    [...wanted.values()].flatMap((object) => {
      const table = asKind(object, 'foreignTable')
      return table ? parentIds(parentsIn(table.spec)).map(keyOf) : []
    }),
  )
}
