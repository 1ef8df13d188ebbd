// The contents of a lock: what imports and mirrors resolved to when `fdwsync pin` last ran. With a lock, plans do not depend on the
// present state of the sources.

import type { ImportRequest, Manifest, ParsedManifest } from '../manifest.ts'
import { namedPrimaryKey } from '../primary-key.ts'
import type { CopiedType, FormerNames, SourceTables, TableIdentity, TableStanza } from './imports.ts'
import { type Mirror, mirrorOf } from './mirrored-copy.ts'

/** What one import or mirror resolved to at its source, before the overrides of the manifest. */
export interface Resolution extends SourceTables {
  readonly request: ImportRequest
  readonly tables: ReadonlyMap<string, TableStanza>
  /** The types of the source, if they are copied. */
  readonly types: readonly CopiedType[]
  /** The identities, by table. Sources that are not PostgreSQL servers have none. */
  readonly identities: ReadonlyMap<string, TableIdentity>
  /** What the source has renamed since the last apply, by table. */
  readonly formerNames: ReadonlyMap<string, FormerNames>
  /** Tables that the source has, and that could not be imported or read. Some may be among `tables` as they were last applied. */
  readonly leftOut: ReadonlySet<string>
}

/** The details of a resolution that is not a source's answer. */
export const unidentified: Pick<Resolution, 'identities' | 'formerNames' | 'leftOut'> = {
  identities: new Map(),
  formerNames: new Map(),
  leftOut: new Set(),
}

type LockContent = Pick<ParsedManifest, 'manifest' | 'requests'>

/** The content of a lock, whether or not it matches a manifest. A table belongs to the first import that includes it. */
export function resolutionsIn({ manifest: lock, requests }: LockContent): readonly Resolution[] {
  return requests.map((request, at) => {
    const all = Object.entries(lock.schemas?.[request.schema]?.foreign_tables ?? {})
    const isTaken = (name: string, table: TableStanza) =>
      requests.slice(0, at).some((other) => other.schema === request.schema && matchesRequest(other, name, table))
    const tables = all.filter(([name, table]) => matchesRequest(request, name, table) && !isTaken(name, table))
    const mirror = mirrorOf(lock, request)
    const indexes = Object.entries(mirror?.tables ?? {}).flatMap(([name, table]) =>
      table.exclude ? [] : [[name, table.indexes ?? {}] as const],
    )
    const types = request.copiesTypes ? typesIn(lock) : []
    const copied = new Map(request.withIndexes ? indexes : [])
    return { request, tables: new Map(tables), types, indexes: copied, primaryKeys: keysIn(mirror), ...unidentified }
  })
}

function keysIn(mirror: Mirror | undefined): Resolution['primaryKeys'] {
  const keys = Object.entries(mirror?.tables ?? {}).flatMap(([table, { primary_key }]) => {
    const key = namedPrimaryKey(table, primary_key)
    return key ? [[table, key] as const] : []
  })
  return new Map(keys)
}

/** All types in the lock. Which import copied a type does not matter: if several did, it is the same type. */
export function typesIn({ schemas = {} }: Manifest): readonly CopiedType[] {
  return Object.entries(schemas).flatMap(([schema, { types = {} }]) =>
    Object.entries(types).map(([name, stanza]) => ({ schema, name, stanza })),
  )
}

/** Whether a table in the import's schema comes from it. Most wrappers record the source's schema in `schema_name`. */
function matchesRequest(request: ImportRequest, name: string, { server, options }: TableStanza): boolean {
  if (server !== request.server) return false
  if (options?.schema_name !== undefined && options.schema_name !== request.remoteSchema) return false
  return includesTable(request, name)
}

export function includesTable({ limitTo, except }: ImportRequest, name: string): boolean {
  return (limitTo?.includes(name) ?? true) && !except.includes(name)
}
