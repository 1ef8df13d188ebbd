// Checks of imports and mirrors that need no source.

import { copiedAs } from '../expansion/mirrored-copy.ts'
import type { ImportRequest, Manifest } from '../manifest.ts'
import { atKey, atValue, type PathProblem } from './path-problem.ts'
import { usesOtherExtension } from './postgres-fdw-options.ts'

export function importProblems(manifest: Manifest): readonly PathProblem[] {
  return [
    ...selectionProblems(manifest),
    ...schemaProblems(manifest),
    ...indexProblems(manifest),
    ...wrapperProblems(manifest),
    ...typesSchemaProblems(manifest),
    ...tableKeyProblems(manifest),
  ]
}

function selectionProblems({ schemas = {}, mirrors = {} }: Manifest): readonly PathProblem[] {
  const imports = Object.entries(schemas).flatMap(([schema, { imports = [] }]) =>
    imports.map((item, at) => ({ item, path: ['schemas', schema, 'imports', at] })),
  )
  const all = [...imports, ...Object.entries(mirrors).map(([name, item]) => ({ item, path: ['mirrors', name] }))]
  return all.flatMap(({ item, path }): readonly PathProblem[] => {
    if (!item.limit_to || !item.except) return []
    const message = 'limit_to and except cannot be combined'
    return [atKey([...path, 'except'], { code: 'manifest/conflicting-keys', message, hint: 'Remove one of the two.' })]
  })
}

function schemaProblems({ mirrors = {} }: Manifest): readonly PathProblem[] {
  return Object.entries(mirrors).flatMap(([name, mirror]): readonly PathProblem[] => {
    if (mirror.schema !== mirror.proxy_schema) return []
    const message = 'schema and proxy_schema must differ, because a copy and its foreign table have the same name'
    return [atValue(['mirrors', name, 'schema'], { code: 'manifest/conflicting-keys', message })]
  })
}

function indexProblems({ mirrors = {} }: Manifest): readonly PathProblem[] {
  return Object.entries(mirrors).flatMap(([name, { indexes }]) =>
    (indexes?.each ?? []).flatMap(({ columns }, at): readonly PathProblem[] => {
      if (columns.some((column) => typeof column === 'string' || 'column' in column)) return []
      const message = 'an index under each must name a column: only copies with its columns get the index'
      return [atValue(['mirrors', name, 'indexes', 'each', at], { code: 'manifest/invalid-value', message })]
    }),
  )
}

function wrapperProblems(manifest: Manifest): readonly PathProblem[] {
  return Object.entries(manifest.mirrors ?? {}).flatMap(([name, { server: serverName, indexes }]) => {
    const server = manifest.servers?.[serverName]
    if (!server || !usesOtherExtension(manifest, server)) return []
    const request = { path: ['mirrors', name], server: serverName, withIndexes: indexes?.copy ?? false }
    return indexCopyProblems(request, server.foreign_data_wrapper ?? 'postgres_fdw')
  })
}

function typesSchemaProblems({ mirrors = {} }: Manifest): readonly PathProblem[] {
  return Object.entries(mirrors).flatMap(([name, mirror]): readonly PathProblem[] => {
    if (mirror.types_schema === undefined || mirror.types === 'copy') return []
    const message = 'types_schema has no meaning without types: copy'
    const hint = 'Add types: copy, or remove types_schema.'
    return [atKey(['mirrors', name, 'types_schema'], { code: 'manifest/conflicting-keys', message, hint })]
  })
}

/** The keys that only tables have. */
function tableKeyProblems({ mirrors = {} }: Manifest): readonly PathProblem[] {
  return Object.entries(mirrors).flatMap(([name, mirror]) =>
    Object.entries(mirror.tables ?? {}).flatMap(([table, override]) => {
      if (copiedAs(mirror, table) === 'tables') return []
      const keys = (['primary_key', 'not_null', 'unlogged', 'adopt'] as const).filter(
        (key) => override[key] !== undefined,
      )
      return keys.map((key) => {
        const message = `only a table can have "${key}", and "${table}" is copied into a materialized view`
        const hint = 'Add as: tables to the mirror or to this entry, or remove the key.'
        return atKey(['mirrors', name, 'tables', table, key], { code: 'manifest/conflicting-keys', message, hint })
      })
    }),
  )
}

/** Indexes are read from the catalog of the source, so it must be a PostgreSQL server. */
export function indexCopyProblems(
  { path, server, withIndexes }: Pick<ImportRequest, 'path' | 'server' | 'withIndexes'>,
  wrapper: string,
): readonly PathProblem[] {
  if (!withIndexes) return []
  const message = `indexes can be copied only through postgres_fdw, and server ${server} uses ${wrapper}`
  const hint = 'Declare them under indexes.each, or under tables for a single copy.'
  return [atKey([...path, 'indexes', 'copy'], { code: 'manifest/invalid-value', message, hint })]
}
