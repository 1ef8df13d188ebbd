// The types that the tables of a source use, as this server would create them.

import { groupBy } from '../../core/data.ts'
import { topologicalOrder } from '../../core/graph.ts'
import { ident, number, qualified, sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { record } from '../../kinds/facets/options.ts'
import { defaultMultirange } from '../../kinds/type/range.ts'
import type { TypeSpec } from '../../kinds/type/type.ts'
import { movedTypes } from './moved-types.ts'
import {
  type CheckRow,
  firstOwnOid,
  isBuiltIn,
  type RangeRow,
  type TypeRow,
  type TypeRows,
  typeRows,
} from './remote-type-rows.ts'

/** A type of a source that is not built in, and not an array. */
export interface RemoteType {
  readonly schema: string
  readonly name: string
  /** `schema.name`, quoted as in SQL. */
  readonly title: string
  /** The sort of type in words, such as "an enumeration". */
  readonly sort: string
  /** Undefined if it cannot be copied. The checks and the default of a domain are the source's text. */
  readonly spec: TypeSpec | undefined
  readonly extension: { readonly name: string; readonly schema: string } | undefined
  /** The multirange type that comes with a range. Columns of it count as columns of the range. */
  readonly multirange: { readonly schema: string; readonly name: string; readonly title: string } | undefined
  /** The titles of the types that it consists of. */
  readonly parts: readonly string[]
  /** Why checks of a domain, or the function of a range, are omitted. */
  readonly omissions: readonly string[]
}

export interface RemoteTypes {
  /** Each type after those that it consists of. */
  readonly all: readonly RemoteType[]
  /** The titles of the types of columns, by table. */
  readonly ofTables: ReadonlyMap<string, readonly string[]>
  readonly rows: TypeRows
  /** SQL of the source, with the names that its types have here. */
  rename(text: string): string
  /** Why two types would have the same name here. */
  readonly clash: string | undefined
}

/** Reads the types of the columns of requested tables and, recursively, the types that they consist of. */
export async function remoteTypes(
  session: Session,
  catalog: string,
  remoteSchema: string,
  isRequested: (table: string) => boolean,
  typesSchema: string | undefined,
): Promise<RemoteTypes> {
  const from = ident(catalog)
  const all = await session.query<{ table: string; type: number }>(
    sql`SELECT DISTINCT c.relname AS "table", a.atttypid AS type
          FROM ${from}.pg_attribute a JOIN ${from}.pg_class c ON c.oid = a.attrelid
          JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'f', 'm', 'p') AND a.attnum > 0 AND NOT a.attisdropped
           AND a.atttypid >= ${number(firstOwnOid)}`,
    [remoteSchema],
  )
  const columns = all.filter(({ table }) => isRequested(table))
  const roots = columns.map(({ type }) => type)
  const { rows, rename, clash } = movedTypes(await typeRows(session, catalog, roots), typesSchema)
  const nameOf = await namesOfTypes(session, rows)
  const isOfRange = ({ oid, type }: TypeRow) => type === 'm' && rows.ranges.has(oid)
  const types = [...rows.types.values()].filter((row) => row.element === null && !isBuiltIn(row) && !isOfRange(row))
  return {
    all: topologicalOrder(
      types.map((row) => remoteType(row, rows, nameOf, rename)),
      ({ title }) => title,
      ({ parts }) => parts,
    ),
    ofTables: new Map(
      Array.from(
        groupBy(columns, ({ table }) => table),
        ([table, own]) => [table, [...new Set(own.flatMap(({ type }) => titlesOf(type, rows)))]],
      ),
    ),
    rows,
    rename,
    clash,
  }
}

export type NameOf = (type: number, modifier: number) => string

function remoteType(row: TypeRow, rows: TypeRows, nameOf: NameOf, rename: RemoteTypes['rename']): RemoteType {
  const { schema, name, extension } = row
  const attributes = rows.attributes.get(row.relation) ?? []
  const checks = (rows.checks.get(row.oid) ?? []).map(domainCheck)
  const range = row.type === 'r' ? rows.ranges.get(row.oid) : undefined
  const parts = row.type === 'd' ? [row.base] : range ? [range.subtype] : attributes.map(({ type }) => type)
  const functions = range && rangeFunctions(range)
  const spec = {
    sort: sortOfSpec(row.type),
    values: rows.values.get(row.oid) ?? [],
    base: row.type === 'd' ? nameOf(row.base, row.modifier) : null,
    collation: range ? range.collation : row.collation,
    subtype: range ? nameOf(range.subtype, -1) : null,
    subtypeDiff: functions?.subtypeDiff ?? null,
    multirange: range
      ? range.multirange
        ? { schema: null, name: range.multirange.name }
        : defaultMultirange(name)
      : null,
    notNull: row.notNull,
    default: row.type === 'd' && row.default !== null ? rename(row.default) : null,
    checks: record(
      checks.flatMap(({ name: check, expression }) =>
        expression === undefined ? [] : [[check, { expression: rename(expression), noInherit: false }] as const],
      ),
    ),
    attributes: record(
      attributes.map(({ name: attribute, type, modifier, collation }) => [
        attribute,
        { type: nameOf(type, modifier), collation },
      ]),
    ),
  } satisfies TypeSpec
  return {
    schema,
    name,
    title: qualified(schema, name),
    sort: range ? rangeSort(range, schema) : sortOf(row),
    spec: extension === null && isCopyable(row, range) ? spec : undefined,
    multirange: range?.multirange
      ? { ...range.multirange, title: qualified(range.multirange.schema, range.multirange.name) }
      : undefined,
    extension: extension ?? undefined,
    parts: extension ? [] : parts.flatMap((part) => titlesOf(part, rows)),
    omissions: [...checks.flatMap(({ omission }) => omission ?? []), ...(functions?.omissions ?? [])],
  }
}

function sortOfSpec(type: string): TypeSpec['sort'] {
  const sorts: Readonly<Record<string, TypeSpec['sort']>> = { e: 'enum', d: 'domain', r: 'range' }
  return sorts[type] ?? 'composite'
}

function isCopyable(row: TypeRow, range: RangeRow | undefined): boolean {
  return range ? rangeSort(range, row.schema) === 'a range' : ['e', 'd', 'c'].includes(row.type) && !row.isOfRows
}

/** The sort of a range, with what distinguishes it from the ranges that can be copied. */
function rangeSort({ canonical, hasDefaultOperatorClass, multirange }: RangeRow, schema: string): string {
  if (canonical !== null) return `a range with the canonical function ${canonical}`
  if (!hasDefaultOperatorClass) return 'a range with an operator class of its own'
  return multirange && multirange.schema !== schema ? 'a range whose multirange is in another schema' : 'a range'
}

/** The function only helps indexes and statistics. Without it, the range has the same values and operators. */
function rangeFunctions({ subtypeDiff }: RangeRow): Pick<TypeSpec, 'subtypeDiff'> & { omissions: readonly string[] } {
  if (subtypeDiff === null) return { subtypeDiff: null, omissions: [] }
  const name = subtypeDiff.replace(/^pg_catalog\./, '')
  if (/^\w+$/.test(name)) return { subtypeDiff: { schema: 'pg_catalog', name }, omissions: [] }
  return {
    subtypeDiff: null,
    omissions: [`its subtype_diff is not copied: ${subtypeDiff} is a function of the source`],
  }
}

function sortOf({ type, isOfRows }: TypeRow): string {
  if (type === 'c') return isOfRows ? 'the row type of a relation' : 'a composite type'
  const sorts: Readonly<Record<string, string>> = {
    e: 'an enumeration',
    d: 'a domain',
    r: 'a range',
    m: 'a multirange',
  }
  return sorts[type] ?? 'a base type'
}

/** The type of a column, or its element type, unless that is built in. */
function titlesOf(oid: number, rows: TypeRows): readonly string[] {
  const row = rows.types.get(oid)
  if (!row || isBuiltIn(row)) return []
  const range = row.type === 'm' ? rows.ranges.get(oid) : undefined
  if (range) return titlesOf(range.range, rows)
  return row.element === null ? [qualified(row.schema, row.name)] : titlesOf(row.element, rows)
}

interface DomainCheck {
  readonly name: string
  readonly expression?: string
  readonly omission?: string
}

function domainCheck({ name, isValid, clauses }: CheckRow): DomainCheck {
  const omit = (reason: string) => ({ name, omission: `its check ${ident(name)} is not created: ${reason}` })
  if (!isValid) return omit('it is NOT VALID at the source')
  // Constraints of tables and of other domains can have the same name. Only those of domains mention VALUE.
  const distinct = [...new Set(clauses)]
  const ofDomains = distinct.filter((clause) => /\bVALUE\b/.test(clause))
  const [only, ...others] = distinct.length === 1 ? distinct : ofDomains
  if (distinct.length === 0) return omit('the source shows it only to members of the role that owns the domain')
  if (only === undefined || others.length > 0)
    return omit('the source has several checks of that name, and does not show to which domain they belong')
  return { name, expression: only }
}

/** How SQL here names a type: as format_type does, or for a type that does not exist here yet, by schema and name. */
export async function namesOfTypes(
  session: Session,
  rows: TypeRows,
  more: readonly { readonly type: number; readonly modifier: number }[] = [],
): Promise<NameOf> {
  const used = [
    ...more.map(({ type, modifier }) => ({ type, modifier })),
    ...[...rows.types.values()].map(({ base, modifier }) => ({ type: base, modifier })),
    ...[...rows.attributes.values()].flat(),
    ...[...rows.ranges.values()].map(({ subtype }) => ({ type: subtype, modifier: -1 })),
  ]
  const wanted = used.flatMap(({ type, modifier }) => {
    const row = rows.types.get(type)
    const element = row?.element ? rows.types.get(row.element) : undefined
    const { schema, name } = element ?? row ?? { schema: null, name: null }
    return { type, modifier, schema, name, isArray: element !== undefined }
  })
  const texts = await session.query<{ type: number; modifier: number; text: string }>(
    trusted(`SELECT w.type, w.modifier, format_type(coalesce(t.oid, w.type), w.modifier) || CASE WHEN w."isArray" THEN '[]' ELSE '' END AS text
               FROM jsonb_to_recordset($1) AS w(type oid, modifier int4, schema name, name name, "isArray" boolean)
               LEFT JOIN (pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace) ON n.nspname = w.schema AND t.typname = w.name
              WHERE w.type < ${firstOwnOid} OR t.oid IS NOT NULL`),
    [JSON.stringify(wanted)],
  )
  const known = new Map(texts.map(({ type, modifier, text }) => [`${type} ${modifier}`, text]))
  const bare = (oid: number): string => {
    const row = rows.types.get(oid)
    if (!row) return `type ${oid}`
    return row.element === null ? qualified(row.schema, row.name) : `${bare(row.element)}[]`
  }
  return (type, modifier) => known.get(`${type} ${modifier}`) ?? bare(type)
}
