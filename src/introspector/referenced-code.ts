// Reads what the SQL of objects refers to outside of PostgreSQL itself: functions, operators, types, collations and the like,
// and whether their owners may be trusted. Whoever owns a function that a name finds can run code as the role that uses it.

import type { DeclaredObject, WantedObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { type Key, keyOf, type ObjectId, relationKey } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { kindOf, parentOf } from '../kinds/registry.ts'
import { type NamedKind, type WrittenNames, writtenNames } from '../parser/written-names.ts'
import { codeQuery } from './code-query.ts'
import { readCodeReferences } from './code-references.ts'

/** Something user-defined that the SQL of an object refers to. */
export interface ReferencedCode {
  /** `function public.lower(character varying)`. */
  readonly title: string
  readonly owner: string
  /**
   * Whether its owner could act as each role that runs it anyway: it is that role, a member of it, or a superuser. Also if the
   * manifest trusts it.
   */
  readonly isTrusted: boolean
  /** Whether the SQL names it with its schema. Otherwise an unqualified name found it, or an operator or a cast did. */
  readonly isNamed: boolean
  /** Whether it hides something built-in that has the same name and takes arguments of the same types. */
  readonly hidesBuiltIn: boolean
}

/** An object that exists in the catalog, as itself or as its stand-in. */
export interface CodeUser {
  readonly object: Pick<DeclaredObject, 'id' | 'spec'>
  /** The catalog that its oid belongs to. */
  readonly catalog: string
  readonly oid: number
  /** Its parent, if it has one. */
  readonly parent: Pick<DeclaredObject, 'id' | 'spec'> | undefined
}

export type CodeOfObjects = ReadonlyMap<Key, readonly ReferencedCode[]>

/** The declared parent of an object, if it has one. */
export function declaredParent(object: CodeUser['object'], wanted: ReadonlyMap<Key, WantedObject>): CodeUser['parent'] {
  const key = parentOf(object)
  const parent = key === undefined ? undefined : wanted.get(key)
  return parent && { id: parent.id, spec: parent.declared }
}

export interface CodeContext {
  /** The search_path that the SQL was parsed under. */
  readonly searchPath: readonly string[]
  readonly trustedRoles: readonly string[]
  /** The objects that the manifest itself declares. */
  readonly declared: readonly { readonly id: ObjectId }[]
}

/**
 * Reads the code that objects refer to, as far as a plan reports it: its owner is not trusted, or it hides something
 * built-in. The session must be in a transaction under `readingPath`. Every object is in the result.
 */
export async function readReferencedCode(
  session: Session,
  users: readonly CodeUser[],
  context: CodeContext,
): Promise<CodeOfObjects> {
  if (users.length === 0) return new Map()
  const subjects = users.map(({ object, catalog, oid, parent }) => ({
    key: keyOf(object.id),
    catalog,
    oid,
    owner: ownerOf(object) ?? (parent && ownerOf(parent)),
    isTable: object.id.kind === 'table',
  }))
  const references = await readCodeReferences(session, subjects)
  const catalogs = new Set(references.map(({ catalog }) => catalog))
  const rows =
    references.length === 0
      ? []
      : await session.query<Row>(codeQuery(catalogs), [JSON.stringify(references), context.trustedRoles])
  const found = new Map<Key, readonly ReferencedCode[]>(subjects.map(({ key }) => [key, []]))
  if (rows.length === 0) return found
  const rowsOf = groupBy(rows, ({ key }) => key)
  const declared = new Set(
    context.declared.flatMap(({ id }) => ('schema' in id ? [relationKey(id.schema, id.name)] : [])),
  )
  for (const { object } of users) {
    const key = keyOf(object.id)
    const references = (rowsOf.get(key) ?? []).filter((row) => !isDeclared(row, declared))
    const names = references.length === 0 ? undefined : await writtenNames(textsOf(object))
    found.set(key, names ? references.flatMap((row) => referenceOf(row, names, context)) : [])
  }
  return found
}

function ownerOf({ id, spec }: CodeUser['object']): string | undefined {
  return kindOf(id).ownerOf?.(spec) ?? undefined
}

/** The statements that create an object, with its SQL as written. */
function textsOf({ id, spec }: CodeUser['object']): readonly string[] {
  return kindOf(id)
    .create(id, spec)
    .map((statement) => statement.sql)
}

/** The manifest names its own types and views with their schema. */
function isDeclared({ kind, schema, name }: Row, declared: ReadonlySet<string>): boolean {
  return (kind === 'type' || kind === 'relation') && declared.has(relationKey(schema, name))
}

interface Row {
  readonly key: Key
  readonly kind: NamedKind
  readonly schema: string
  readonly name: string
  readonly title: string
  readonly owner: string
  readonly trusted: boolean
  readonly hides: boolean
  /** The types that it casts from or to, if a cast uses it. */
  readonly casts: readonly { readonly schema: string; readonly name: string; readonly owner: string }[]
}

function referenceOf(
  { kind, schema, name, title, owner, trusted: isTrusted, hides, casts }: Row,
  names: WrittenNames,
  { searchPath }: CodeContext,
): readonly ReferencedCode[] {
  const isFoundByName = searchPath.includes(schema) && kindsOfName(kind).some((each) => names.isWritten(each, name))
  const isWrittenOut =
    kindsOfName(kind).some((each) => names.isWrittenWithSchema(each, schema, name)) ||
    // The author who names a type also names the casts that its owner has defined for it.
    casts.some((type) => type.owner === owner && names.isWrittenWithSchema('type', type.schema, type.name))
  const isNamed = isWrittenOut && !isFoundByName
  // A type or a collation that the SQL does not name comes with a column that it reads.
  if (!isNamed && !isFoundByName && kind !== 'function' && kind !== 'operator' && kind !== 'operator class') return []
  const reference = { title, owner, isTrusted, isNamed, hidesBuiltIn: hides && isFoundByName }
  return isTrusted && !reference.hidesBuiltIn ? [] : [reference]
}

function kindsOfName(kind: NamedKind): readonly NamedKind[] {
  return kind === 'operator' || kind === 'operator class' ? [kind] : [kind, 'constant']
}
