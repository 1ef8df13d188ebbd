// Checks that the copies of a group can be read in one snapshot, as far as the manifest alone shows that. A plan checks the rest.

import { groupBy } from '../../core/data.ts'
import { FdwsyncError } from '../../core/errors.ts'
import { keyOf } from '../../core/object.ts'
import { type SourceConnection, whyNotOneMoment } from '../../core/one-moment.ts'
import { mergeStanzas, noDefault, type RefreshStanza } from '../../core/refresh-policy.ts'
import { qualified } from '../../core/sql.ts'
import { possibleKeys, relationsRead } from '../../parser/relations-read.ts'
import type { Manifest, ParsedManifest, Path } from '../manifest.ts'
import { copies, foreignTables } from './walk.ts'

interface GroupMember {
  readonly title: string
  readonly group: string
  readonly path: Path
  /** Undefined for a whole mirror, whose tables are unknown. */
  readonly query: string | undefined
  readonly server: string | undefined
  readonly owner: string | undefined
}

/** @throws FdwsyncError with each group that is not of one moment, at a copy that does not fit */
export async function checkRefreshGroups({ manifest, place }: ParsedManifest): Promise<void> {
  const groups = groupBy([...mirrored(manifest), ...declared(manifest)], ({ group }) => group)
  const serverOf = serversOfRelations(manifest)
  const problems = []
  for (const [group, members] of groups) {
    if (members.length === 1 && members[0]?.query === undefined) continue
    const reading = await Promise.all(
      members.map(async (member) => ({ ...member, connections: await connectionsOf(manifest, member, serverOf) })),
    )
    const found = whyNotOneMoment(group, reading)
    if (!found) continue
    const { member, reason, hint } = found
    problems.push({ code: 'refresh/group' as const, message: reason, hint, place: place([...member.path, 'group']) })
  }
  if (problems.length > 0) throw new FdwsyncError(problems)
}

/** The mirrors whose copies all have a group, and those of their tables that have one of their own. */
function mirrored({ mirrors = {}, refresh: ofManifest }: Manifest): readonly GroupMember[] {
  return Object.entries(mirrors).flatMap(([name, { server, schema, refresh, tables = {} }]) => {
    const path = ['mirrors', name]
    const whole = { title: `mirror ${name}`, server, query: undefined, owner: undefined }
    const single = Object.entries(tables).flatMap(([table, { refresh: own, query, owner, exclude }]) => {
      if (exclude || (own?.group === undefined && owner === undefined)) return []
      const title = `materialized view ${qualified(schema, table)}`
      const member = { title, server: query === undefined ? server : undefined, query, owner }
      return inGroup(member, [
        [[...path, 'tables', table, 'refresh'], own],
        [[...path, 'refresh'], refresh],
        [['refresh'], ofManifest],
      ])
    })
    return [
      ...inGroup(whole, [
        [[...path, 'refresh'], refresh],
        [['refresh'], ofManifest],
      ]),
      ...single,
    ]
  })
}

function declared(manifest: Manifest): readonly GroupMember[] {
  return copies(manifest).flatMap(({ path, schema, name, copy: { query, owner, refresh } }) => {
    const member = { title: `${titles[String(path[2])]} ${qualified(schema, name)}`, server: undefined, query, owner }
    return inGroup(member, [
      [[...path, 'refresh'], refresh],
      [['refresh'], manifest.refresh],
    ])
  })
}

const titles: Readonly<Record<string, string>> = { materialized_views: 'materialized view', tables: 'table' }

/** @param stanzas nearest first, with their paths */
function inGroup(
  member: Omit<GroupMember, 'group' | 'path'>,
  stanzas: readonly (readonly [Path, RefreshStanza | undefined])[],
): readonly GroupMember[] {
  const { group = noDefault } = mergeStanzas(...stanzas.map(([, stanza]) => stanza))
  const [path] = stanzas.find(([, stanza]) => stanza?.group !== undefined) ?? []
  return group === noDefault || path === undefined ? [] : [{ ...member, group, path }]
}

type ServerOfRelation = (name: { readonly schema: string | null; readonly name: string }) => string | undefined

async function connectionsOf(
  manifest: Manifest,
  { query, server, owner }: GroupMember,
  serverOf: ServerOfRelation,
): Promise<readonly SourceConnection[]> {
  const names = query === undefined ? [] : await relationsRead(query)
  const servers = new Set([...(server === undefined ? [] : [server]), ...names.flatMap((name) => serverOf(name) ?? [])])
  return [...servers].map((name) => ({ server: name, ...mappingOf(manifest, name, owner) }))
}

/** Without a declared owner, the copy belongs to the role that applies, whose mapping is unknown here. */
function mappingOf({ servers = {} }: Manifest, server: string, owner: string | undefined) {
  if (owner === undefined) return {}
  const mappings = Object.hasOwn(servers, server) ? (servers[server]?.user_mappings ?? {}) : {}
  // Roles without a mapping of their own share that of PUBLIC, or have one that is not managed.
  return { mapping: Object.hasOwn(mappings, owner) ? `of ${owner}` : 'another' }
}

/** By what is declared under a name, or else by the imports and mirrors that create foreign tables in its schema. */
function serversOfRelations(manifest: Manifest): ServerOfRelation {
  const { search_path: searchPath = ['public'], schemas = {}, mirrors = {} } = manifest
  const ofTable = new Map(
    foreignTables(manifest).map(({ schema, name, table }) => [
      keyOf({ kind: 'foreignTable', schema, name }),
      table.server,
    ]),
  )
  const copyKeys = new Set(copies(manifest).flatMap(({ schema, name }) => possibleKeys({ schema, name }, []).slice(1)))
  const ofSchema = groupBy(
    [
      ...Object.entries(schemas).flatMap(([schema, { imports = [] }]) =>
        imports.map(({ server }) => ({ schema, server })),
      ),
      ...Object.values(mirrors).map(({ proxy_schema: schema, server }) => ({ schema, server })),
    ],
    ({ schema }) => schema,
  )
  return (name) => {
    const keys = possibleKeys(name, searchPath)
    const table = keys.find((key) => ofTable.has(key))
    if (table !== undefined) return ofTable.get(table)
    if (name.schema === null || keys.some((key) => copyKeys.has(key))) return undefined
    const servers = new Set((ofSchema.get(name.schema) ?? []).map(({ server }) => server))
    return servers.size === 1 ? [...servers][0] : undefined
  }
}
