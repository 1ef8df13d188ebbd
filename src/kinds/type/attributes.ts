// The attributes of a composite type.
import type { FieldChange } from '../../core/change.ts'
import { fragment, ident, type Sql, type Statement, sql } from '../../core/sql.ts'
import { replacedBy } from '../facets/changes.ts'
import { type Comment, commentChange, newComment } from '../facets/comment.ts'
import { nameOf, type ObjectName, objectName, sameName, showName } from '../facets/names.ts'
import { record } from '../facets/options.ts'
import { present, type WrittenMap, writtenName } from '../facets/stanza.ts'

export interface Attribute {
  readonly type: string
  /** Null: the default of the type. */
  readonly collation: ObjectName | null
  readonly comment?: Comment
}

export type Attributes = Readonly<Record<string, Attribute>>

type Declared =
  | string
  | {
      readonly type: string
      readonly collation?: string | { readonly schema: string; readonly name: string }
      readonly comment?: string
    }

export function declaredAttributes(attributes: Readonly<Record<string, Declared>>): Attributes {
  return record(
    Object.entries(attributes).map(([name, short]) => {
      if (typeof short === 'string') return [name, { type: short, collation: null, comment: undefined }]
      const { type, collation, comment } = short
      return [name, { type, collation: collation === undefined ? null : objectName(collation), comment }]
    }),
  )
}

/** The ledger keeps the order of the names, but not that of a map. */
export function inOrder<Value>(
  attributes: Readonly<Record<string, Value>>,
  order: readonly string[] = [],
): Readonly<Record<string, Value>> {
  const places = new Map(order.map((name, place) => [name, place]))
  const placeOf = (name: string) => places.get(name) ?? order.length
  return record(Object.entries(attributes).toSorted(([left], [right]) => placeOf(left) - placeOf(right)))
}

/** The inverse of {@link declaredAttributes}. */
export function writtenAttributes(attributes: Attributes): WrittenMap {
  return record(
    Object.entries(attributes).map(([name, { type, collation, comment }]) => {
      const full = present({ type, collation: writtenName(collation), comment })
      return [name, Object.keys(full).length === 1 ? type : full]
    }),
  )
}

/** The declared attributes with their types as the server shows them. */
export function withAttributeTypes(read: Attributes, declared: Attributes): Attributes {
  return record(
    Object.entries(declared).map(([name, attribute]) => {
      const { type, collation } = read[name] ?? attribute
      return [name, { ...attribute, type, collation }]
    }),
  )
}

export function attributeDefinition(name: string, { type, collation }: Attribute): Sql {
  return sql`${ident(name)} ${fragment(type)}${collation ? sql` COLLATE ${nameOf(collation)}` : sql``}`
}

export function newAttributeComments(type: Sql, attributes: Attributes): readonly Statement[] {
  return Object.entries(attributes).flatMap(([name, { comment }]) => newComment(target(type, name), comment))
}

/**
 * Every change is possible in place, unless the attribute is used or values of the type are stored. For their order, see {@link
 * orderChange}.
 */
export function attributeChanges(
  type: Sql,
  from: Attributes,
  to: Attributes,
  declared: Attributes,
): readonly FieldChange[] {
  const dropped = Object.entries(from)
    .filter(([name]) => !Object.hasOwn(to, name))
    .map(([name, attribute]) => ({
      ...clause(name, attribute, undefined, sql`DROP ATTRIBUTE ${ident(name)}`),
      blockedByUseOf: name,
      // PostgreSQL allows it, but afterwards ROW(1, 2)::p.pair in a query assigns its values to other attributes.
      rewritesValues: true as const,
    }))
  const others = Object.entries(to).flatMap(([name, attribute]): readonly FieldChange[] => {
    const before = Object.hasOwn(from, name) ? from[name] : undefined
    const source = declared[name] ?? attribute
    const comment = commentChange(target(type, name), `attribute ${name} comment`, before?.comment, attribute.comment)
    if (!before)
      return [clause(name, undefined, attribute, sql`ADD ATTRIBUTE ${attributeDefinition(name, source)}`), ...comment]
    if (before.type === attribute.type && sameName(before.collation, attribute.collation)) return comment
    const collate = source.collation ? sql` COLLATE ${nameOf(source.collation)}` : sql``
    const change = sql`ALTER ATTRIBUTE ${ident(name)} TYPE ${fragment(source.type)}${collate}`
    const retyped = { blockedByUseOf: name, rewritesValues: true } as const
    return [{ ...clause(name, before, attribute, change), ...retyped }, ...comment]
  })
  return [...dropped, ...others]
}

/** PostgreSQL adds an attribute after all others and moves none, but ROW(1, 2)::pair goes by the order. */
export function orderChange(
  from: readonly string[] | undefined,
  to: readonly string[] | undefined,
): readonly FieldChange[] {
  if (!from || !to) return []
  const inPlace = [...from.filter((name) => to.includes(name)), ...to.filter((name) => !from.includes(name))]
  return inPlace.every((name, at) => name === to[at]) ? [] : replacedBy('attributes', orderText(from), orderText(to))
}

function orderText(names: readonly string[]): string {
  return `(${names.map(ident).join(', ')})`
}

function target(type: Sql, name: string): Sql {
  return sql`COLUMN ${type}.${ident(name)}`
}

function clause(name: string, from: Attribute | undefined, to: Attribute | undefined, change: Sql): FieldChange {
  return {
    field: `attribute ${name}`,
    from: from && attributeText(from),
    to: to && attributeText(to),
    effect: { how: 'clause', clause: [change] },
    changesRows: true,
  }
}

export function attributeText({ type, collation }: Attribute): string {
  return collation ? `${type} COLLATE ${showName(collation)}` : type
}
