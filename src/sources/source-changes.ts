// Finds out what has changed at the sources since the last apply: compares today's declarations with those that would
// result from the recorded responses.

import { sameData } from '../core/data.ts'
import { type CopyId, type Key, keyOf } from '../core/object.ts'
import type { RunDigests } from '../introspector/digests.ts'
import { declaredKinds } from '../kinds/registry.ts'
import { inOrder } from '../kinds/type/attributes.ts'
import type { Ledger, SourceRecord } from '../ledger/read.ts'
import { expandImports, type ResolvedManifest } from '../manifest/expansion/expand.ts'
import type { CopiedType, IndexStanza, TableStanza, TypeStanza } from '../manifest/expansion/imports.ts'
import { includesTable, type Resolution, unidentified } from '../manifest/expansion/lock.ts'
import { mirroredCopy, mirrorOf } from '../manifest/expansion/mirrored-copy.ts'
import type { ImportRequest, Manifest } from '../manifest/manifest.ts'
import type { PrimaryKeyStanza } from '../manifest/primary-key.ts'
import { isRecordOf, recordedRequest } from './source-records.ts'

export interface SourceChanges {
  /** The objects whose declarations would be different if no source had changed, with those declarations. */
  readonly altered: ReadonlyMap<Key, unknown>
  /** Objects that are declared only because a source has changed. */
  readonly added: ReadonlySet<Key>
  /** Objects that are no longer declared only because a source has changed. */
  readonly removed: ReadonlySet<Key>
  /** Objects that have another name, or columns with other names, because a source has renamed them. */
  readonly renamed: ReadonlySet<Key>
}

export function sourceChanges(
  { asWritten: { manifest }, resolutions }: ResolvedManifest,
  ledger: Ledger,
  digests: RunDigests,
): SourceChanges {
  const recorded = resolutions.map((each) => withRecordedResponses(manifest, each, ledger))
  if (sameData(recorded.map(comparable), resolutions.map(comparable))) {
    return { altered: new Map(), added: new Set(), removed: new Set(), renamed: new Set() }
  }
  const now = declarations(manifest, resolutions, digests)
  const before = declarations(manifest, recorded, digests)
  return {
    altered: new Map([...before].filter(([key, spec]) => now.has(key) && !sameData(spec, now.get(key)))),
    added: new Set([...now.keys()].filter((key) => !before.has(key))),
    removed: new Set([...before.keys()].filter((key) => !now.has(key))),
    renamed: new Set(resolutions.flatMap((each) => renamedObjects(manifest, each))),
  }
}

function renamedObjects(manifest: Manifest, { request, formerNames }: Resolution): readonly Key[] {
  const mirror = mirrorOf(manifest, request)
  return [...formerNames.keys()].flatMap((name) => [
    keyOf({ kind: 'foreignTable', schema: request.schema, name }),
    ...(mirror ? [keyOf(mirroredCopy(mirror, name))] : []),
  ])
}

function comparable({ tables, types, indexes, primaryKeys }: Resolution): unknown {
  const withIndexes = [...indexes].filter(([, own]) => Object.keys(own).length > 0)
  const byKey = types.map(({ schema, name, stanza }) => [keyOf({ kind: 'type', schema, name }), stanza])
  return [
    Object.fromEntries(tables),
    Object.fromEntries(byKey),
    Object.fromEntries(withIndexes),
    Object.fromEntries(primaryKeys),
  ]
}

/** The resolution if the source had responded as recorded. For what was not requested then, the present response counts. */
function withRecordedResponses(manifest: Manifest, resolution: Resolution, ledger: Ledger): Resolution {
  const { request } = resolution
  const recorded = recordsOf(ledger, 'foreignTable', request, request.schema)
  if (recorded.length === 0 || !recorded.every(({ source }) => asksForSameKinds(request, source))) return resolution
  const wasRequested = (name: string) =>
    recorded.some(({ source }) => includesTable(formerRequest(request, source), name))
  const tables = new Map<string, TableStanza>()
  for (const [name, stanza] of resolution.tables) if (!wasRequested(name)) tables.set(name, stanza)
  for (const { name, source } of recorded)
    if (includesTable(request, name)) tables.set(name, recordedTable(source, request, resolution.tables.get(name)))
  return {
    request,
    tables,
    types: recordedTypes(resolution, ledger, recorded),
    indexes: recordedIndexes(manifest, resolution, ledger, wasRequested, tables),
    primaryKeys: recordedKeys(manifest, resolution, ledger, wasRequested, tables),
    ...unidentified,
  }
}

/**
 * With other import options, only the columns and their types show what has changed at the source; with another `types_schema` not
 * even the types do.
 */
function recordedTable(
  { request, response }: SourceRecord,
  { options, typesSchema }: ImportRequest,
  now: TableStanza | undefined,
): TableStanza {
  const recorded = response as TableStanza // the ledger keeps stanzas as written
  if (now && request.typesSchema !== typesSchema) return now
  if (!now || sameData(request.options, options)) return recorded
  const columns = Object.entries(recorded.columns ?? {}).map(([name, column]) => {
    const type = typeof column === 'string' ? column : column.type
    const present = now.columns?.[name] ?? column
    return [name, typeof present === 'string' ? type : { ...present, type }] as const
  })
  return { ...recorded, columns: Object.fromEntries(columns) }
}

/**
 * A record does not contain the kind of the relation. So if other kinds are requested now, a difference counts as a change of the
 * manifest.
 */
function asksForSameKinds(request: ImportRequest, source: SourceRecord): boolean {
  const { relations, partitions } = recordedRequest(request)
  return sameData([source.request.relations, source.request.partitions], [relations, partitions])
}

/** Several imports of a server may use a type. Its record has the request of one of them. */
function recordedTypes(
  { request, types }: Resolution,
  ledger: Ledger,
  tables: readonly RecordedObject[],
): readonly CopiedType[] {
  const wereCopiedHere = tables.some(
    ({ source: { request: former } }) => former.copiesTypes && former.typesSchema === request.typesSchema,
  )
  if (!request.copiesTypes || !wereCopiedHere) return types
  const recorded = new Map<Key, CopiedType>()
  for (const [key, { id, source }] of ledger.entries) {
    if (id.kind !== 'type' || !source || !isRecordOf(source, id, request, id.schema)) continue
    const response = source.response as TypeStanza // the ledger keeps stanzas as written
    const composite = response.composite && { composite: inOrder(response.composite, source.attributes) }
    const stanza = { ...response, ...composite }
    recorded.set(key, { schema: id.schema, name: id.name, stanza })
  }
  // Which tables use a type is not recorded. If other tables are requested now, it is unknown which types these used
  // then.
  const { limitTo, except } = recordedRequest(request)
  const requestsSameTables = tables.every(({ source }) =>
    sameData([source.request.limitTo, source.request.except], [limitTo, except]),
  )
  if (requestsSameTables) return [...recorded.values()]
  return types.map((type) => recorded.get(keyOf({ kind: 'type', schema: type.schema, name: type.name })) ?? type)
}

function recordedIndexes(
  manifest: Manifest,
  { request, indexes }: Resolution,
  ledger: Ledger,
  wasRequested: (table: string) => boolean,
  tables: ReadonlyMap<string, TableStanza>,
): Resolution['indexes'] {
  const mirror = mirrorOf(manifest, request)
  if (!mirror || !request.withIndexes) return indexes
  const { schema } = mirror
  const recorded = recordsOf(ledger, 'index', request, schema)
  const wereCopied = recordsOf(ledger, 'foreignTable', request, request.schema).some(
    ({ source }) => source.request.withIndexes,
  )
  return new Map(
    Array.from(tables.keys(), (table) => {
      const isAsBefore = wereCopied && wasRequested(table) && existedAsCopy(mirroredCopy(mirror, table), ledger)
      if (!isAsBefore) return [table, indexes.get(table) ?? {}]
      const own = recorded.filter(({ source }) => source.table === table)
      // The ledger keeps stanzas as written.
      return [table, Object.fromEntries(own.map(({ name, source }) => [name, source.response as IndexStanza]))]
    }),
  )
}

/**
 * Whether the copy existed before, and of the same kind: the primary key of a table is just an index of a view. Only tables have a
 * record of their key.
 */
function existedAsCopy(copy: CopyId, { entries }: Ledger): boolean {
  const entry = entries.get(keyOf(copy))
  return entry !== undefined && (entry.source !== null) === (copy.kind === 'table')
}

/** The recorded primary keys of copies that were tables then. */
function recordedKeys(
  manifest: Manifest,
  { request, primaryKeys }: Resolution,
  ledger: Ledger,
  wasRequested: (table: string) => boolean,
  tables: ReadonlyMap<string, TableStanza>,
): Resolution['primaryKeys'] {
  const schema = mirrorOf(manifest, request)?.schema
  if (schema === undefined || !request.withKeys) return primaryKeys
  const recorded = new Map(recordsOf(ledger, 'table', request, schema).map(({ name, source }) => [name, source]))
  const found = Array.from(tables.keys(), (table) => {
    const source = wasRequested(table) ? recorded.get(table) : undefined
    // The ledger keeps stanzas as written; null is no key.
    const key = source ? (source.response as PrimaryKeyStanza | null) : primaryKeys.get(table)
    return key ? [[table, key] as const] : []
  })
  return new Map(found.flat())
}

interface RecordedObject {
  readonly name: string
  readonly source: SourceRecord
}

function recordsOf(
  ledger: Ledger,
  kind: 'foreignTable' | 'index' | 'table',
  request: ImportRequest,
  schema: string,
): readonly RecordedObject[] {
  return Array.from(ledger.entries.values(), ({ id, source }): readonly RecordedObject[] =>
    id.kind === kind && source && isRecordOf(source, id, request, schema) ? [{ name: id.name, source }] : [],
  ).flat()
}

function formerRequest(request: ImportRequest, { request: { limitTo, except } }: SourceRecord): ImportRequest {
  return { ...request, limitTo: limitTo ?? undefined, except }
}

/** Everything that the manifest and its resolved imports declare in schemas. */
function declarations(
  manifest: Manifest,
  resolutions: readonly Resolution[],
  digests: RunDigests,
): ReadonlyMap<Key, unknown> {
  const expansion = expandImports(
    manifest,
    resolutions.map((each) => ({ ...each, isComplete: true })),
  )
  const { schemas = {} } = expansion.manifest
  const all = declaredKinds.flatMap((kind) => kind.declare({ version: 1, name: manifest.name, schemas }, digests))
  return new Map(all.map(({ id, spec }) => [keyOf(id), spec]))
}
