import { ident } from '../core/sql.ts'
import { withoutAccess } from '../kinds/facets/access.ts'
import { record } from '../kinds/facets/options.ts'
import { noVariables, type Stanza } from '../kinds/facets/stanza.ts'
import { type ForeignTableSpec, foreignTable } from '../kinds/foreign-table/foreign-table.ts'
import { index } from '../kinds/index/index-kind.ts'
import type { IndexSpec } from '../kinds/index/spec.ts'
import { type TypeSpec, type } from '../kinds/type/type.ts'
import type { Ledger } from '../ledger/read.ts'
import type { CopiedType, IndexStanza, TableStanza, TypeStanza } from '../manifest/expansion/imports.ts'
import type { ImportRequest } from '../manifest/manifest.ts'
import { normalizeExported } from '../manifest/yaml/from-export.ts'

/** An imported table as a manifest would spell it out. What no source says stays open: owner, grants, comment. */
export function tableStanza(schema: string, name: string, spec: ForeignTableSpec): TableStanza {
  const said = { ...withoutAccess(spec), comment: undefined }
  return asTable(foreignTable.write({ kind: 'foreignTable', schema, name }, said, noVariables))
}

export function indexStanza(schema: string, name: string, spec: IndexSpec): IndexStanza {
  return asIndex(index.write({ kind: 'index', schema, name }, spec, noVariables))
}

/** A type of a source as a manifest would spell it out; its comments stay open. */
export function typeStanza(schema: string, name: string, spec: TypeSpec): TypeStanza {
  const quiet = <Part>(parts: Readonly<Record<string, Part>>) =>
    record(Object.entries(parts).map(([key, part]) => [key, { ...part, comment: undefined }]))
  const said = { ...spec, checks: quiet(spec.checks), attributes: quiet(spec.attributes), comment: undefined }
  return asType(type.write({ kind: 'type', schema, name }, said, noVariables))
}

/** The types that were declared when the manifest was last applied, whether copied or spelled out. */
export function lastTypes(ledger: Ledger): readonly CopiedType[] {
  return [...ledger.entries.values()].flatMap(({ id, declared }) => {
    if (id.kind !== 'type') return []
    const spec = declared as TypeSpec // the ledger keeps a kind's own specs
    return [{ schema: id.schema, name: id.name, stanza: asType(type.write(id, spec, noVariables)) }]
  })
}

/**
 * The tables that an import had when it was last applied, as they were declared then.
 * @param former what its server was called then, if it is renamed
 */
export function lastTables(
  ledger: Ledger,
  request: ImportRequest,
  former: string | undefined,
): Map<string, TableStanza> {
  const { schema, server, remoteSchema, limitTo, except } = request
  const tables = new Map<string, TableStanza>()
  for (const { id, declared } of ledger.entries.values()) {
    if (id.kind !== 'foreignTable' || id.schema !== schema) continue
    const spec = declared as ForeignTableSpec // the ledger keeps a kind's own specs
    if (spec.server !== server && spec.server !== former) continue
    if ((remoteSchemaOf(spec) ?? remoteSchema) !== remoteSchema) continue
    // Another import of the same schema may have it.
    if (except.includes(id.name) || limitTo?.includes(id.name) === false) continue
    tables.set(id.name, asTable(foreignTable.write(id, { ...spec, server }, noVariables)))
  }
  return tables
}

/** How wrappers write at a table from which schema of the source it is: postgres_fdw, mysql_fdw, and oracle_fdw and others. */
function remoteSchemaOf({ options }: ForeignTableSpec): string | undefined {
  return options.schema_name ?? options.dbname ?? options.schema
}

/** The indexes that views had when they were last applied, by view. */
export function lastIndexes(ledger: Ledger, schema: string): Map<string, Record<string, IndexStanza>> {
  const views = new Map<string, Record<string, IndexStanza>>()
  for (const { id, declared } of ledger.entries.values()) {
    if (id.kind !== 'index' || id.schema !== schema) continue
    const spec = declared as IndexSpec // the ledger keeps a kind's own specs
    // What is named in a declaration was given there, and the definition is what says so.
    const names = spec.columns.flatMap(({ collation, operatorClass }) => [collation, operatorClass])
    const definition = names.flatMap((name) => (name ? ident(name.name) : [])).join(' ')
    const stanza = asIndex(index.write(id, { ...spec, definition }, noVariables))
    views.set(spec.on.name, { ...views.get(spec.on.name), [id.name]: stanza })
  }
  return views
}

// What `write` writes the schema of manifests knows: the exporter's manifests are read again.
function asTable({ path, value }: Stanza): TableStanza {
  return normalizeExported(value, path) as TableStanza
}

function asType({ path, value }: Stanza): TypeStanza {
  return normalizeExported(value, path) as TypeStanza
}

function asIndex({ path, value }: Stanza): IndexStanza {
  return normalizeExported(value, path) as IndexStanza
}
