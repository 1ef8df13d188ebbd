// Replaces the schema of chosen names in SQL, found by PostgreSQL's own parser: the same words may be the column of an
// alias, or part of a string.
import { unquoted } from '../core/names-in-sql.ts'
import { ident } from '../core/sql.ts'
import { isSqlNode, parseSql, type SqlNode } from './parse-sql.ts'
import type { RelationName } from './relations-read.ts'

/** The schema, unquoted, to name instead; undefined keeps the name as it is. */
export type SchemaOf = (name: RelationName) => string | undefined

/**
 * SQL in which some relations and types are named in another schema. Only names that are written with their schema are
 * replaced: of relations, of types (those of a relation's rows too), of columns written as `schema.relation.column`, and
 * in constants like `'schema.relation'::regclass`.
 * @throws Error if PostgreSQL's grammar does not accept the text: callers pass what it has accepted before
 */
export async function requalify(text: string, schemaOf: SchemaOf): Promise<string> {
  return requalifyWithFunctions(text, schemaOf, () => undefined)
}

/** The same, also for names of functions, since a range type comes with some. */
export async function requalifyWithFunctions(
  text: string,
  schemaOf: SchemaOf,
  schemaOfFunction: SchemaOf,
): Promise<string> {
  return replaceSchemas(text, ({ name, isFunction }) => (isFunction ? schemaOfFunction(name) : schemaOf(name)))
}

/** SQL with schemas renamed, wherever they qualify relations, types and functions. */
export async function renameSchemas(text: string, newNames: ReadonlyMap<string, string>): Promise<string> {
  return replaceSchemas(text, ({ name: { schema } }) => newNames.get(schema ?? ''))
}

async function replaceSchemas(text: string, schemaOf: (place: Place) => string | undefined): Promise<string> {
  const result = await parseSql(text)
  if ('message' in result) throw new Error(`SQL that was accepted before is refused by the grammar: ${result.message}`)
  let bytes = Buffer.from(text)
  const places = [...placesIn(result.tree)].sort((left, right) => right.location - left.location)
  for (const place of places) {
    const { location, isConstant } = place
    const schema = schemaOf(place)
    if (schema === undefined) continue
    const rest = bytes.subarray(location).toString()
    const written = (isConstant ? schemaInConstant : schemaToken).exec(rest)
    if (!written) continue
    const [before, replacement] = isConstant ? ["'", schema.replaceAll("'", "''")] : ['', schema]
    bytes = Buffer.concat([
      bytes.subarray(0, location),
      Buffer.from(before + ident(replacement)),
      Buffer.from(rest.slice(written[0].length)),
    ])
  }
  return bytes.toString()
}

/** The first name of a qualified one, as it is written: `"a b"`, `U&"\0061"`, `a`. The token's length counts, not what it decodes to. */
export const schemaToken = /^([uU]&)?("(?:[^"]|"")*"|[^\s."]+)(?=\s*\.)/
/** The same in a string constant without escapes. */
const schemaInConstant = /^'("(?:[^"]|"")*"|[^\s."']+)(?=\.)/

interface Place {
  readonly name: RelationName
  /** The location in bytes. The parser leaves out a location of 0, where no qualified name can be. */
  readonly location: number
  readonly isConstant?: boolean
  readonly isFunction?: boolean
}

/** A name may be in the tree twice (PostgreSQL copies some nodes), so places are unique by their location. */
function placesIn(tree: SqlNode): Iterable<Place> {
  const places = new Map<number, Place>()
  const open: unknown[] = [tree]
  while (open.length > 0) {
    const node = open.pop()
    if (Array.isArray(node)) for (const item of node) open.push(item)
    if (!isSqlNode(node)) continue
    const place =
      relationPlace(node) ?? typePlace(node) ?? columnPlace(node) ?? constantPlace(node) ?? functionPlace(node)
    if (place) places.set(place.location, place)
    for (const child of Object.values(node)) open.push(child)
  }
  return places.values()
}

/** A RangeVar, whatever the tree calls it: `relation`, `view`, `rel` … */
function relationPlace({ schemaname, relname, location }: SqlNode): Place | undefined {
  if (typeof schemaname !== 'string' || typeof relname !== 'string' || typeof location !== 'number') return undefined
  return { name: { schema: schemaname, name: relname }, location }
}

/** A TypeName; one that PostgreSQL itself puts in (`pg_catalog.int4` for `integer`) names no schema in the text. */
function typePlace({ names, typemod, location }: SqlNode): Place | undefined {
  if (!Array.isArray(names) || names.length !== 2 || typemod === undefined || typeof location !== 'number') {
    return undefined
  }
  const [schema, name] = names.map(stringOf)
  return schema === undefined || name === undefined ? undefined : { name: { schema, name }, location }
}

function functionPlace({ funcname, location }: SqlNode): Place | undefined {
  if (!Array.isArray(funcname) || funcname.length !== 2 || typeof location !== 'number') return undefined
  const [schema, name] = funcname.map(stringOf)
  return schema === undefined || name === undefined ? undefined : { name: { schema, name }, location, isFunction: true }
}

/** `schema.relation.column` and `schema.relation.*`. */
function columnPlace({ fields, location }: SqlNode): Place | undefined {
  if (!Array.isArray(fields) || fields.length !== 3 || typeof location !== 'number') return undefined
  const [schema, name] = fields.map(stringOf)
  return schema === undefined || name === undefined ? undefined : { name: { schema, name }, location }
}

/** `'schema.relation'::regclass`, and the same with regtype. */
function constantPlace({ arg, typeName }: SqlNode): Place | undefined {
  if (!isSqlNode(arg) || !isSqlNode(arg.A_Const) || !isSqlNode(typeName) || !Array.isArray(typeName.names)) {
    return undefined
  }
  const type = stringOf(typeName.names.at(-1))
  const { sval, location } = arg.A_Const
  const value = isSqlNode(sval) ? sval.sval : undefined
  if ((type !== 'regclass' && type !== 'regtype') || typeof value !== 'string' || typeof location !== 'number') {
    return undefined
  }
  const names = value.match(/"(?:[^"]|"")*"|[^."]+/g) ?? []
  const [schema, name] = names.map((part) => unquoted(part.trim()))
  if (names.length !== 2 || schema === undefined || name === undefined) return undefined
  return { name: { schema, name }, location, isConstant: true }
}

function stringOf(node: unknown): string | undefined {
  if (!isSqlNode(node) || !isSqlNode(node.String)) return undefined
  return typeof node.String.sval === 'string' ? node.String.sval : undefined
}
