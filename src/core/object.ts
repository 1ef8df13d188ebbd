// Objects of a database, their addresses, and the keys that identify them in maps and in the ledger.

import type { Branded } from './branded.ts'

/** The address of an object. A user mapping's role is `null` for PUBLIC, which is not a role. */
export type ObjectId =
  | { readonly kind: 'extension'; readonly name: string }
  | { readonly kind: 'schema'; readonly name: string }
  | { readonly kind: 'foreignDataWrapper'; readonly name: string }
  | { readonly kind: 'type'; readonly schema: string; readonly name: string }
  | { readonly kind: 'server'; readonly name: string }
  | { readonly kind: 'userMapping'; readonly server: string; readonly role: string | null }
  | { readonly kind: 'foreignTable'; readonly schema: string; readonly name: string }
  | { readonly kind: 'materializedView'; readonly schema: string; readonly name: string }
  | { readonly kind: 'table'; readonly schema: string; readonly name: string }
  | { readonly kind: 'view'; readonly schema: string; readonly name: string }
  | { readonly kind: 'index'; readonly schema: string; readonly name: string }
  | { readonly kind: 'statistics'; readonly schema: string; readonly name: string }
  /** By the name of the copy. */
  | { readonly kind: 'refreshPolicy'; readonly schema: string; readonly name: string }
  /** By the name of the copy. `database`: where pg_cron is, if not in the database of the copy. */
  | { readonly kind: 'scheduledJob'; readonly schema: string; readonly name: string; readonly database?: string }

/** What an object is: `server`, `foreignTable`, `materializedView` … */
export type KindName = ObjectId['kind']
export type IdOf<K extends KindName> = Extract<ObjectId, { kind: K }>

/** A copy: a relation that holds what its query returned. */
export type CopyId = IdOf<'materializedView' | 'table'>

export function isCopyId(id: ObjectId): id is CopyId {
  return id.kind === 'materializedView' || id.kind === 'table'
}

/** The copy that an index or a statistics object is on. Releases that knew no tables recorded it without a kind. */
export function copyOf(on: Relation & { readonly kind?: CopyId['kind'] }): CopyId {
  return { kind: 'materializedView', ...on }
}

/** An ObjectId as text. Keys are equal exactly if the ids are, so they serve in maps, sets and the ledger. */
export type Key = Branded<string, 'Key'>

/** What JSON writes as it is. Plans need millions of keys, and `JSON.stringify` takes several times as long. */
const isPlain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** The key of an object, by which maps find it. {@link idOf} is the reverse. */
export function keyOf(id: ObjectId): Key {
  switch (id.kind) {
    case 'extension':
    case 'schema':
    case 'foreignDataWrapper':
    case 'server':
      return JSON.stringify([id.kind, id.name]) as Key
    case 'userMapping':
      return JSON.stringify([id.kind, id.server, id.role]) as Key
    case 'type':
    case 'foreignTable':
    case 'materializedView':
    case 'table':
    case 'view':
    case 'index':
    case 'statistics':
    case 'refreshPolicy':
      return relationKeyOf(id)
    case 'scheduledJob':
      return id.database === undefined
        ? relationKeyOf(id)
        : (JSON.stringify([id.kind, id.schema, id.name, id.database]) as Key)
  }
}

function relationKeyOf({ kind, schema, name }: Relation & Pick<ObjectId, 'kind'>): Key {
  return isPlain.test(schema) && isPlain.test(name)
    ? (`["${kind}","${schema}","${name}"]` as Key)
    : (JSON.stringify([kind, schema, name]) as Key)
}

/** The inverse of {@link keyOf}; undefined for text that is not a key. */
export function idOf(key: string): ObjectId | undefined {
  const parts = parseArray(key)
  const [kind, first, second, third] = parts
  if (typeof first !== 'string') return undefined
  switch (kind) {
    case 'extension':
    case 'schema':
    case 'foreignDataWrapper':
    case 'server':
      return parts.length === 2 ? { kind, name: first } : undefined
    case 'userMapping':
      return typeof second === 'string' || second === null ? { kind, server: first, role: second } : undefined
    case 'type':
    case 'foreignTable':
    case 'materializedView':
    case 'table':
    case 'view':
    case 'index':
    case 'statistics':
    case 'refreshPolicy':
      return typeof second === 'string' ? { kind, schema: first, name: second } : undefined
    case 'scheduledJob':
      if (typeof second !== 'string') return undefined
      return { kind, schema: first, name: second, ...(typeof third === 'string' && { database: third }) }
    default:
      return undefined
  }
}

/** The schema that contains it, if any. */
export function namespaceOf(id: ObjectId): string | undefined {
  return 'schema' in id ? id.schema : undefined
}

/** A relation's schema and name as one text, for maps and sets. */
export function relationKey(schema: string, name: string): string {
  return JSON.stringify([schema, name])
}

function parseArray(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

/**
 * An object that exists in a database, or should. Its kind decides the type of `spec`: see kinds/specs.ts. `needs` are the
 * objects that must exist before it.
 */
export interface DbObject<K extends KindName = KindName, Spec = unknown> {
  readonly id: IdOf<K>
  readonly spec: Spec
  readonly needs: readonly Key[]
}

/** The name of a table or view. */
export interface Relation {
  readonly schema: string
  readonly name: string
}
