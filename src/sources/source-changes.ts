import { sameData } from '../core/data.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { RunDigests } from '../introspector/digests.ts'
import { declaredKinds } from '../kinds/registry.ts'
import type { Ledger, SourceRecord, SourceRequest } from '../ledger/read.ts'
import { expandImports, type ResolvedManifest } from '../manifest/expansion/expand.ts'
import {
  type CopiedType,
  type IndexStanza,
  originKey,
  type TableStanza,
  type TypeStanza,
} from '../manifest/expansion/imports.ts'
import { includesTable, mirrorOf, type Resolution } from '../manifest/expansion/lock.ts'
import type { ImportRequest, Manifest, Path } from '../manifest/manifest.ts'

/** How the declarations of today would be had no source changed since the last apply. */
export interface SourceChanges {
  /** Declarations that would be others, as they would be. */
  readonly altered: ReadonlyMap<Key, unknown>
  /** What would not be declared. */
  readonly added: ReadonlySet<Key>
  /** What would be declared. */
  readonly removed: ReadonlySet<Key>
}

/** What to keep of what the sources have said now; of those that were not asked, what is kept already. */
export function sourceRecords(
  { asWritten, resolutions, origins }: ResolvedManifest,
  ledger: Ledger,
): ReadonlyMap<Key, SourceRecord> {
  const { manifest, requests } = asWritten
  const isExpanded = (...path: Path) => origins.has(originKey(path))
  const sourced = new Map<Key, SourceRecord>()
  const unasked = requests.filter((request) => !resolutions.some((each) => sameData(each.request.path, request.path)))
  for (const [key, { id, source }] of ledger.entries) {
    if (source && unasked.some((request) => isFrom(source, schemaOf(manifest, request, id), id, request))) {
      sourced.set(key, source)
    }
  }
  for (const { request, tables, types, indexes } of resolutions) {
    const asked = askedOf(request)
    for (const { schema, name, stanza: response } of types) {
      if (!isExpanded('schemas', schema, 'types', name)) continue
      sourced.set(keyOf({ kind: 'type', schema, name }), { request: asked, response })
    }
    for (const [name, response] of tables) {
      if (!isExpanded('schemas', request.schema, 'foreign_tables', name)) continue
      sourced.set(keyOf({ kind: 'foreignTable', schema: request.schema, name }), { request: asked, response })
    }
    const schema = mirrorOf(manifest, request)?.schema
    if (schema === undefined) continue
    for (const [table, own] of indexes) {
      for (const [name, response] of Object.entries(own)) {
        sourced.set(keyOf({ kind: 'index', schema, name }), { request: asked, response, table })
      }
    }
  }
  return sourced
}

/** Compares what the sources have said now with what the ledger has kept of them. */
export function sourceChanges(
  { asWritten: { manifest }, resolutions }: ResolvedManifest,
  ledger: Ledger,
  digests: RunDigests,
): SourceChanges {
  const last = resolutions.map((each) => asLast(manifest, each, ledger))
  if (sameData(last.map(asData), resolutions.map(asData))) {
    return { altered: new Map(), added: new Set(), removed: new Set() }
  }
  const [now, then] = [declarations(manifest, resolutions, digests), declarations(manifest, last, digests)]
  return {
    altered: new Map([...then].filter(([key, spec]) => now.has(key) && !sameData(spec, now.get(key)))),
    added: new Set([...now.keys()].filter((key) => !then.has(key))),
    removed: new Set([...then.keys()].filter((key) => !now.has(key))),
  }
}

function asData({ tables, types, indexes }: Resolution): unknown {
  const copied = [...indexes].filter(([, own]) => Object.keys(own).length > 0)
  const made = types.map(({ schema, name, stanza }) => [keyOf({ kind: 'type', schema, name }), stanza])
  return [Object.fromEntries(tables), Object.fromEntries(made), Object.fromEntries(copied)]
}

/** An import as it would be had its source said the same as last. Where other things were asked for then, as it is. */
function asLast(manifest: Manifest, resolution: Resolution, ledger: Ledger): Resolution {
  const { request } = resolution
  const tables = entriesOf(ledger, request.schema, 'foreignTable', request)
  if (tables.length === 0) return resolution
  const wasAsked = (name: string) =>
    tables.some(({ source }) => includesTable(requestOf(request, source.request), name))
  const said = new Map<string, TableStanza>()
  for (const [name, stanza] of resolution.tables) if (!wasAsked(name)) said.set(name, stanza)
  // The ledger keeps stanzas as they were written.
  for (const { name, source } of tables)
    if (includesTable(request, name)) said.set(name, source.response as TableStanza)
  return {
    request,
    tables: said,
    types: typesAsLast(resolution, ledger, tables),
    indexes: indexesAsLast(manifest, resolution, ledger, wasAsked, said),
  }
}

/** Several imports from a server may use a type, so it is recorded as what one of them asked for. */
function typesAsLast(
  { request, types }: Resolution,
  ledger: Ledger,
  tables: readonly Recorded[],
): readonly CopiedType[] {
  if (!request.copiesTypes || !tables.some(({ source }) => source.request.copiesTypes)) return types
  const recorded = new Map(
    Array.from(ledger.entries, ([key, { id, source }]): readonly (readonly [Key, CopiedType])[] =>
      id.kind === 'type' && source && isFrom(source, id.schema, id, request)
        ? // The ledger keeps stanzas as they were written.
          [[key, { schema: id.schema, name: id.name, stanza: source.response as TypeStanza }]]
        : [],
    ).flat(),
  )
  // Which tables use a type is not recorded: where others are asked for, it is not known what they would use.
  const { limitTo, except } = askedOf(request)
  const isSame = tables.every(({ source }) =>
    sameData([source.request.limitTo, source.request.except], [limitTo, except]),
  )
  if (isSame) return [...recorded.values()]
  return types.map((type) => recorded.get(keyOf({ kind: 'type', schema: type.schema, name: type.name })) ?? type)
}

function indexesAsLast(
  manifest: Manifest,
  { request, indexes }: Resolution,
  ledger: Ledger,
  wasAsked: (table: string) => boolean,
  tables: ReadonlyMap<string, TableStanza>,
): Resolution['indexes'] {
  const schema = mirrorOf(manifest, request)?.schema
  if (schema === undefined || !request.withIndexes) return indexes
  const recorded = entriesOf(ledger, schema, 'index', request)
  const wereCopied = entriesOf(ledger, request.schema, 'foreignTable', request).some(
    ({ source }) => source.request.withIndexes,
  )
  return new Map(
    Array.from(tables.keys(), (table) => {
      if (!wereCopied || !wasAsked(table)) return [table, indexes.get(table) ?? {}]
      const own = recorded.filter(({ source }) => source.table === table)
      // The ledger keeps stanzas as they were written.
      return [table, Object.fromEntries(own.map(({ name, source }) => [name, source.response as IndexStanza]))]
    }),
  )
}

interface Recorded {
  readonly name: string
  readonly source: SourceRecord
}

function entriesOf(
  ledger: Ledger,
  schema: string,
  kind: 'foreignTable' | 'index',
  request: ImportRequest,
): readonly Recorded[] {
  return Array.from(ledger.entries.values(), ({ id, source }): readonly Recorded[] =>
    id.kind === kind && source && isFrom(source, schema, id, request) ? [{ name: id.name, source }] : [],
  ).flat()
}

/** Options of the import make other tables of the same: then nothing tells what the source alone has changed. */
function isFrom(record: SourceRecord, schema: string | undefined, id: object, request: ImportRequest): boolean {
  const { server, remoteSchema, options } = request
  const recorded = record.request
  const isThere = 'schema' in id && id.schema === schema
  return (
    isThere && sameData([recorded.server, recorded.remoteSchema, recorded.options], [server, remoteSchema, options])
  )
}

/** Where what an import stands for is made. Types stand where they stand at the source. */
function schemaOf(manifest: Manifest, request: ImportRequest, id: ObjectId): string | undefined {
  if (id.kind === 'type') return id.schema
  return id.kind === 'index' ? mirrorOf(manifest, request)?.schema : request.schema
}

function askedOf({
  server,
  remoteSchema,
  options,
  limitTo,
  except,
  withIndexes,
  copiesTypes,
}: ImportRequest): SourceRequest {
  return { server, remoteSchema, options, limitTo: limitTo ?? null, except, withIndexes, copiesTypes }
}

function requestOf(request: ImportRequest, { limitTo, except }: SourceRequest): ImportRequest {
  return { ...request, limitTo: limitTo ?? undefined, except }
}

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
