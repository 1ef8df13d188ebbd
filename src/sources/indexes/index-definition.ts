// Parses the definitions of indexes as a source shows them, and finds out which are alike.

import { fragment, ident, qualified, type Sql, sql } from '../../core/sql.ts'
import { isSqlNode, parseSql, statementsOf } from '../../parser/parse-sql.ts'
import type { RemoteIndex } from '../remote-catalog.ts'

export interface IndexDefinition {
  readonly isUnique: boolean
  /** The definition after the name of the table. */
  readonly text: string
  /** The parse trees of its expressions and of its predicate. */
  readonly expressions: readonly unknown[]
  /** The names of its key columns, null for expressions. */
  readonly columns: readonly (string | null)[]
  readonly include: readonly string[]
  /** Everything except names of columns, if the index has no expressions. */
  readonly settings: string
}

const name = String.raw`(?:"(?:[^"]|"")+"|[^\s".]+)`
const definition = new RegExp(
  String.raw`^CREATE (UNIQUE )?INDEX ${name} ON (?:ONLY )?${name}\.${name} (USING .*)$`,
  's',
)

/**
 * The text comes from pg_get_indexdef of the source, which is not trusted, so it must parse as one CREATE INDEX statement and
 * nothing else. Many indexes have the same text, which is parsed once.
 * @param known definitions that were parsed before, by text
 */
export async function parseDefinition(
  { definition: text }: RemoteIndex,
  known: Map<string, IndexDefinition | undefined>,
): Promise<IndexDefinition | undefined> {
  const [, unique, rest] = definition.exec(text) ?? []
  if (rest === undefined) return undefined
  // The index of a constraint WITHOUT OVERLAPS is shown as unique, but CREATE INDEX can create neither that nor an exclusion.
  const isUnique = unique !== undefined && !rest.startsWith('USING gist ')
  const key = `${isUnique} ${rest}`
  if (!known.has(key)) known.set(key, await parse(isUnique, rest))
  return known.get(key)
}

async function parse(isUnique: boolean, text: string): Promise<IndexDefinition | undefined> {
  const parsed = await parseSql(createIndex({ isUnique, text }, { schema: 's', name: 't' }, 'i'))
  if (!('tree' in parsed)) return undefined
  const [only, ...others] = statementsOf(parsed.tree)
  const index = only?.IndexStmt
  if (others.length > 0 || !isSqlNode(index)) return undefined
  const keys = elementsOf(index.indexParams)
  const expressions = keys.map((each) => (isSqlNode(each) ? each.expr : each))
  return {
    isUnique,
    text,
    expressions: [...expressions, index.whereClause].filter((each) => each !== undefined),
    columns: keys.map(nameOf),
    include: elementsOf(index.indexIncludingParams).flatMap((each) => nameOf(each) ?? []),
    settings: JSON.stringify(index, (key, value: unknown) => (namesAndPlaces.has(key) ? undefined : value)),
  }
}

/** A definition with other names of types. The name of its table is none of them, although the table has a row type. */
export function withTypesRenamed(text: string, rename: (text: string) => string): string {
  const rest = definition.exec(text)?.[2]
  return rest === undefined ? text : `${text.slice(0, -rest.length)}${rename(rest)}`
}

function elementsOf(list: unknown): readonly unknown[] {
  const elements: readonly unknown[] = Array.isArray(list) ? list : []
  return elements.map((each) => (isSqlNode(each) && isSqlNode(each.IndexElem) ? each.IndexElem : each))
}

function nameOf(element: unknown): string | null {
  return isSqlNode(element) && typeof element.name === 'string' ? element.name : null
}

const namesAndPlaces: ReadonlySet<string> = new Set(['idxname', 'relation', 'name', 'location'])

export function createIndex(
  { isUnique, text }: Pick<IndexDefinition, 'isUnique' | 'text'>,
  table: { readonly schema: string; readonly name: string },
  index: string,
): Sql {
  return sql`CREATE ${isUnique ? sql`UNIQUE ` : sql``}INDEX ${ident(index)} ON ${qualified(table.schema, table.name)} ${fragment(text)}`
}

/**
 * A signature that is equal for indexes that PostgreSQL certainly treats alike, whatever their columns are called. Undefined if the
 * index is like no other. An expression can name any column, so it counts as the same only where all columns are the same.
 * @param definitions the definitions of the columns of its table without their names, by name
 */
export function signatureOf(index: IndexDefinition, definitions: ReadonlyMap<string, string>): string | undefined {
  const { isUnique, text, expressions, columns, include, settings } = index
  if (expressions.length > 0) return JSON.stringify([isUnique, text, [...definitions]])
  const used = [...columns, ...include].map((column) => definitions.get(column ?? ''))
  return used.includes(undefined) ? undefined : JSON.stringify([settings, used, include.length])
}
