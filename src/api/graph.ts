// What reads what in a manifest, as far as that is known without a server. What an import or a mirror consists of is known from a lock;
// without one it is a single node.

import { type Key, keyOf } from '../core/object.ts'
import type { GraphNode, ObjectGraph } from '../core/object-graph.ts'
import { qualified } from '../core/sql.ts'
import { copiesIn } from '../manifest/copies.ts'
import { expandManifest } from '../manifest/expansion/expand.ts'
import { lockedResolutions } from '../manifest/expansion/match-lock.ts'
import type { ImportRequest, Manifest, ParsedManifest } from '../manifest/manifest.ts'
import { possibleKeys, relationsRead } from '../parser/relations-read.ts'

/** What reads what in a manifest, as far as that is known without a server. */
export async function graph(parsed: ParsedManifest): Promise<ObjectGraph> {
  const { manifest, imports } = expanded(parsed)
  const { servers, tables, views } = objectsIn(manifest)
  const reading = new Map(imports.map((request) => [request, importNode(request)]))
  const known = new Map([...tables, ...views].map(({ key, node }) => [key, node.id]))
  const schemas = new Map(
    [...reading].flatMap(([request, { id }]) => schemasOf(request, manifest).map((name) => [name, id])),
  )
  const { search_path: searchPath = ['public'] } = manifest
  const edges: (readonly [string, string])[] = [
    ...tables.map(({ server, node }) => [serverId(server), node.id] as const),
    ...Array.from(reading, ([{ server }, { id }]) => [serverId(server), id] as const),
  ]
  for (const { query, node } of views) {
    const names = await relationsRead(query)
    const from = names.flatMap((name) => {
      const found = possibleKeys(name, searchPath).find((key) => known.has(key))
      const ofImport = (name.schema === null ? searchPath : [name.schema]).find((schema) => schemas.has(schema))
      return (found ? known.get(found) : schemas.get(ofImport ?? '')) ?? []
    })
    edges.push(...[...new Set(from)].filter((id) => id !== node.id).map((id) => [id, node.id] as const))
  }
  const nodes = [...servers, ...reading.values(), ...[...tables, ...views].map(({ node }) => node)]
  const declared = new Set(nodes.map(({ id }) => id))
  return { manifest: manifest.name, nodes, edges: edges.filter(([from]) => declared.has(from)) }
}

/** The manifest with the tables and views of its lock. A lock does not match a manifest whose references are unresolved. */
function expanded(parsed: ParsedManifest): { readonly manifest: Manifest; readonly imports: readonly ImportRequest[] } {
  const { lock, isUnresolved, manifest, requests } = parsed
  if (!lock || isUnresolved) return { manifest, imports: requests }
  const resolutions = lockedResolutions({ ...parsed, lock }).map((each) => ({ ...each, isComplete: true }))
  return { manifest: expandManifest(parsed, resolutions).expanded.manifest, imports: [] }
}

const serverId = (name: string) => keyOf({ kind: 'server', name })

interface Relation {
  readonly key: Key
  readonly node: GraphNode
}

const words = { foreignTable: 'foreign table', materializedView: 'materialized view', table: 'table' } as const

function objectsIn({ servers = {}, schemas = {} }: Manifest): {
  readonly servers: readonly GraphNode[]
  readonly tables: readonly (Relation & { readonly server: string })[]
  readonly views: readonly (Relation & { readonly query: string })[]
} {
  const relation = (kind: keyof typeof words, schema: string, name: string): Relation => {
    const key = keyOf({ kind, schema, name })
    const shown = words[kind]
    return { key, node: { id: key, kind: shown, name: qualified(schema, name) } }
  }
  const all = Object.entries(schemas)
  return {
    servers: Object.keys(servers).map((name) => ({ id: serverId(name), kind: 'server', name })),
    tables: all.flatMap(([schema, { foreign_tables = {} }]) =>
      Object.entries(foreign_tables).map(([name, { server }]) => ({
        ...relation('foreignTable', schema, name),
        server,
      })),
    ),
    views: copiesIn({ schemas }).map(({ id, declared: { query } }) => ({
      ...relation(id.kind, id.schema, id.name),
      query,
    })),
  }
}

function importNode({ path, remoteSchema }: ImportRequest): GraphNode {
  const isMirror = path[0] === 'mirrors'
  const name = isMirror ? String(path[1]) : `${path[1]} from ${remoteSchema}`
  return { id: JSON.stringify(path), kind: isMirror ? 'mirror' : 'import', name }
}

/** The schemas whose relations come from an import. */
function schemasOf({ path, schema }: ImportRequest, { mirrors = {} }: Manifest): readonly string[] {
  const mirror = path[0] === 'mirrors' ? mirrors[String(path[1])] : undefined
  return mirror ? [schema, mirror.schema] : [schema]
}
