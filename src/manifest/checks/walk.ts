// Lists the objects of a manifest with their paths, for the checks.

import type { RefreshStanza } from '../../core/refresh-policy.ts'
import { type CopyStanza, copiesIn } from '../copies.ts'
import type { ForeignTable, Table, Type } from '../generated/manifest-types.ts'
import type { Manifest, Path } from '../manifest.ts'

/** An object in a schema. */
interface Placed {
  readonly path: Path
  readonly schema: string
  readonly name: string
}

export function foreignTables(manifest: Manifest): readonly (Placed & { readonly table: ForeignTable })[] {
  return Object.entries(manifest.schemas ?? {}).flatMap(([schema, { foreign_tables }]) =>
    Object.entries(foreign_tables ?? {}).map(([name, table]) => ({
      path: ['schemas', schema, 'foreign_tables', name],
      schema,
      name,
      table,
    })),
  )
}

export function types(manifest: Manifest): readonly (Placed & { readonly type: Type })[] {
  return Object.entries(manifest.schemas ?? {}).flatMap(([schema, { types: declared }]) =>
    Object.entries(declared ?? {}).map(([name, type]) => ({
      path: ['schemas', schema, 'types', name],
      schema,
      name,
      type,
    })),
  )
}

/** Materialized views and tables. */
export function copies(manifest: Manifest): readonly (Placed & { readonly copy: CopyStanza })[] {
  return copiesIn(manifest).map(({ id: { schema, name }, declared, path }) => ({ path, schema, name, copy: declared }))
}

export function tables(manifest: Manifest): readonly (Placed & { readonly table: Table })[] {
  return Object.entries(manifest.schemas ?? {}).flatMap(([schema, declared]) =>
    Object.entries(declared.tables ?? {}).map(([name, table]) => ({
      path: ['schemas', schema, 'tables', name],
      schema,
      name,
      table,
    })),
  )
}

/** Every `refresh:`. */
export function refreshStanzas(manifest: Manifest): readonly { readonly path: Path; readonly stanza: RefreshStanza }[] {
  const all = [
    { path: [], refresh: manifest.refresh },
    ...copies(manifest).map(({ path, copy }) => ({ path, refresh: copy.refresh })),
    ...Object.entries(manifest.mirrors ?? {}).flatMap(([mirror, { refresh, tables = {} }]) => [
      { path: ['mirrors', mirror], refresh },
      ...Object.entries(tables).map(([table, override]) => ({
        path: ['mirrors', mirror, 'tables', table],
        refresh: override.refresh,
      })),
    ]),
  ]
  return all.flatMap(({ path, refresh }) => (refresh ? [{ path: [...path, 'refresh'], stanza: refresh }] : []))
}

interface Accessible {
  readonly path: Path
  readonly owner?: string
  readonly grants?: object
}

/** Everything that may have an owner and grants. */
export function accessibles(manifest: Manifest): readonly Accessible[] {
  const named = (key: 'foreign_data_wrappers' | 'servers' | 'schemas') =>
    Object.entries(manifest[key] ?? {}).map(([name, object]) => ({ ...object, path: [key, name] }))
  return [
    ...named('foreign_data_wrappers'),
    ...named('servers'),
    ...named('schemas'),
    ...types(manifest).map(({ path, type }) => ({ ...type, path })),
    ...foreignTables(manifest).map(({ path, table }) => ({ ...table, path })),
    ...copies(manifest).map(({ path, copy }) => ({ ...copy, path })),
    ...copies(manifest).flatMap(({ path, copy }) =>
      Object.entries(copy.statistics ?? {}).map(([name, of]) => ({ ...of, path: [...path, 'statistics', name] })),
    ),
    ...importedTables(manifest),
    ...mirroredViews(manifest),
  ]
}

/** The overrides of imported tables. */
function importedTables({ schemas }: Manifest): readonly Accessible[] {
  return Object.entries(schemas ?? {}).flatMap(([schema, { imports = [] }]) =>
    imports.flatMap(({ tables }, at) =>
      Object.entries(tables ?? {}).map(([name, table]) => ({
        ...table,
        path: ['schemas', schema, 'imports', at, 'tables', name],
      })),
    ),
  )
}

function mirroredViews({ mirrors }: Manifest): readonly Accessible[] {
  return Object.entries(mirrors ?? {}).flatMap(([mirror, { tables }]) =>
    Object.entries(tables ?? {}).map(([name, view]) => ({ ...view, path: ['mirrors', mirror, 'tables', name] })),
  )
}

export interface Granted {
  readonly path: Path
  readonly grantee:
    | string
    | { readonly role: string; readonly columns?: readonly string[]; readonly with_grant_option?: boolean }
}

/** The grantees of each privilege. */
export function grantees({ path, grants }: Accessible): readonly Granted[] {
  const lists: readonly (readonly [string, readonly Granted['grantee'][]])[] = Object.entries(grants ?? {})
  return lists.flatMap(([privilege, list]) =>
    list.map((grantee, place) => ({ path: [...path, 'grants', privilege, place], grantee })),
  )
}
