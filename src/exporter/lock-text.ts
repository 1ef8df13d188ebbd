import { canonicalJson } from '../core/data.ts'
import type { Stanza, Written, WrittenMap } from '../kinds/facets/stanza.ts'
import { mirrorOf, type Resolution } from '../manifest/expansion/lock.ts'
import type { ImportRequest, Manifest } from '../manifest/manifest.ts'
import { manifestText } from './document.ts'

const comment = [
  'What the sources had when this was pinned. While this file stands beside its manifest, a plan takes imports and mirrors',
  'from it and asks no source. Written by "fdwsync pin", which also brings it up to date; "fdwsync pin --check" compares.',
]

/** The text of a lock: all in order of name, so that it differs only where a source or a question does. */
export function lockText(manifest: Manifest, resolutions: readonly Resolution[]): string {
  const stanzas = [
    ...importStanzas(resolutions),
    ...typeStanzas(resolutions),
    ...resolutions.flatMap(tableStanzas),
    ...resolutions.flatMap((each) => mirrorStanzas(manifest, each)),
  ]
  const sorted = stanzas.toSorted((left, right) => (canonicalJson(left.path) < canonicalJson(right.path) ? -1 : 1))
  // What holds another comes first.
  const inOrder = sorted.toSorted((left, right) => left.path.length - right.path.length)
  return manifestText({ comment, name: manifest.name, searchPath: undefined }, inOrder)
}

function importStanzas(all: readonly Resolution[]): readonly Stanza[] {
  const imports = all.flatMap(({ request }) => (request.path[0] === 'schemas' ? [request] : []))
  const schemas = [...new Set(imports.map(({ schema }) => schema))]
  return schemas.map((schema) => {
    const own = imports.filter((request) => request.schema === schema).map((request) => ({ ...source(request) }))
    const inOrder = own.toSorted((left, right) => (canonicalJson(left) < canonicalJson(right) ? -1 : 1))
    return { path: ['schemas', schema], value: { imports: inOrder } }
  })
}

/** What several copy stands there once. */
function typeStanzas(all: readonly Resolution[]): readonly Stanza[] {
  const types = all.flatMap((each) => each.types)
  const byPath = new Map(types.map((type) => [canonicalJson([type.schema, type.name]), type]))
  return Array.from(byPath.values(), ({ schema, name, stanza }) => ({
    path: ['schemas', schema, 'types', name],
    value: writtenMap(stanza),
  }))
}

function source({ server, remoteSchema, limitTo, except, options, copiesTypes }: ImportRequest): WrittenMap {
  return {
    server,
    remote_schema: remoteSchema,
    ...(limitTo ? { limit_to: limitTo.toSorted() } : {}),
    ...(except.length > 0 ? { except: except.toSorted() } : {}),
    ...(Object.keys(options).length > 0 ? { options } : {}),
    ...(copiesTypes ? { types: 'copy' } : {}),
  }
}

function tableStanzas({ request, tables }: Resolution): readonly Stanza[] {
  return Array.from(tables, ([name, table]) => ({
    path: ['schemas', request.schema, 'foreign_tables', name],
    value: writtenMap(table),
  }))
}

function mirrorStanzas(manifest: Manifest, { request, indexes }: Resolution): readonly Stanza[] {
  const mirror = mirrorOf(manifest, request)
  if (!mirror) return []
  const path = ['mirrors', String(request.path[1])]
  const { proxy_schema, schema, limit_to, except = [] } = mirror
  const asWritten = source({ ...request, limitTo: limit_to, except })
  const copy: WrittenMap = request.withIndexes ? { indexes: { copy: true } } : {}
  const excluded = Object.entries(mirror.tables ?? {}).filter(([, { exclude }]) => exclude)
  return [
    { path, value: { ...asWritten, proxy_schema, schema, ...copy } },
    ...excluded.map(([name]) => ({ path: [...path, 'tables', name], value: { exclude: true } })),
    ...Array.from(indexes, ([name, own]) => ({ path: [...path, 'tables', name], value: { indexes: sortedMap(own) } })),
  ]
}

function sortedMap(map: object): WrittenMap {
  return writtenMap(Object.fromEntries(Object.entries(map).toSorted(([left], [right]) => (left < right ? -1 : 1))))
}

function writtenMap(map: object): WrittenMap {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, part]: readonly [string, unknown]) => {
      if (part === undefined) return []
      // The server gives options in the order in which they were set; that of columns counts.
      return [[key, key === 'options' && isMap(part) ? sortedMap(part) : written(part)]]
    }),
  )
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function written(value: unknown): Written {
  if (Array.isArray(value)) return value.map(written)
  if (isMap(value)) return writtenMap(value)
  return typeof value === 'boolean' ? value : String(value)
}
