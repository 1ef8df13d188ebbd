// Imports: what a manifest requests from its sources, and how imported tables and copied types become part of it.

import { canonicalJson } from '../../core/data.ts'
import { atKey, type PathProblem } from '../checks/path-problem.ts'
import type { ImportColumn, ImportTable } from '../generated/manifest-types.ts'
import type { ImportRequest, Manifest, Path } from '../manifest.ts'
import type { PrimaryKeyStanza } from '../primary-key.ts'
import { copiesTables } from './mirrored-copy.ts'

type Schemas = NonNullable<Manifest['schemas']>
export type TableStanza = NonNullable<Schemas[string]['foreign_tables']>[string]
export type ViewStanza = NonNullable<Schemas[string]['materialized_views']>[string]
export type IndexStanza = NonNullable<ViewStanza['indexes']>[string]
export type TypeStanza = NonNullable<Schemas[string]['types']>[string]
export type CopiedTableStanza = NonNullable<Schemas[string]['tables']>[string]
type ColumnStanza = NonNullable<TableStanza['columns']>[string]

/** The indexes and keys of a source that a mirror copies, by table. */
export interface SourceTables {
  readonly indexes: ReadonlyMap<string, Readonly<Record<string, IndexStanza>>>
  /** The primary keys. A table without one has no entry. */
  readonly primaryKeys: ReadonlyMap<string, PrimaryKeyStanza>
}

/** A type of a source, as a manifest would declare it. */
export interface CopiedType {
  readonly schema: string
  readonly name: string
  readonly stanza: TypeStanza
}

/** How the catalog of a source identifies a table and its columns, whatever their names: by the OID and the column numbers. */
export interface TableIdentity {
  readonly oid: number
  readonly columns: Readonly<Record<string, number>>
}

/** The names that a renamed table and its renamed columns had when they were last applied. */
export interface FormerNames {
  readonly table: string | undefined
  /** The former names of columns, by present name. */
  readonly columns: Readonly<Record<string, string>>
}

/** The tables and copied types of one import, as a manifest would declare them. */
export interface Imported {
  readonly request: ImportRequest
  readonly tables: ReadonlyMap<string, TableStanza>
  /** Each comes after the types that it consists of. */
  readonly types: readonly CopiedType[]
  /** The former names, by table. */
  readonly formerNames: ReadonlyMap<string, FormerNames>
}

/** A manifest with imports or mirrors expanded. */
export interface Expansion {
  readonly manifest: Manifest
  /** By `originKey`: the path of the import or mirror that an added object comes from. */
  readonly origins: ReadonlyMap<string, Path>
  readonly problems: readonly PathProblem[]
}

/** The requests of a manifest's imports and mirrors to their sources. Computed when it is parsed: see `ParsedManifest.requests`. */
export function importRequests(manifest: Manifest): readonly ImportRequest[] {
  const plain = Object.entries(manifest.schemas ?? {}).flatMap(([schema, { imports = [] }]) =>
    imports.map((item, at) => ({
      path: ['schemas', schema, 'imports', at],
      server: item.server,
      remoteSchema: item.remote_schema,
      schema,
      limitTo: item.limit_to,
      except: item.except ?? [],
      listedExceptions: item.except?.length ?? 0,
      options: item.options ?? {},
      tables: item.tables ?? {},
      withIndexes: false,
      withKeys: false,
      copiesTypes: item.types === 'copy',
      typesSchema: undefined,
      mirrored: undefined,
    })),
  )
  const mirrors = Object.entries(manifest.mirrors ?? {}).map(([name, mirror]) => {
    const listed = Object.entries(mirror.tables ?? {})
    const excluded = listed.flatMap(([table, { exclude }]) => (exclude ? [table] : []))
    return {
      path: ['mirrors', name],
      server: mirror.server,
      remoteSchema: mirror.remote_schema,
      schema: mirror.proxy_schema,
      limitTo: mirror.limit_to?.filter((table) => !excluded.includes(table)),
      except: mirror.limit_to ? [] : [...(mirror.except ?? []), ...excluded],
      listedExceptions: mirror.except?.length ?? 0,
      options: mirror.options ?? {},
      tables: {},
      withIndexes: mirror.indexes?.copy ?? false,
      withKeys: copiesTables(mirror),
      copiesTypes: mirror.types === 'copy',
      typesSchema: mirror.types_schema,
      mirrored: {
        kinds: mirror.relations ?? ['tables'],
        isDefault: mirror.relations === undefined,
        partitions: mirror.partitions ?? 'parent',
        named: listed.flatMap(([table, { exclude }]) => (exclude ? [] : [table])),
      },
    }
  })
  return [...plain, ...mirrors]
}

/** The title of an import in messages, since it has no name. */
export function importTitle({ server, remoteSchema, schema }: ImportRequest): string {
  return `import of schema ${JSON.stringify(remoteSchema)} of server ${server} into schema ${schema}`
}

/** Adds imported tables and copied types to their schemas. What the manifest itself declares takes precedence. */
export function addImports(manifest: Manifest, all: readonly Imported[]): Expansion {
  const origins = new Map<string, Path>()
  const problems: PathProblem[] = []
  const schemas: Schemas = { ...manifest.schemas }
  for (const { request, tables, formerNames } of all) {
    const { schema, path } = request
    if (!manifest.schemas?.[schema] && !schemas[schema]) origins.set(originKey(['schemas', schema]), path)
    const declared = manifest.schemas?.[schema]?.foreign_tables ?? {}
    const foreignTables = { ...schemas[schema]?.foreign_tables }
    for (const [name, imported] of tables) {
      if (Object.hasOwn(declared, name)) continue
      const table = withFormerNames(imported, formerNames.get(name))
      const at = ['schemas', schema, 'foreign_tables', name]
      const other = origins.get(originKey(at))
      if (other) problems.push(importedTwice(schema, name, path, other))
      const override = Object.hasOwn(request.tables, name) ? request.tables[name] : undefined
      origins.set(originKey(at), override ? [...path, 'tables', name] : path)
      foreignTables[name] = override ? overridden(table, override, [...path, 'tables', name], problems) : table
    }
    schemas[schema] = { ...schemas[schema], foreign_tables: foreignTables }
  }
  addTypes(manifest, all, { schemas, origins, problems })
  return { manifest: { ...manifest, schemas }, origins, problems }
}

/** The table with `renamed_from`, as a manifest that renames it would declare it. */
function withFormerNames(table: TableStanza, former: FormerNames | undefined): TableStanza {
  if (!former) return table
  const columns = Object.entries(table.columns ?? {}).map(([name, column]): [string, ColumnStanza] => {
    const from = Object.hasOwn(former.columns, name) ? former.columns[name] : undefined
    if (from === undefined) return [name, column]
    return [name, { ...(typeof column === 'string' ? { type: column } : column), renamed_from: from }]
  })
  return {
    ...table,
    ...(former.table === undefined ? {} : { renamed_from: former.table }),
    columns: Object.fromEntries(columns),
  }
}

function addTypes(
  manifest: Manifest,
  all: readonly Imported[],
  { schemas, origins, problems }: { schemas: Schemas; origins: Map<string, Path>; problems: PathProblem[] },
): void {
  for (const { request, types } of all) {
    for (const { schema, name, stanza } of types) {
      const declared = manifest.schemas?.[schema]?.types
      if (declared && Object.hasOwn(declared, name)) continue
      const at = originKey(['schemas', schema, 'types', name])
      const other = origins.get(at)
      const before = schemas[schema]?.types?.[name]
      if (other && canonicalJson(before) !== canonicalJson(stanza)) {
        problems.push(copiedDifferently(schema, name, [...request.path, 'types'], other))
      }
      if (other) continue
      if (!schemas[schema]) origins.set(originKey(['schemas', schema]), request.path)
      origins.set(at, [...request.path, 'types'])
      schemas[schema] = { ...schemas[schema], types: { ...schemas[schema]?.types, [name]: stanza } }
    }
  }
}

function copiedDifferently(schema: string, name: string, path: Path, other: Path): PathProblem {
  const message = `type "${name}" of schema "${schema}" differs between the source of this import and the source of the one`
  const hint = `Declare it under schemas: { ${schema}: { types: … } }, so that neither is copied.`
  return atKey(path, { code: 'manifest/duplicate-name', message, hint }, other)
}

/** The key of a path in {@link Expansion.origins}. */
export function originKey(path: Path): string {
  return JSON.stringify(path)
}

function importedTwice(schema: string, name: string, path: Path, other: Path): PathProblem {
  const message = `table "${name}" is already imported into schema "${schema}"`
  const hint = 'Exclude it from one of the two with except.'
  return atKey(path, { code: 'manifest/duplicate-name', message, hint }, other)
}

function overridden(table: TableStanza, override: ImportTable, path: Path, problems: PathProblem[]): TableStanza {
  const { options, columns = {}, ...rest } = override
  const merged: Record<string, ColumnStanza> = { ...table.columns }
  for (const [name, column] of Object.entries(columns)) {
    const imported = table.columns && Object.hasOwn(table.columns, name) ? table.columns[name] : undefined
    if (imported !== undefined) merged[name] = overriddenColumn(imported, column)
    else {
      const message = `table ${JSON.stringify(path.at(-1))} at the source has no column "${name}"`
      problems.push(atKey([...path, 'columns', name], { code: 'source/not-found', message }))
    }
  }
  return { ...table, ...rest, columns: merged, options: { ...table.options, ...options } }
}

function overriddenColumn(imported: ColumnStanza, override: string | ImportColumn): ColumnStanza {
  const from = typeof imported === 'string' ? { type: imported } : imported
  const by = typeof override === 'string' ? { type: override } : override
  return { ...from, ...by, options: { ...from.options, ...by.options } }
}
