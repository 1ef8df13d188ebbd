// Lists the foreign tables and copies that a manifest gets from its imports and mirrors.

import { type Key, keyOf } from '../../core/object.ts'
import type { ResolvedManifest } from '../../manifest/expansion/expand.ts'
import { originKey } from '../../manifest/expansion/imports.ts'

export function importedRelations({ expanded, origins }: ResolvedManifest): ReadonlySet<Key> {
  const all = Object.entries(expanded.manifest.schemas ?? {}).flatMap(
    ([schema, { foreign_tables, materialized_views, tables }]) => [
      ...importedNames(origins, ['schemas', schema, 'foreign_tables'], foreign_tables).map((name) =>
        keyOf({ kind: 'foreignTable', schema, name }),
      ),
      ...importedNames(origins, ['schemas', schema, 'materialized_views'], materialized_views).map((name) =>
        keyOf({ kind: 'materializedView', schema, name }),
      ),
      ...importedNames(origins, ['schemas', schema, 'tables'], tables).map((name) =>
        keyOf({ kind: 'table', schema, name }),
      ),
    ],
  )
  return new Set(all)
}

function importedNames(
  origins: ResolvedManifest['origins'],
  path: readonly string[],
  stanzas: Readonly<Record<string, unknown>> = {},
): readonly string[] {
  return Object.keys(stanzas).filter((name) => origins.has(originKey([...path, name])))
}
