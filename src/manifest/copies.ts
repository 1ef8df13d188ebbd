// The copies that a manifest declares: materialized views and tables.
import type { CopyId } from '../core/object.ts'
import { inheritedStanza, mergeStanzas, type RefreshStanza } from '../core/refresh-policy.ts'
import type { Manifest } from './manifest.ts'

/** The keys below which copies are declared in a schema. */
const sections = { materializedView: 'materialized_views', table: 'tables' } as const

type Schemas = NonNullable<Manifest['schemas']>[string]

/** What both kinds have in common. */
export type CopyStanza = NonNullable<Schemas['materialized_views'] | Schemas['tables']>[string]

export interface DeclaredCopy {
  readonly id: CopyId
  readonly declared: CopyStanza
  readonly path: readonly string[]
}

export function copiesIn(manifest: Pick<Manifest, 'schemas'>): readonly DeclaredCopy[] {
  return Object.entries(manifest.schemas ?? {}).flatMap(([schema, declared]) =>
    (['materializedView', 'table'] as const).flatMap((kind) =>
      Object.entries<CopyStanza>(declared[sections[kind]] ?? {}).map(([name, each]) => ({
        id: { kind, schema, name },
        declared: each,
        path: copyPath({ kind, schema, name }),
      })),
    ),
  )
}

export function primaryKeyOf(declared: CopyStanza) {
  return 'primary_key' in declared ? declared.primary_key : undefined
}

/** The policy of a copy, with what it inherits from the manifest. In an expanded manifest it already has that of its mirror. */
export function mergedStanza({ declared }: DeclaredCopy, { refresh }: Pick<Manifest, 'refresh'>): RefreshStanza {
  return mergeStanzas(declared.refresh, inheritedStanza(refresh, primaryKeyOf(declared)))
}

export function copyPath({ kind, schema, name }: CopyId): readonly string[] {
  return ['schemas', schema, sections[kind], name]
}
