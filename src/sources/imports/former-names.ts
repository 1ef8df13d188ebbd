// Finds tables and columns that a source has renamed, by the numbers that its catalog gives them. Otherwise a rename would look
// like a drop of one object and the creation of another.

import { keyOf } from '../../core/object.ts'
import { record } from '../../kinds/facets/options.ts'
import type { Ledger } from '../../ledger/read.ts'
import type { FormerNames, TableIdentity } from '../../manifest/expansion/imports.ts'
import type { ImportRequest } from '../../manifest/manifest.ts'
import { isRecordOf } from '../source-records.ts'

/**
 * The former names of tables and columns that the source has renamed since they were last applied.
 * @param identities the identities of all tables that the source has now
 */
export function formerNames(
  ledger: Ledger,
  request: ImportRequest,
  identities: ReadonlyMap<string, TableIdentity>,
): ReadonlyMap<string, FormerNames> {
  const applied = new Map<number, { readonly name: string; readonly identity: TableIdentity }>()
  const names = new Set<string>()
  for (const { id, source } of ledger.entries.values()) {
    if (id.kind !== 'foreignTable' || !source || !isRecordOf(source, id, request, request.schema)) continue
    names.add(id.name)
    if (source.identity) applied.set(source.identity.oid, { name: id.name, identity: source.identity })
  }
  const found = Array.from(identities, ([name, identity]) => {
    const before = applied.get(identity.oid)
    // A table that has taken the name of another one is compared by name.
    if (!before || (before.name !== name && (names.has(name) || identities.has(before.name)))) return []
    const columns = formerColumns(before.identity, identity)
    const table = before.name === name ? undefined : before.name
    return table === undefined && Object.keys(columns).length === 0 ? [] : [[name, { table, columns }] as const]
  })
  return new Map(found.flat())
}

/** The identities of tables that are kept as they were last applied. */
export function recordedIdentities(
  ledger: Ledger,
  { schema }: ImportRequest,
  tables: readonly string[],
): readonly (readonly [string, TableIdentity])[] {
  return tables.flatMap((name) => {
    const identity = ledger.entries.get(keyOf({ kind: 'foreignTable', schema, name }))?.source?.identity
    return identity ? [[name, identity] as const] : []
  })
}

function formerColumns(before: TableIdentity, now: TableIdentity): Readonly<Record<string, string>> {
  const formerName = new Map(Object.entries(before.columns).map(([name, number]) => [number, name]))
  return record(
    Object.entries(now.columns).flatMap(([name, number]) => {
      const former = formerName.get(number)
      const isRenamed =
        former !== undefined && !Object.hasOwn(now.columns, former) && !Object.hasOwn(before.columns, name)
      return isRenamed ? [[name, former] as const] : []
    }),
  )
}
