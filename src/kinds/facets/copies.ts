// The two kinds of copies: materialized views and tables. What sits on a copy (indexes, statistics) is declared in its stanza.
import type { CopyId } from '../../core/object.ts'
import type { Manifest } from '../../manifest/manifest.ts'

/** Where the copies of a kind are declared in a schema. */
const sections = { materializedView: 'materialized_views', table: 'tables' } as const

type Schemas = NonNullable<Manifest['schemas']>[string]
type Stanza = NonNullable<Schemas['materialized_views'] | Schemas['tables']>[string]

export function copiesIn(
  manifest: Pick<Manifest, 'schemas'>,
): readonly { readonly id: CopyId; readonly declared: Stanza; readonly path: readonly string[] }[] {
  return Object.entries(manifest.schemas ?? {}).flatMap(([schema, declared]) =>
    (['materializedView', 'table'] as const).flatMap((kind) =>
      Object.entries<Stanza>(declared[sections[kind]] ?? {}).map(([name, each]) => ({
        id: { kind, schema, name },
        declared: each,
        path: pathOf({ kind, schema, name }),
      })),
    ),
  )
}

export function pathOf({ kind, schema, name }: CopyId): readonly string[] {
  return ['schemas', schema, sections[kind], name]
}

/** The id of a copy in a catalog query, from the aliases of its rows in pg_class and pg_namespace. */
export function copyIdColumn(on: string, schema: string): string {
  return `jsonb_build_object('kind', CASE ${on}.relkind WHEN 'r' THEN 'table' ELSE 'materializedView' END, 'schema', ${schema}.nspname, 'name', ${on}.relname)`
}
