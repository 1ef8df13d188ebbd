// What the ledger records of the answers of sources: for each imported object the request and the source's response.
// The next plan compares it with the current response, to see whether the source or the manifest has changed.

import { sameData } from '../core/data.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Ledger, SourceRecord, SourceRequest } from '../ledger/read.ts'
import type { ResolvedManifest } from '../manifest/expansion/expand.ts'
import { originKey } from '../manifest/expansion/imports.ts'
import { mirrorOf } from '../manifest/expansion/mirrored-copy.ts'
import type { ImportRequest, Manifest, Path } from '../manifest/manifest.ts'

/** The records to write. For a source that was not asked, they are those of the ledger. */
export function sourceRecords(
  { asWritten: { manifest, requests }, resolutions, origins }: ResolvedManifest,
  ledger: Ledger,
): ReadonlyMap<Key, SourceRecord> {
  const records = new Map<Key, SourceRecord>()
  const notAsked = requests.filter((request) => !resolutions.some((each) => sameData(each.request.path, request.path)))
  for (const [key, { id, source }] of ledger.entries) {
    if (source && notAsked.some((request) => isRecordOf(source, id, request, schemaOf(manifest, request, id)))) {
      records.set(key, source)
    }
  }
  // Declarations in the manifest take precedence over imported ones, and have no record.
  const isImported = (...path: Path) => origins.has(originKey(path))
  for (const { request, tables, types, indexes, primaryKeys, identities } of resolutions) {
    const recorded = recordedRequest(request)
    for (const { schema, name, stanza: response } of types) {
      if (!isImported('schemas', schema, 'types', name)) continue
      const attributes = response.composite ? { attributes: Object.keys(response.composite) } : {}
      records.set(keyOf({ kind: 'type', schema, name }), { request: recorded, response, ...attributes })
    }
    for (const [name, response] of tables) {
      if (!isImported('schemas', request.schema, 'foreign_tables', name)) continue
      const identity = identities.get(name)
      const record = { request: recorded, response, ...(identity ? { identity } : {}) }
      records.set(keyOf({ kind: 'foreignTable', schema: request.schema, name }), record)
    }
    const mirror = mirrorOf(manifest, request)
    if (!mirror) continue
    const { schema } = mirror
    for (const name of request.withKeys ? tables.keys() : []) {
      if (!isImported('schemas', schema, 'tables', name)) continue
      const record = { request: recorded, response: primaryKeys.get(name) ?? null }
      records.set(keyOf({ kind: 'table', schema, name }), record)
    }
    for (const [table, own] of indexes) {
      for (const [name, response] of Object.entries(own)) {
        records.set(keyOf({ kind: 'index', schema, name }), { request: recorded, response, table })
      }
    }
  }
  return records
}

/** The schema of the objects of an import. Copied types have the schema that they have at the source. */
function schemaOf(manifest: Manifest, request: ImportRequest, id: ObjectId): string | undefined {
  if (id.kind === 'type') return id.schema
  return id.kind === 'index' || id.kind === 'table' ? mirrorOf(manifest, request)?.schema : request.schema
}

/**
 * Whether the object of a record is in the given schema and belongs to the request. With other import options the
 * same tables are imported differently, so such a record does not show what has changed at the source, unless these options
 * concern attributes of columns alone.
 */
export function isRecordOf(
  { request: recorded }: SourceRecord,
  id: ObjectId,
  { server, remoteSchema, options }: ImportRequest,
  schema: string | undefined,
): boolean {
  const isInSchema = 'schema' in id && id.schema === schema
  return (
    isInSchema &&
    // A damaged record has no options, nor this server.
    sameData([recorded.server, recorded.remoteSchema], [server, remoteSchema]) &&
    sameData(withoutColumnOptions(recorded.options), withoutColumnOptions(options))
  )
}

/** Options of postgres_fdw that do not change which columns are imported, and with which types. */
const columnOptions: ReadonlySet<string> = new Set([
  'import_collate',
  'import_default',
  'import_generated',
  'import_not_null',
])

function withoutColumnOptions(options: ImportRequest['options']): unknown {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !columnOptions.has(name)))
}

/** The part of a request that is recorded. */
export function recordedRequest(request: ImportRequest): SourceRequest {
  const { server, remoteSchema, options, limitTo, except, withIndexes, copiesTypes, typesSchema, mirrored } = request
  return {
    ...{ server, remoteSchema, options, limitTo: limitTo ?? null, except, withIndexes, copiesTypes },
    ...(typesSchema === undefined ? {} : { typesSchema }),
    ...(mirrored ? { relations: mirrored.kinds, partitions: mirrored.partitions } : {}),
  }
}
