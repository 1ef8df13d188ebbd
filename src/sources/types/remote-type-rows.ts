// Reads the catalog rows of a source's types, through the foreign tables of remote-catalog.ts.

import { groupBy } from '../../core/data.ts'
import { ident, type Sql, sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import type { ObjectName } from '../../kinds/facets/names.ts'

export interface TypeRow {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** `typtype` */
  readonly type: string
  /** For an array, its element type. */
  readonly element: number | null
  readonly relation: number
  /** Whether it is the row type of a table, a view or the like. */
  readonly isOfRows: boolean
  readonly base: number
  readonly modifier: number
  readonly notNull: boolean
  readonly default: string | null
  readonly collation: ObjectName | null
  readonly extension: { readonly name: string; readonly schema: string } | null
}

export interface AttributeRow {
  readonly relation: number
  readonly name: string
  readonly type: number
  readonly modifier: number
  readonly collation: ObjectName | null
}

export interface RangeRow {
  readonly range: number
  readonly subtype: number
  readonly collation: ObjectName | null
  readonly hasDefaultOperatorClass: boolean
  /** Functions, by their names in the source under a search path of pg_catalog alone. */
  readonly canonical: string | null
  readonly subtypeDiff: string | null
  /** Null if the source is older than multiranges, which are new in PostgreSQL 14. */
  readonly multirange: { readonly oid: number; readonly schema: string; readonly name: string } | null
}

/** A check of a domain. */
export interface CheckRow {
  readonly domain: number
  readonly name: string
  readonly isValid: boolean
  /** All clauses with that name at the source. They may belong to other domains or to tables. */
  readonly clauses: readonly string[]
}

export interface TypeRows {
  readonly types: ReadonlyMap<number, TypeRow>
  readonly values: ReadonlyMap<number, readonly string[]>
  /** The attributes, by relation. */
  readonly attributes: ReadonlyMap<number, readonly AttributeRow[]>
  /** The ranges, by range type and by multirange type. */
  readonly ranges: ReadonlyMap<number, RangeRow>
  /** The checks, by domain. */
  readonly checks: ReadonlyMap<number, readonly CheckRow[]>
}

export function isBuiltIn({ schema, extension }: TypeRow): boolean {
  return extension === null && ['pg_catalog', 'information_schema'].includes(schema)
}

/** Types with a lower OID are built in, and have the same OID on every server. */
export const firstOwnOid = 10000

/**
 * Reads the types and, recursively, those that they consist of.
 * @param catalog the schema of the foreign tables
 */
export async function typeRows(session: Session, catalog: string, roots: readonly number[]): Promise<TypeRows> {
  const types = new Map<number, TypeRow>()
  const attributes = new Map<number, readonly AttributeRow[]>()
  const ranges = new Map<number, RangeRow>()
  for (let next = distinct(roots, types); next.length > 0; ) {
    const rows = await session.query<Omit<TypeRow, 'isOfRows'>>(typesQuery(catalog), [next])
    const composite = rows.filter(({ type, extension }) => type === 'c' && !extension)
    const ofRows = await rowTypes(
      session,
      catalog,
      composite.map(({ relation }) => relation),
    )
    for (const row of rows) types.set(row.oid, { ...row, isOfRows: ofRows.has(row.relation) })
    const relations = composite.map(({ relation }) => relation).filter((relation) => !ofRows.has(relation))
    const own = relations.length > 0 ? await session.query<AttributeRow>(attributesQuery(catalog), [relations]) : []
    for (const [relation, each] of groupBy(own, (row) => row.relation)) attributes.set(relation, each)
    const ownRanges = await rangeRows(session, catalog, rows)
    for (const row of ownRanges) for (const oid of [row.range, row.multirange?.oid]) if (oid) ranges.set(oid, row)
    const bounds = ownRanges.flatMap(({ range, subtype }) => [range, subtype])
    next = distinct([...rows.flatMap(partsOf), ...own.map(({ type }) => type), ...bounds], types)
  }
  const oids = (sort: string) => [...types.values()].filter(({ type }) => type === sort).map(({ oid }) => oid)
  return {
    types,
    attributes,
    ranges,
    values: await enumValues(session, catalog, oids('e')),
    checks: await checkRows(session, catalog, oids('d')),
  }
}

function distinct(oids: readonly number[], known: ReadonlyMap<number, TypeRow>): readonly number[] {
  return [...new Set(oids)].filter((oid) => oid >= firstOwnOid && !known.has(oid))
}

/** Which relations are more than just a composite type: tables, views and the like. */
async function rowTypes(session: Session, catalog: string, relations: readonly number[]): Promise<ReadonlySet<number>> {
  if (relations.length === 0) return new Set()
  const rows = await session.query<{ oid: number }>(
    sql`SELECT oid FROM ${ident(catalog)}.pg_class WHERE oid = ANY ($1::oid[]) AND relkind <> 'c'`,
    [relations],
  )
  return new Set(rows.map(({ oid }) => oid))
}

function partsOf({ element, base, extension }: Omit<TypeRow, 'isOfRows'>): readonly number[] {
  return element !== null ? [element] : extension ? [] : [base]
}

async function enumValues(session: Session, catalog: string, oids: readonly number[]) {
  if (oids.length === 0) return new Map()
  const rows = await session.query<{ type: number; value: string }>(
    sql`SELECT enumtypid AS type, enumlabel AS value FROM ${ident(catalog)}.pg_enum
         WHERE enumtypid = ANY ($1::oid[]) ORDER BY enumtypid, enumsortorder`,
    [oids],
  )
  return new Map(
    Array.from(
      groupBy(rows, ({ type }) => type),
      ([type, own]) => [type, own.map(({ value }) => value)],
    ),
  )
}

async function checkRows(session: Session, catalog: string, oids: readonly number[]) {
  if (oids.length === 0) return new Map()
  const from = ident(catalog)
  const rows = await session.query<Omit<CheckRow, 'clauses'> & { schema: string }>(
    sql`SELECT k.contypid AS domain, k.conname AS name, k.convalidated AS "isValid", n.nspname AS schema
          FROM ${from}.pg_constraint k JOIN ${from}.pg_namespace n ON n.oid = k.connamespace
         WHERE k.contypid = ANY ($1::oid[]) AND k.contype = 'c' ORDER BY 1, 2`,
    [oids],
  )
  // The only view that has the expression as text. It does not name the domain.
  const clauses = await session.query<{ schema: string; name: string; clause: string }>(
    sql`SELECT constraint_schema AS schema, constraint_name AS name, check_clause AS clause
          FROM ${from}.check_constraints WHERE constraint_name = ANY ($1::name[])`,
    [rows.map(({ name }) => name)],
  )
  const named = (row: { schema: string; name: string }) => JSON.stringify([row.schema, row.name])
  const byName = groupBy(clauses, named)
  const checks = rows.map((row) => ({ ...row, clauses: (byName.get(named(row)) ?? []).map(({ clause }) => clause) }))
  return groupBy(checks, ({ domain }) => domain)
}

async function rangeRows(
  session: Session,
  catalog: string,
  rows: readonly Omit<TypeRow, 'isOfRows'>[],
): Promise<readonly RangeRow[]> {
  const oids = rows.filter(({ type, extension }) => ['r', 'm'].includes(type) && !extension).map(({ oid }) => oid)
  if (oids.length === 0) return []
  const [found] = await session.query<{ has: boolean }>(
    sql`SELECT EXISTS (SELECT FROM ${ident(catalog)}.pg_attribute WHERE attrelid = ${rangeCatalog} AND attname = 'rngmultitypid') AS has`,
  )
  return session.query<RangeRow>(rangesQuery(catalog, found?.has ?? false), [oids])
}

// The OIDs of pg_type, pg_extension and pg_range, the same on every server.
const typeCatalog = trusted('1247')
const extensionCatalog = trusted('3079')
const rangeCatalog = trusted('3541')

function typesQuery(catalog: string): Sql {
  const from = ident(catalog)
  return sql`
    SELECT t.oid, n.nspname AS schema, t.typname AS name, t.typtype::text AS type, t.typrelid AS relation,
           CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 AND t.typlen = -1 AND t.typtype = 'b' THEN t.typelem END AS element,
           t.typbasetype AS base, t.typtypmod AS modifier, t.typnotnull AS "notNull", t.typdefault AS "default",
           CASE WHEN co.oid IS NOT NULL THEN jsonb_build_object('schema', cn.nspname, 'name', co.collname) END AS collation,
           CASE WHEN e.oid IS NOT NULL THEN jsonb_build_object('schema', en.nspname, 'name', e.extname) END AS extension
      FROM ${from}.pg_type t
      JOIN ${from}.pg_namespace n ON n.oid = t.typnamespace
      LEFT JOIN ${from}.pg_type b ON b.oid = t.typbasetype
      LEFT JOIN ${from}.pg_collation co ON co.oid = t.typcollation AND t.typtype = 'd' AND b.typcollation <> t.typcollation
      LEFT JOIN ${from}.pg_namespace cn ON cn.oid = co.collnamespace
      LEFT JOIN ${from}.pg_depend d ON d.classid = ${typeCatalog} AND d.objid = t.oid AND d.refclassid = ${extensionCatalog} AND d.deptype = 'e'
      LEFT JOIN ${from}.pg_extension e ON e.oid = d.refobjid
      LEFT JOIN ${from}.pg_namespace en ON en.oid = e.extnamespace
     WHERE t.oid = ANY ($1::oid[])
     ORDER BY n.nspname, t.typname`
}

function rangesQuery(catalog: string, hasMultiranges: boolean): Sql {
  const from = ident(catalog)
  const multirange = hasMultiranges
    ? sql`(SELECT jsonb_build_object('oid', m.oid::int8, 'schema', mn.nspname, 'name', m.typname)
             FROM ${from}.pg_type m JOIN ${from}.pg_namespace mn ON mn.oid = m.typnamespace WHERE m.oid = r.rngmultitypid)`
    : sql`NULL`
  return sql`
    SELECT r.rngtypid AS range, r.rngsubtype AS subtype, o.opcdefault AS "hasDefaultOperatorClass",
           nullif(r.rngcanonical, '-') AS canonical, nullif(r.rngsubdiff, '-') AS "subtypeDiff", ${multirange} AS multirange,
           CASE WHEN co.oid IS NOT NULL THEN jsonb_build_object('schema', cn.nspname, 'name', co.collname) END AS collation
      FROM ${from}.pg_range r
      JOIN ${from}.pg_opclass o ON o.oid = r.rngsubopc
      JOIN ${from}.pg_type s ON s.oid = r.rngsubtype
      LEFT JOIN ${from}.pg_collation co ON co.oid = r.rngcollation AND r.rngcollation <> s.typcollation
      LEFT JOIN ${from}.pg_namespace cn ON cn.oid = co.collnamespace
     WHERE r.rngtypid = ANY ($1::oid[])${hasMultiranges ? sql` OR r.rngmultitypid = ANY ($1::oid[])` : sql``}`
}

function attributesQuery(catalog: string): Sql {
  const from = ident(catalog)
  return sql`
    SELECT a.attrelid AS relation, a.attname AS name, a.atttypid AS type, a.atttypmod AS modifier,
           CASE WHEN co.oid IS NOT NULL THEN jsonb_build_object('schema', cn.nspname, 'name', co.collname) END AS collation
      FROM ${from}.pg_attribute a
      JOIN ${from}.pg_type t ON t.oid = a.atttypid
      LEFT JOIN ${from}.pg_collation co ON co.oid = a.attcollation AND a.attcollation <> t.typcollation
      LEFT JOIN ${from}.pg_namespace cn ON cn.oid = co.collnamespace
     WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attrelid, a.attnum`
}
