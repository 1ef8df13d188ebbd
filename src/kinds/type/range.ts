// Range types: their definition, and the multirange type that PostgreSQL creates with each.
import { fragment, join, qualified, type Sql, sql } from '../../core/sql.ts'
import { nameOf, type ObjectName, objectName, showName } from '../facets/names.ts'
import { writtenName } from '../facets/stanza.ts'

interface Range {
  readonly subtype?: string | null | undefined
  readonly collation: ObjectName | null
  readonly subtypeDiff?: ObjectName | null | undefined
  readonly multirange?: ObjectName | null | undefined
}

interface RangeStanza {
  readonly range?: string
  readonly subtype_diff?: string | { readonly schema: string; readonly name: string }
  readonly multirange?: string
}

export function declaredRange(name: string, { range, subtype_diff, multirange }: RangeStanza) {
  if (range === undefined) return { subtype: null, subtypeDiff: null, multirange: null }
  return {
    subtype: range,
    subtypeDiff: subtype_diff === undefined ? null : objectName(subtype_diff),
    multirange: multirange === undefined ? defaultMultirange(name) : { schema: null, name: multirange },
  }
}

/** The inverse of {@link declaredRange}. */
export function writtenRange(name: string, { subtype, subtypeDiff, multirange }: Range) {
  const isDefault = multirange?.name === defaultMultirange(name).name
  return {
    range: subtype ?? undefined,
    subtype_diff: writtenName(subtypeDiff ?? null),
    multirange: isDefault ? undefined : multirange?.name,
  }
}

/** Without MULTIRANGE_TYPE_NAME, PostgreSQL picks a name in the same way. */
export function defaultMultirange(range: string): ObjectName {
  const at = range.indexOf('range')
  const name = at < 0 ? `${clipped(range, 52)}_multirange` : `${range.slice(0, at)}multi${range.slice(at)}`
  return { schema: null, name: clipped(name, 63) }
}

/** A range under its own name has a multirange under its own name. */
export function standInMultirange(range: string, { name }: ObjectName, standIn: string): ObjectName {
  return standIn === range ? { schema: null, name } : defaultMultirange(standIn)
}

function clipped(name: string, bytes: number): string {
  const characters = [...name]
  while (Buffer.byteLength(characters.join('')) > bytes) characters.pop()
  return characters.join('')
}

/** An unqualified name of a multirange type would be created in the first schema of search_path. */
export function rangeDefinition(schema: string, { subtype, collation, subtypeDiff, multirange }: Range): Sql {
  const parts = [
    sql`SUBTYPE = ${fragment(subtype ?? '')}`,
    ...(collation ? [sql`COLLATION = ${nameOf(collation)}`] : []),
    ...(subtypeDiff ? [sql`SUBTYPE_DIFF = ${nameOf(subtypeDiff)}`] : []),
    ...(multirange ? [sql`MULTIRANGE_TYPE_NAME = ${qualified(multirange.schema ?? schema, multirange.name)}`] : []),
  ]
  return join(parts, ', ')
}

/** The attributes that only a new type can get, as text. Undefined if it is not a range. */
export function rangeText({ subtype, collation, subtypeDiff }: Range): string | undefined {
  if (!subtype) return undefined
  const collate = collation ? ` COLLATE ${showName(collation)}` : ''
  return `${subtype}${collate}${subtypeDiff ? ` with subtype_diff ${showName(subtypeDiff)}` : ''}`
}

/** Undefined if it is not a range, or if an older release recorded it. */
export function multirangeText({ multirange }: Range): string | undefined {
  return multirange ? showName(multirange) : undefined
}
