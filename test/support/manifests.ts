// Manifests that many tests share, as text.

/** A server with a user mapping for PUBLIC, at the top of a manifest: further keys of the manifest can follow. */
export const head = (name = 'faults') => `
version: 1
name: ${name}
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings:
      public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" }
`

/** The two tables of the usual source, and materialized views over them: `views` has the query of each. */
export function shopManifest(views: Readonly<Record<string, string>>, name = 'faults'): string {
  const lines = Object.entries(views).map(([view, query]) => `      ${view}: { query: "${query}" }`)
  return `${head(name)}
schemas:
  proxy:
    foreign_tables:
      orders:
        server: shop
        options: { schema_name: public }
        columns: { id: bigint, total: "numeric(10,2)", note: text }
      customers:
        server: shop
        options: { schema_name: public }
        columns: { id: bigint, name: text }
  local:
    materialized_views:
${lines.join('\n')}
`
}

/** The same head with the extension, since the target of an import starts empty. Further servers can follow. */
export const importHead = head('mirror').replace('servers:', 'extensions: { postgres_fdw: {} }\nservers:')

/** Imports the schema public of the source, with more attributes of the import. */
export const importing = (more = ''): string => `${importHead}
schemas:
  proxy:
    imports:
      - server: shop
        remote_schema: public
${more.replace(/^/gm, '        ')}
`

/** Mirrors the schema public of the source, with more attributes of the mirror. */
export const mirroring = (more = ''): string => `${importHead}
mirrors:
  shop:
    server: shop
    remote_schema: public
    proxy_schema: proxy
    schema: local
    indexes: { copy: true }
${more.replace(/^/gm, '    ')}
`
