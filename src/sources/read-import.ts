// Reads the answer to one import request: tables, types and indexes, or only their state.

import type { Warning } from '../core/plan.ts'
import { ident, sql } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { ForeignTableSpec } from '../kinds/foreign-table/spec.ts'
import type { ImportRequest } from '../manifest/manifest.ts'
import type { PrimaryKeyStanza } from '../manifest/primary-key.ts'
import type { ImportAnswer, SourceFailure, SourceState } from './answers.ts'
import { chooseRelations, leftOutWarnings } from './choose-relations.ts'
import { collationWarnings, type OwnColumns, withCollations, withExistingCollations } from './column-collations.ts'
import { chooseExpressions, expressionWarnings, withExpressions } from './column-expressions.ts'
import { type Copied, copyTypes, nothingCopied } from './copy-types.ts'
import { isOn, unsupportedOptions } from './import-options.ts'
import { type ImportRun, importedState, importTables } from './import-tables.ts'
import { withTypesRenamed } from './index-definition.ts'
import { extensionsOfIndexes } from './index-extensions.ts'
import { missingTypes, whyNotImported } from './missing-types.ts'
import type { Reason } from './reasons.ts'
import {
  createRemoteCatalog,
  existingTables,
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
} from './remote-catalog.ts'
import { type RemoteTypes, remoteTypes } from './remote-types.ts'
import { stateOf } from './source-state.ts'
import {
  type ColumnOfTable,
  columnsOfTables,
  createTablesOfMovedTypes,
  tablesOfMovedTypes,
} from './tables-of-moved-types.ts'
import { withoutMissingCollations } from './type-collations.ts'
import { standInForTypes, withTypesAsText } from './types-as-text.ts'

export async function readImport(run: ImportRun, asked: ImportRequest): Promise<ImportAnswer | SourceFailure> {
  const { session, context, setup, scratch, server } = run
  const isPostgres = setup.isPostgresFdw
  if (isPostgres) await createCatalogSchema(run)
  const { request, leftOut } = await limitedToRelations(run, asked)
  const allNames = () => remoteTables(session, catalogSchema(run), request.remoteSchema)
  const names = async () => {
    if (request.limitTo) return request.limitTo
    if (!isPostgres) return undefined
    return (await allNames()).filter((name) => !request.except.includes(name))
  }
  const types = readsTypes(request) && isPostgres ? await typesOf(run, request) : undefined
  if (types?.clash) return clashing(types.clash)
  const asText = types && readsAsText(request) ? await standInForTypes(session, types.all) : new Map()
  const toCopy = request.copiesTypes && types?.all.filter(({ title }) => !asText.has(title))
  const copied = toCopy ? await copyTypes({ session, context, scratch: catalogSchema(run) }, toCopy) : nothingCopied
  const expressions = await chooseExpressions(run, await expressionsOf(run, request, types))
  const { columns: own, missing } = await ownColumns(run, request, types)
  const imported = await importTables(run, withoutTables(request, own), names)
  const { notices, withoutCollations, state } = imported
  const created = types ? await createTablesOfMovedTypes(run, request, own, types) : undefined
  const plain = new Map([...imported.tables, ...(created?.tables ?? [])])
  const failed = new Map([...imported.failed, ...(created?.failed ?? [])])
  const from = { catalog: catalogSchema(run), remoteSchema: request.remoteSchema }
  const collated = await withCollations(session, from, plain, withoutCollations)
  const typed = withTypesAsText(collated.tables, asText)
  const tables = withServer(await withExpressions(run, typed.tables, expressions), scratch, server)
  const lacksTables = asked.limitTo?.some((name) => !tables.has(name) && !failed.has(name)) ?? false
  const reasons = isPostgres && failed.size > 0 ? await explainFailures(run, request, failed, types, copied) : failed
  const indexes = await indexesOf(run, request, types)
  const primaryKeys = await primaryKeysOf(run, request)
  const columnNames =
    request.withColumnNames && isPostgres && failed.size > 0
      ? await remoteColumnNames(session, catalogSchema(run), request.remoteSchema, [...failed.keys()])
      : new Map()
  return {
    status: 'answered',
    tables,
    failed: reasons,
    kept: new Map(),
    notices,
    suggestions: isPostgres && lacksTables ? await allNames() : [],
    unknownExceptions: await unknownExceptions(run, asked),
    indexes,
    primaryKeys,
    copied,
    columnNames,
    identities: isPostgres
      ? await remoteIdentities(session, from.catalog, request.remoteSchema, [...tables.keys()])
      : new Map(),
    warnings: [
      ...(asked.mirrored ? leftOutWarnings(asked, leftOut, asked.mirrored) : []),
      ...collationWarnings([...collated.missing, ...missing]),
      ...typed.warnings,
      ...expressionWarnings(asked, tables, expressions),
      ...optionWarnings(run, asked),
    ],
    state:
      state === undefined || failed.size > 0
        ? undefined
        : stateOf({
            tables: state.state,
            own,
            collations: await collationsOf(run, request, withoutCollations.size > 0),
            types,
            indexes,
            primaryKeys,
            expressions: expressions.all,
            leftOut,
          }),
    areTypesBuiltIn: state?.areTypesBuiltIn === true && !types?.all.length,
  }
}

function readsTypes(request: ImportRequest): boolean {
  return request.copiesTypes || request.withColumnNames === true
}

/** A mirror copies columns as text if their types cannot exist here. So they are compared as text, too. */
function readsAsText({ mirrored, withColumnNames }: ImportRequest): boolean {
  return mirrored !== undefined || withColumnNames === true
}

export async function readImportState(run: ImportRun, asked: ImportRequest): Promise<SourceState> {
  if (run.setup.isPostgresFdw) await createCatalogSchema(run)
  const { request, leftOut } = await limitedToRelations(run, asked)
  const types = request.copiesTypes ? await typesOf(run, request) : undefined
  if (types && asked.mirrored) await standInForTypes(run.session, types.all)
  const { columns: own } = await ownColumns(run, request, types)
  const { state: tables, isWithoutCollations } = await importedState(run, withoutTables(request, own))
  if (tables === undefined) return { status: 'state', state: undefined }
  const collations = await collationsOf(run, request, isWithoutCollations)
  const [indexes, expressions] = [await indexesOf(run, request, types), await expressionsOf(run, request, types)]
  const primaryKeys = await primaryKeysOf(run, request)
  const content = { tables, own, collations, types, indexes, primaryKeys, expressions, leftOut }
  return { status: 'state', state: stateOf(content) }
}

/** The request of a mirror, with the list of relations that it copies: the choice is not left to the wrapper. */
async function limitedToRelations(
  run: ImportRun,
  request: ImportRequest,
): Promise<{ readonly request: ImportRequest; readonly leftOut: readonly RemoteRelation[] }> {
  const { mirrored, remoteSchema } = request
  if (!mirrored || request.limitTo || !run.setup.isPostgresFdw) return { request, leftOut: [] }
  const all = await remoteRelations(run.session, catalogSchema(run), remoteSchema)
  const { names, leftOut } = chooseRelations(all, request, mirrored)
  return { request: { ...request, limitTo: names, except: [] }, leftOut }
}

async function unknownExceptions(run: ImportRun, request: ImportRequest): Promise<readonly string[]> {
  const { except, remoteSchema } = request
  if (except.length === 0) return []
  if (run.setup.isPostgresFdw) {
    const existing = await existingTables(run.session, catalogSchema(run), remoteSchema, except)
    return except.filter((name) => !existing.has(name))
  }
  try {
    // A name that the source does not have is ignored.
    const { tables, failed } = await importTables(
      run,
      { ...request, except: [], limitTo: except },
      async () => undefined,
    )
    return except.filter((name) => !tables.has(name) && !failed.has(name))
  } catch (error) {
    // Tables may be excluded because they cannot be imported.
    if (!isDatabaseError(error) || run.session.isLost()) throw error
    return []
  }
}

async function createCatalogSchema(run: ImportRun): Promise<void> {
  await run.session.run(sql`CREATE SCHEMA ${ident(catalogSchema(run))}`)
  await createRemoteCatalog(run.session, catalogSchema(run), run.setup.name)
}

function catalogSchema({ scratch }: ImportRun): string {
  return `${scratch}_catalog`
}

async function indexesOf(
  run: ImportRun,
  { withIndexes, remoteSchema }: ImportRequest,
  types: RemoteTypes | undefined,
): Promise<readonly RemoteIndex[]> {
  if (!withIndexes || !run.setup.isPostgresFdw) return []
  const all = await remoteIndexes(run.session, catalogSchema(run), remoteSchema)
  const extensions = await extensionsOfIndexes(run.session, catalogSchema(run), remoteSchema)
  const rename = types?.rename ?? ((text) => text)
  return all.map((index) => ({
    ...index,
    definition: withTypesRenamed(index.definition, rename),
    extensions: extensions.get(index.name) ?? [],
  }))
}

async function primaryKeysOf(run: ImportRun, { withKeys, remoteSchema }: ImportRequest) {
  if (!withKeys || !run.setup.isPostgresFdw) return new Map<string, PrimaryKeyStanza>()
  return remotePrimaryKeys(run.session, catalogSchema(run), remoteSchema)
}

/** The columns of the tables that are created from the catalog of the source. */
async function ownColumns(run: ImportRun, request: ImportRequest, types: RemoteTypes | undefined): Promise<OwnColumns> {
  const own = await columnsOfTables(run.session, catalogSchema(run), request, tablesOfMovedTypes(request, types))
  return request.mirrored ? withExistingCollations(run.session, own) : { columns: own, missing: [] }
}

function withoutTables(request: ImportRequest, own: readonly ColumnOfTable[]): ImportRequest {
  if (own.length === 0) return request
  const names = new Set(own.map(({ table }) => table))
  return { ...request, limitTo: request.limitTo?.filter((name) => !names.has(name)) }
}

function clashing(clash: string): SourceFailure {
  const hint =
    'Exclude the tables with one of them, or declare the type below "types" of its schema, without types_schema.'
  return { status: 'rejected', key: 'types_schema', reason: clash, hint }
}

/** The collations, which the state lacks of tables that were imported without them. */
function collationsOf(run: ImportRun, { remoteSchema, limitTo = [] }: ImportRequest, isWithout: boolean) {
  return isWithout ? remoteCollations(run.session, catalogSchema(run), remoteSchema, limitTo) : Promise.resolve([])
}

/** The requested expressions. */
async function expressionsOf(
  run: ImportRun,
  request: ImportRequest,
  types: RemoteTypes | undefined,
): Promise<readonly RemoteExpression[]> {
  const { remoteSchema, limitTo, except } = request
  const [defaults, generated] = [isOn(request, 'import_default'), isOn(request, 'import_generated')]
  if (!run.setup.isPostgresFdw || !(defaults || generated)) return []
  const from = { catalog: catalogSchema(run), server: run.setup.name }
  const all = await remoteExpressions(run.session, from, remoteSchema, { defaults, generated })
  const requested = all.filter(({ table }) => (limitTo ? limitTo.includes(table) : !except.includes(table)))
  return types ? requested.map((each) => ({ ...each, text: types.rename(each.text) })) : requested
}

/** Warnings about options that would import the text of expressions which only the wrapper sees. */
function optionWarnings({ setup, server }: ImportRun, request: ImportRequest): readonly Warning[] {
  return unsupportedOptions(request, setup).map((option) => ({
    code: 'source/expression',
    message: `server ${ident(server)}: ${option} is ignored, because the expressions that ${setup.wrapper} imports cannot be checked. Declare them in the manifest.`,
  }))
}

/** Lists all types that a failed table lacks, where the server's error names only the first. */
async function explainFailures(
  run: ImportRun,
  request: ImportRequest,
  failed: ReadonlyMap<string, Reason>,
  types: RemoteTypes | undefined,
  copied: Copied,
): Promise<ReadonlyMap<string, Reason>> {
  const { all, ofTables } = types ?? (await typesOf(run, request))
  const missing = await missingTypes(run.session, all)
  return new Map(
    Array.from(failed, ([name, reason]) => [
      name,
      whyNotImported(ofTables.get(name) ?? [], missing, copied.failed, request.copiesTypes) ?? reason,
    ]),
  )
}

/** The types of the requested tables. */
async function typesOf(run: ImportRun, request: ImportRequest): Promise<RemoteTypes> {
  const { remoteSchema, limitTo, except, typesSchema } = request
  const isRequested = (table: string) => (limitTo ? limitTo.includes(table) : !except.includes(table))
  const types = await remoteTypes(run.session, catalogSchema(run), remoteSchema, isRequested, typesSchema)
  return readsAsText(request) ? { ...types, all: await withoutMissingCollations(run.session, types.all) } : types
}

/** The tables with the declared server in place of the stand-in that was asked. */
function withServer(tables: ReadonlyMap<string, ForeignTableSpec>, scratch: string, server: string) {
  return new Map(
    Array.from(tables, ([name, spec]) => [name, spec.server === scratch ? { ...spec, server } : spec] as const),
  )
}
