// Finds references to a live object that has a wanted version in the probe under the same name. PostgreSQL treats the two as
// different objects, so what refers to the live one does not work with the one in the probe.

import type { DeclaredObject } from '../core/change.ts'
import { type Key, keyOf, relationKey } from '../core/object.ts'
import { type Statement, trusted } from '../core/sql.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { type NamedKind, writtenNames } from '../parser/written-names.ts'
import { leakFinding } from './findings.ts'
import type { ProbeRun } from './run.ts'

function oidsUnderOwnNames({ input, underOwnNames }: ProbeRun): readonly number[] {
  return [...underOwnNames].flatMap((key) => input.reading.live.get(key)?.oid ?? [])
}

/** $1: OIDs of live relations and types. Row types and arrays count as the type or relation that they belong to. */
const liveObjects = trusted(`live AS (
    SELECT 'pg_class'::regclass AS classid, oid FROM pg_class WHERE oid = ANY ($1)
    UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_type t WHERE t.oid = ANY ($1) OR t.typrelid = ANY ($1)
    UNION ALL SELECT 'pg_type'::regclass, e.typarray FROM pg_type e WHERE (e.oid = ANY ($1) OR e.typrelid = ANY ($1)) AND e.typarray <> 0
  )`)

/**
 * Adds findings for objects in the probe that refer to such a live object, through an unmanaged function or a constant. What was
 * read of such an object is not what it would become.
 */
export async function noteReferencesToLive(
  run: ProbeRun,
  objects: readonly DeclaredObject[],
): Promise<ReadonlySet<Key>> {
  const replaced = oidsUnderOwnNames(run)
  if (replaced.length === 0 || objects.length === 0) return new Set()
  const schemas = [run.scratchSchema, ...run.namesakes.values()]
  const rows = await run.session.query<{ schema: string; name: string }>(referencesQuery, [replaced, schemas])
  const found = new Set(rows.map(({ schema, name }) => relationKey(schema, name)))
  const keys = objects.flatMap(({ id }) => {
    const standIn = run.standIns.get(keyOf(id))
    return standIn && 'schema' in standIn && found.has(relationKey(standIn.schema, standIn.name)) ? [keyOf(id)] : []
  })
  run.findings.push(...keys.map(leakFinding))
  return new Set(keys)
}

/** $1: OIDs of live relations and types; $2: names of scratch schemas. Row types and arrays count as the type or relation that they belong to. */
const referencesQuery = trusted(`
  WITH ${liveObjects}, referring AS (
    SELECT d.classid, d.objid FROM live JOIN pg_depend d ON d.refclassid = live.classid AND d.refobjid = live.oid
  )
  SELECT n.nspname AS schema, c.relname AS name
    FROM referring r
    LEFT JOIN pg_rewrite w ON r.classid = 'pg_rewrite'::regclass AND w.oid = r.objid
    LEFT JOIN pg_attrdef a ON r.classid = 'pg_attrdef'::regclass AND a.oid = r.objid
    LEFT JOIN pg_constraint k ON r.classid = 'pg_constraint'::regclass AND k.oid = r.objid
    JOIN pg_class c ON c.oid = coalesce(w.ev_class, a.adrelid, k.conrelid, CASE WHEN r.classid = 'pg_class'::regclass THEN r.objid END)
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($2)
  UNION
  SELECT n.nspname, t.typname
    FROM referring r
    LEFT JOIN pg_constraint k ON r.classid = 'pg_constraint'::regclass AND k.oid = r.objid
    JOIN pg_type t ON t.oid = coalesce(k.contypid, CASE WHEN r.classid = 'pg_type'::regclass THEN r.objid END)
    JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE n.nspname = ANY ($2)
  UNION
  SELECT n.nspname, s.stxname
    FROM referring r
    JOIN pg_statistic_ext s ON r.classid = 'pg_statistic_ext'::regclass AND s.oid = r.objid
    JOIN pg_namespace n ON n.oid = s.stxnamespace
   WHERE n.nspname = ANY ($2)`)

/**
 * Whether statements may need an unmanaged function, operator, cast, type or relation that uses a live type or row type of which
 * the probe has a wanted version.
 */
export async function mayNeedUnmanagedUsers(run: ProbeRun, statements: readonly Statement[]): Promise<boolean> {
  const replaced = oidsUnderOwnNames(run)
  if (replaced.length === 0) return false
  await run.session.run(readingPath)
  const users = await run.session.query<User>(usersQuery, [replaced])
  if (users.length === 0) return false
  const names = await writtenNames(statements.map((statement) => statement.sql))
  return users.some(
    ({ kind, schema, name }) =>
      kind === null || names.isWritten(kind, name) || names.isWrittenWithSchema(kind, schema, name),
  )
}

interface User {
  /** Null for a cast or a composite type, which can be needed without being named. */
  readonly kind: NamedKind | null
  readonly schema: string
  readonly name: string
}

// The constructors of a range belong to the range, so they count as managed if it is.
const usersQuery = trusted(`
  WITH ${liveObjects}
  SELECT CASE WHEN p.oid IS NOT NULL THEN 'function' WHEN o.oid IS NOT NULL THEN 'operator' WHEN c.relkind <> 'c' THEN 'relation' END AS kind,
         n.nspname AS schema, coalesce(p.proname, o.oprname, c.relname) AS name
    FROM live JOIN pg_depend d ON d.refclassid = live.classid AND d.refobjid = live.oid
    LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    LEFT JOIN pg_operator o ON d.classid = 'pg_operator'::regclass AND o.oid = d.objid
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_namespace n ON n.oid = coalesce(p.pronamespace, o.oprnamespace, c.relnamespace)
   WHERE live.classid = 'pg_type'::regclass AND d.deptype <> 'i'
     AND (d.classid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass)
          OR d.classid = 'pg_class'::regclass AND d.objsubid > 0)`)
