// The text of a lock: the imports and mirrors of a manifest with what their sources have, written as a manifest.

import { canonicalJson, isMap } from '../core/data.ts'
import { FdwsyncError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import type { Stanza, Written, WrittenMap } from '../kinds/facets/stanza.ts'
import type { Resolution } from '../manifest/expansion/lock.ts'
import { mirrorOf } from '../manifest/expansion/mirrored-copy.ts'
import type { ImportRequest, Manifest } from '../manifest/manifest.ts'
import { manifestText } from './document.ts'

const comment = [
  'What the sources had when this was pinned. While this file exists beside its manifest, plans take imports and mirrors from',
  'it and contact no source. Run "fdwsync pin" to update it, and "fdwsync pin --check" to compare it with the sources.',
]

/** Sorted by name, so that it changes only if a source, an import or a mirror changes. */
export function lockText(manifest: Manifest, resolutions: readonly Resolution[]): string {
  const stanzas = [
    ...importStanzas(resolutions),
    ...typeStanzas(resolutions),
    ...resolutions.flatMap(tableStanzas),
    ...resolutions.flatMap((each) => mirrorStanzas(manifest, each)),
  ]
  const sorted = stanzas.toSorted((left, right) => (canonicalJson(left.path) < canonicalJson(right.path) ? -1 : 1))
  // Parents come before their children.
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

/** A type that several imports copy is written once. */
function typeStanzas(all: readonly Resolution[]): readonly Stanza[] {
  const types = all.flatMap((each) => each.types)
  const byPath = new Map(types.map((type) => [canonicalJson([type.schema, type.name]), type]))
  return Array.from(byPath.values(), ({ schema, name, stanza }) => ({
    path: ['schemas', schema, 'types', name],
    value: toWrittenMap(stanza),
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
    value: toWrittenMap(table),
  }))
}

function mirrorStanzas(manifest: Manifest, { request, indexes, primaryKeys }: Resolution): readonly Stanza[] {
  const mirror = mirrorOf(manifest, request)
  if (!mirror) return []
  const path = ['mirrors', String(request.path[1])]
  const { proxy_schema, schema, limit_to, except = [], relations, partitions, types_schema } = mirror
  const chosen: WrittenMap = {
    ...(relations ? { relations: relations.toSorted() } : {}),
    ...(partitions ? { partitions } : {}),
    ...(types_schema === undefined ? {} : { types_schema }),
  }
  const asWritten = source({ ...request, limitTo: limit_to, except })
  const copy: WrittenMap = {
    ...(request.withKeys ? { as: 'tables' } : {}),
    ...(request.withIndexes ? { indexes: { copy: true } } : {}),
  }
  const excluded = Object.entries(mirror.tables ?? {}).filter(([, { exclude }]) => exclude)
  return [
    { path, value: { ...asWritten, ...chosen, proxy_schema, schema, ...copy } },
    ...excluded.map(([name]) => ({ path: [...path, 'tables', name], value: { exclude: true } })),
    ...[...new Set([...indexes.keys(), ...primaryKeys.keys()])].map((name) => {
      const [own, key] = [indexes.get(name), primaryKeys.get(name)]
      const value = {
        ...(key ? { primary_key: toWrittenMap(key) } : {}),
        ...(own ? { indexes: sortedMap(own) } : {}),
      }
      return { path: [...path, 'tables', name], value }
    }),
  ]
}

function sortedMap(map: object): WrittenMap {
  return toWrittenMap(Object.fromEntries(Object.entries(map).toSorted(([left], [right]) => (left < right ? -1 : 1))))
}

function toWrittenMap(map: object): WrittenMap {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, part]: readonly [string, unknown]) => {
      if (part === undefined) return []
      // PostgreSQL returns options in the order in which they were set, which has no meaning. The order of columns has.
      return [[key, key === 'options' && isMap(part) ? sortedMap(part) : toWritten(part)]]
    }),
  )
}

function toWritten(value: unknown): Written {
  if (value instanceof Secret) {
    const message = 'a source sets an option that is a secret, which cannot be written to the lock'
    throw new FdwsyncError({ code: 'secret/exposed', message, hint: 'Exclude its table, or use no lock.' })
  }
  if (Array.isArray(value)) return value.map(toWritten)
  if (isMap(value)) return toWrittenMap(value)
  return typeof value === 'boolean' ? value : String(value)
}
