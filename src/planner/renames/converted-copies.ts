// Materialized views that the manifest now declares as tables, and the reverse. The rest of a plan sees them as objects of their
// new kind, so that their dependents, settings and data are kept as in any other replacement.

import type { LiveObject } from '../../core/change.ts'
import { type CopyId, idOf, isCopyId, type Key, keyOf, type ObjectId } from '../../core/object.ts'
import type { CatalogReading } from '../../introspector/read-catalog.ts'
import type { CopySpec } from '../../kinds/facets/copy/copy.ts'
import { asKind } from '../../kinds/specs.ts'
import { asTable } from '../../kinds/table/spec.ts'
import type { Ledger } from '../../ledger/read.ts'
import { withNames } from './renamed-in-database.ts'

interface Target {
  readonly catalog: CatalogReading
  readonly ledger: Ledger
}

/** @param declared the keys of everything that the manifest declares */
export function withConvertedCopies({ catalog, ledger }: Target, declared: ReadonlySet<Key>): Target {
  const converted = new Map<Key, CopyId>()
  for (const key of declared) {
    const id = idOf(key)
    if (!id || !isCopyId(id) || catalog.live.has(key) || ledger.entries.has(key)) continue
    const current = ofOtherKind(id)
    const currentKey = keyOf(current)
    const isOwned = catalog.live.has(currentKey) && ledger.entries.has(currentKey)
    if (isOwned && !declared.has(currentKey)) converted.set(currentKey, id)
  }
  if (converted.size === 0) return { catalog, ledger }
  return { catalog: presentConverted(catalog, converted), ledger: rekeyConverted(ledger, converted) }
}

function ofOtherKind(id: CopyId): CopyId {
  return { ...id, kind: id.kind === 'table' ? 'materializedView' : 'table' }
}

function presentConverted(catalog: CatalogReading, converted: ReadonlyMap<Key, CopyId>): CatalogReading {
  const declaredId = (id: ObjectId) => converted.get(keyOf(id)) ?? id
  const withDeclaredNames = (object: LiveObject) => withNames(catalog.withDeclaredNames?.(object) ?? object, declaredId)
  const live = new Map(
    Array.from(catalog.live, ([key, object]): readonly [Key, LiveObject] => {
      const named = withNames(object, declaredId)
      const id = converted.get(key)
      return id ? [keyOf(id), { ...named, id, currentId: object.id, spec: specFor(id, named.spec) }] : [key, named]
    }),
  )
  const ids = [...converted.values()].map(keyOf)
  // An index that a view is to have may so far be the primary key of the table.
  const keys = Array.from(converted.keys(), (key) => primaryKeyOf(catalog.live.get(key)))
  const declaredKeys = new Map([
    ...(catalog.declaredKeys ?? []),
    ...Array.from(converted, ([key, id]) => [key, keyOf(id)] as const),
  ])
  const occupied = new Map([...catalog.occupied].filter(([key]) => !ids.includes(key) && !keys.includes(key)))
  return { ...catalog, live, occupied, declaredKeys, withDeclaredNames }
}

/** A table has all that a materialized view has, and more. */
function specFor({ kind }: CopyId, spec: unknown): CopySpec {
  const copy = spec as CopySpec // the objects of a kind have its specs
  return kind === 'table' ? asTable(copy) : copy
}

function primaryKeyOf(object: LiveObject | undefined): Key | undefined {
  const table = asKind(object, 'table')
  const key = table?.spec.primaryKey
  return key ? keyOf({ kind: 'index', schema: table.id.schema, name: key.name }) : undefined
}

/** In the database, the entries get their new keys when the successors are swapped in. */
function rekeyConverted(ledger: Ledger, converted: ReadonlyMap<Key, CopyId>): Ledger {
  const entries = new Map(
    Array.from(ledger.entries, ([key, entry]) => {
      const id = converted.get(key)
      return id
        ? ([keyOf(id), { ...entry, id, declared: specFor(id, entry.declared) }] as const)
        : ([key, entry] as const)
    }),
  )
  return { ...ledger, entries }
}
