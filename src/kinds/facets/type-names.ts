// The names of types in SQL as PostgreSQL shows it.

import { qualifiedName, unquoted } from '../../core/names-in-sql.ts'
import { keyOf, type ObjectId } from '../../core/object.ts'
import { qualified } from '../../core/sql.ts'

type NameOf = (id: ObjectId) => ObjectId

/** SQL with other names for the types in it. Under an empty search path, PostgreSQL shows each with its schema. */
export function withTypeNames(text: string, nameOf: NameOf): string {
  return text.replaceAll(qualifiedName, (found, schema: string, name: string) => {
    const id = { kind: 'type', schema: unquoted(schema), name: unquoted(name) } as const
    const named = nameOf(id)
    return named.kind !== 'type' || keyOf(named) === keyOf(id) ? found : qualified(named.schema, named.name)
  })
}
