// What a source or the ledger has, as stanzas of a manifest: see manifest/expansion.

import type { IdOf, KindName } from '../../core/object.ts'
import { ident } from '../../core/sql.ts'
import { withoutAccess } from '../../kinds/facets/access.ts'
import { plainOption, record } from '../../kinds/facets/options.ts'
import { noVariables, type Stanza } from '../../kinds/facets/stanza.ts'
import { foreignTable } from '../../kinds/foreign-table/foreign-table.ts'
import { secretsIn, withPlainOptions } from '../../kinds/foreign-table/secrets.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import { index } from '../../kinds/index/index-kind.ts'
import type { IndexSpec } from '../../kinds/index/spec.ts'
import { asKind } from '../../kinds/specs.ts'
import { type TypeSpec, type } from '../../kinds/type/type.ts'
import type { Ledger } from '../../ledger/read.ts'
import type { CopiedType, IndexStanza, TableStanza, TypeStanza } from '../../manifest/expansion/imports.ts'
import type { ImportRequest } from '../../manifest/manifest.ts'
import { type PrimaryKeyStanza, stanzaOfKey } from '../../manifest/primary-key.ts'
import { normalizeExported } from '../../manifest/yaml/from-export.ts'

/** An imported table. It leaves open what comes from no source: owner, grants and comment. */
export function tableStanza(schema: string, name: string, spec: ForeignTableSpec): TableStanza {
  const imported = { ...withoutAccess(spec), comment: undefined }
  return writtenTable({ kind: 'foreignTable', schema, name }, imported)
}

export function indexStanza(schema: string, name: string, spec: IndexSpec): IndexStanza {
  return asIndex(index.write({ kind: 'index', schema, name }, spec, noVariables))
}

/** A type of a source. Like a table, it leaves open what comes from no source: owner, grants and comments. */
export function typeStanza(schema: string, name: string, spec: TypeSpec): TypeStanza {
  const withoutComments = <Part>(parts: Readonly<Record<string, Part>>) =>
    record(Object.entries(parts).map(([key, part]) => [key, { ...part, comment: undefined }]))
  const copied = {
    ...withoutAccess(spec),
    checks: withoutComments(spec.checks),
    attributes: withoutComments(spec.attributes),
    comment: undefined,
  }
  const { grants: _, ...stanza } = asType(type.write({ kind: 'type', schema, name }, copied, noVariables))
  return stanza
}

/** All types that were last applied, whether copied or declared by the manifest. */
export function lastTypes(ledger: Ledger): readonly CopiedType[] {
  return lastApplied(ledger, 'type').map(({ id, spec }) => ({
    schema: id.schema,
    name: id.name,
    stanza: asType(type.write(id, spec, noVariables)),
  }))
}

/** The objects of a kind as they were last declared. */
function lastApplied<K extends KindName>(ledger: Ledger, kind: K) {
  const objects = Array.from(ledger.entries.values(), ({ id, declared }) => ({ id, spec: declared }))
  return objects.flatMap((object) => asKind(object, kind) ?? [])
}

/**
 * The tables of an import as they were last applied.
 * @param former the former name of its server, if it was renamed
 */
export function lastTables(
  ledger: Ledger,
  request: ImportRequest,
  former: string | undefined,
): Map<string, TableStanza> {
  const { schema, server, remoteSchema, limitTo, except } = request
  const tables = new Map<string, TableStanza>()
  for (const { id, spec } of lastApplied(ledger, 'foreignTable')) {
    if (id.schema !== schema) continue
    if (spec.server !== server && spec.server !== former) continue
    if ((remoteSchemaOf(spec) ?? remoteSchema) !== remoteSchema) continue
    // The table may belong to another import of the same schema.
    if (except.includes(id.name) || limitTo?.includes(id.name) === false) continue
    tables.set(id.name, writtenTable(id, { ...spec, server }))
  }
  return tables
}

/** Unlike an export, this needs the values and not variables. The ledger has no secrets: those of the manifest are added later. */
function writtenTable(id: IdOf<'foreignTable'>, spec: ForeignTableSpec): TableStanza {
  const table = asTable(foreignTable.write(id, withPlainOptions(spec), noVariables))
  const secrets = secretsIn(spec.options)
  const columns = Object.entries(table.columns ?? {}).map(([name, column]) => {
    const own = secretsIn(spec.columns[name]?.options ?? {})
    if (Object.keys(own).length === 0) return [name, column] as const
    const full = typeof column === 'string' ? { type: column } : column
    return [name, { ...full, options: { ...full.options, ...own } }] as const
  })
  return {
    ...table,
    ...(Object.keys(secrets).length > 0 ? { options: { ...table.options, ...secrets } } : {}),
    ...(columns.length > 0 ? { columns: record(columns) } : {}),
  }
}

/** The option for a table's remote schema: of postgres_fdw, of mysql_fdw, and of oracle_fdw and others. */
function remoteSchemaOf({ options }: ForeignTableSpec): string | undefined {
  const [found] = ['schema_name', 'dbname', 'schema'].flatMap((name) => plainOption(options, name) ?? [])
  return found
}

/** The primary keys of tables as they were last applied, by table. */
export function lastPrimaryKeys(ledger: Ledger, schema: string): ReadonlyMap<string, PrimaryKeyStanza> {
  const keys = lastApplied(ledger, 'table').flatMap(({ id, spec: { primaryKey } }) =>
    id.schema === schema && primaryKey ? [[id.name, stanzaOfKey(primaryKey)] as const] : [],
  )
  return new Map(keys)
}

/** The indexes of copies as they were last applied, by copy. */
export function lastIndexes(ledger: Ledger, schema: string): Map<string, Record<string, IndexStanza>> {
  const copies = new Map<string, Record<string, IndexStanza>>()
  for (const { id, spec } of lastApplied(ledger, 'index')) {
    if (id.schema !== schema) continue
    // `write` includes a collation or an operator class only if the definition mentions it. A declaration has only those that were
    // given.
    const names = spec.columns.flatMap(({ collation, operatorClass }) => [collation, operatorClass])
    const definition = names.flatMap((name) => (name ? ident(name.name) : [])).join(' ')
    const stanza = asIndex(index.write(id, { ...spec, definition }, noVariables))
    copies.set(spec.on.name, { ...copies.get(spec.on.name), [id.name]: stanza })
  }
  return copies
}

// `write` returns what the schema of manifests allows, since an exported manifest must be valid.
function asTable({ path, value }: Stanza): TableStanza {
  return normalizeExported(value, path) as TableStanza
}

function asType({ path, value }: Stanza): TypeStanza {
  return normalizeExported(value, path) as TypeStanza
}

function asIndex({ path, value }: Stanza): IndexStanza {
  return normalizeExported(value, path) as IndexStanza
}
