// A first manifest: a server, a user mapping, and a mirror of each schema of the source.

import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { manifestText } from '../exporter/document.ts'
import { schemaComment } from '../exporter/schema-comment.ts'
import { createVariables, type RequiredVariable } from '../exporter/variables.ts'
import type { Stanza } from '../kinds/facets/stanza.ts'

/** Where the data comes from. */
export interface StarterSource {
  /** As the server of the target sees it, which connects to it. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  /** The schemas to mirror. */
  readonly schemas: readonly string[]
}

/** What a first manifest is about. */
export interface StarterOptions {
  /** The name of the manifest and of the foreign server. */
  readonly name: string
  readonly source: StarterSource
  /** The schema for the copies of `public`; for those of another schema, its name is added. Default: the name */
  readonly schema?: string | undefined
  /** What the copies are. Default: materialized views */
  readonly as?: 'materialized_views' | 'tables' | undefined
  /** Where the manifest is written, relative to the folder with `node_modules`. */
  readonly file: string
}

/** A first manifest. */
export interface Starter {
  readonly text: string
  /** The variables that have to be set before the manifest can be planned. */
  readonly variables: readonly RequiredVariable[]
}

/** The schemas that this role may use and that have tables, since tables are what a mirror copies by default. */
export async function schemasToMirror(session: Session): Promise<readonly string[]> {
  const rows = await session.query<{ name: string }>(
    trusted(`
      SELECT n.nspname AS name FROM pg_catalog.pg_namespace n
       WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'fdwsync')
         AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
         AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p'))
       ORDER BY n.nspname`),
  )
  return rows.map(({ name }) => name)
}

/** A first manifest, which mirrors schemas of a source. */
export function starterManifest(options: StarterOptions): Starter {
  const { name, source, as = 'materialized_views', file } = options
  const variables = createVariables()
  const password = variables.variable([name, 'password'], `the password of ${source.user} at the source`)
  const { host, port, database, user } = source
  const stanzas: readonly Stanza[] = [
    { path: ['extensions', 'postgres_fdw'], value: {} },
    {
      path: ['servers', name],
      value: { options: { host, port: String(port), dbname: database, fetch_size: '10000' } },
    },
    { path: ['servers', name, 'user_mappings'], value: { public: { user, password } } },
    ...mirrorStanzas(options),
  ]
  const comment = [
    schemaComment(file),
    '',
    `The target copies the source: for each table a foreign table (proxy_schema) and a ${as === 'tables' ? 'table' : 'materialized view'} (schema).`,
    `The server of the target connects to the host, so it must be able to reach it. Set ${variables.required.map((each) => each.name).join(', ')}, then:`,
    'fdwsync validate, fdwsync plan, fdwsync apply',
  ]
  return { text: manifestText({ comment, name, searchPath: undefined }, stanzas), variables: variables.required }
}

function mirrorStanzas({ name: server, source, schema: ofPublic = server, as }: StarterOptions): readonly Stanza[] {
  return source.schemas.map((schema) => {
    const local = schema === 'public' ? ofPublic : `${ofPublic}_${schema}`
    const value = { server, remote_schema: schema, proxy_schema: `${local}_proxy`, schema: local }
    const copies = { ...(as === 'tables' ? { as } : {}), types: 'copy', indexes: { copy: true } }
    return { path: ['mirrors', local], value: { ...value, ...copies } }
  })
}
