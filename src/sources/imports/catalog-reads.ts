// What is read from the catalog of a source to answer one request, beside what IMPORT FOREIGN SCHEMA imports. Only a PostgreSQL
// server has such a catalog: of any other source, all of it is empty.

import { ident, sql } from '../../core/sql.ts'
import type { TableIdentity } from '../../manifest/expansion/imports.ts'
import type { ImportRequest } from '../../manifest/manifest.ts'
import type { PrimaryKeyStanza } from '../../manifest/primary-key.ts'
import { withTypesRenamed } from '../indexes/index-definition.ts'
import { extensionsOfIndexes } from '../indexes/index-extensions.ts'
import type { Reason } from '../reasons.ts'
import {
  createRemoteCatalog,
  type RemoteExpression,
  type RemoteIndex,
  type RemoteRelation,
  remoteCollations,
  remoteColumnNames,
  remoteExpressions,
  remoteIdentities,
  remoteIndexes,
  remotePrimaryKeys,
  remoteRelations,
  remoteTables,
} from '../remote-catalog.ts'
import { type RemoteTypes, remoteTypes } from '../types/remote-types.ts'
import { columnsOfTables, tablesOfMovedTypes } from '../types/tables-of-moved-types.ts'
import { withoutMissingCollations } from '../types/type-collations.ts'
import { chooseRelations } from './choose-relations.ts'
import { type OwnColumns, withExistingCollations } from './column-collations.ts'
import { isOn } from './import-options.ts'
import type { ImportRun } from './import-tables.ts'

/** A session that answers one request. */
export interface RequestRun extends ImportRun {
  /** The request of the import or mirror. */
  readonly asked: ImportRequest
  /** For a mirror, with the list of relations that are copied: that choice is not left to the wrapper. */
  readonly request: ImportRequest
  /** The relations that a mirror leaves out. */
  readonly leftOut: readonly RemoteRelation[]
  /** The types of the requested tables, if the answer depends on them. */
  readonly types: RemoteTypes | undefined
  /** The scratch schema with foreign tables for the catalog of the source. It exists only for a PostgreSQL server. */
  readonly catalog: string
}

export async function startRequest(run: ImportRun, asked: ImportRequest): Promise<RequestRun> {
  const catalog = `${run.scratch}_catalog`
  const started: RequestRun = { ...run, asked, request: asked, leftOut: [], types: undefined, catalog }
  if (!run.setup.isPostgresFdw) return started
  await run.session.run(sql`CREATE SCHEMA ${ident(catalog)}`)
  await createRemoteCatalog(run.session, catalog, run.setup.name)
  const limited = { ...started, ...(await limitedToRelations(started)) }
  const readsTypes = asked.copiesTypes || asked.withColumnNames === true
  return readsTypes ? { ...limited, types: await typesOf(limited) } : limited
}

/** The list of relations to copy, and of those that are left out. */
async function limitedToRelations(run: RequestRun): Promise<Pick<RequestRun, 'request' | 'leftOut'>> {
  const { session, asked, catalog } = run
  if (!asked.mirrored || asked.limitTo) return { request: asked, leftOut: [] }
  const all = await remoteRelations(session, catalog, asked.remoteSchema)
  const { names, leftOut } = chooseRelations(all, asked, asked.mirrored)
  return { request: { ...asked, limitTo: names, except: [] }, leftOut }
}

/** The types of the requested tables. */
export async function typesOf({ session, catalog, request }: RequestRun): Promise<RemoteTypes> {
  const { remoteSchema, typesSchema } = request
  const types = await remoteTypes(session, catalog, remoteSchema, (table) => isRequested(request, table), typesSchema)
  return readsAsText(request) ? { ...types, all: await withoutMissingCollations(session, types.all) } : types
}

function isRequested({ limitTo, except }: ImportRequest, table: string): boolean {
  return limitTo ? limitTo.includes(table) : !except.includes(table)
}

/** A mirror copies columns as text if their types cannot exist here. So they are compared as text, too. */
export function readsAsText({ mirrored, withColumnNames }: ImportRequest): boolean {
  return mirrored !== undefined || withColumnNames === true
}

/** The tables of the source's schema. */
export async function tablesOf({ session, setup, catalog, request }: RequestRun): Promise<readonly string[]> {
  return setup.isPostgresFdw ? remoteTables(session, catalog, request.remoteSchema) : []
}

/** The columns of the tables that are created from the catalog of the source. */
export async function ownColumnsOf({ session, catalog, request, types }: RequestRun): Promise<OwnColumns> {
  const own = await columnsOfTables(session, catalog, request, tablesOfMovedTypes(request, types))
  return request.mirrored ? withExistingCollations(session, own) : { columns: own, missing: [] }
}

/** The collations of the requested columns. */
export async function collationsOf({ session, catalog, request }: RequestRun) {
  return remoteCollations(session, catalog, request.remoteSchema, request.limitTo ?? [])
}

/** The requested expressions. */
export async function expressionsOf(run: RequestRun): Promise<readonly RemoteExpression[]> {
  const { session, setup, catalog, request, types } = run
  const [defaults, generated] = [isOn(request, 'import_default'), isOn(request, 'import_generated')]
  if (!setup.isPostgresFdw || !(defaults || generated)) return []
  const from = { catalog, server: setup.name }
  const all = await remoteExpressions(session, from, request.remoteSchema, { defaults, generated })
  const requested = all.filter(({ table }) => isRequested(request, table))
  return types ? requested.map((each) => ({ ...each, text: types.rename(each.text) })) : requested
}

export async function indexesOf(run: RequestRun): Promise<readonly RemoteIndex[]> {
  const { session, setup, catalog, request, types } = run
  const { withIndexes, remoteSchema } = request
  if (!withIndexes || !setup.isPostgresFdw) return []
  const all = await remoteIndexes(session, catalog, remoteSchema)
  const extensions = await extensionsOfIndexes(session, catalog, remoteSchema)
  const rename = types?.rename ?? ((text) => text)
  return all.map((index) => ({
    ...index,
    definition: withTypesRenamed(index.definition, rename),
    extensions: extensions.get(index.name) ?? [],
  }))
}

export async function primaryKeysOf(run: RequestRun): Promise<ReadonlyMap<string, PrimaryKeyStanza>> {
  const { session, setup, catalog, request } = run
  return request.withKeys && setup.isPostgresFdw ? remotePrimaryKeys(session, catalog, request.remoteSchema) : new Map()
}

export async function identitiesOf(
  { session, setup, catalog, request }: RequestRun,
  tables: readonly string[],
): Promise<ReadonlyMap<string, TableIdentity>> {
  if (!setup.isPostgresFdw) return new Map()
  return remoteIdentities(session, catalog, request.remoteSchema, tables)
}

/** The column names of tables that cannot be imported, if they were requested. */
export async function columnNamesOf(
  { session, setup, catalog, request }: RequestRun,
  failed: ReadonlyMap<string, Reason>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (!request.withColumnNames || !setup.isPostgresFdw || failed.size === 0) return new Map()
  return remoteColumnNames(session, catalog, request.remoteSchema, [...failed.keys()])
}
