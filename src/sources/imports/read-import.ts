// Reads the answer to one import request: tables, types and indexes, or only their state.

import type { Warning } from '../../core/plan.ts'
import { ident } from '../../core/sql.ts'
import { isDatabaseError } from '../../db/database-error.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import type { ImportRequest } from '../../manifest/manifest.ts'
import type { Reason } from '../reasons.ts'
import { existingTables, type RemoteExpression } from '../remote-catalog.ts'
import { stateOf } from '../source-state.ts'
import { type Copied, copyTypes, nothingCopied } from '../types/copy-types.ts'
import { missingTypes, whyNotImported } from '../types/missing-types.ts'
import { type ColumnOfTable, createTablesOfMovedTypes } from '../types/tables-of-moved-types.ts'
import { standInForTypes, type TypesAsText, withTypesAsText } from '../types/types-as-text.ts'
import type { ImportAnswer, SourceFailure, SourceState } from './answers.ts'
import {
  collationsOf,
  columnNamesOf,
  expressionsOf,
  identitiesOf,
  indexesOf,
  ownColumnsOf,
  primaryKeysOf,
  type RequestRun,
  readsAsText,
  startRequest,
  tablesOf,
  typesOf,
} from './catalog-reads.ts'
import { leftOutWarnings } from './choose-relations.ts'
import { collationWarnings, withCollations } from './column-collations.ts'
import { chooseExpressions, expressionWarnings, withExpressions } from './column-expressions.ts'
import { unsupportedOptions } from './import-options.ts'
import { type Imported, type ImportRun, importedState, importTables } from './import-tables.ts'

export async function readImport(session: ImportRun, asked: ImportRequest): Promise<ImportAnswer | SourceFailure> {
  const run = await startRequest(session, asked)
  const { request, leftOut, types } = run
  if (types?.clash) return clashing(types.clash)
  const { asText, copied } = await createTypes(run)
  const read = await readTables(run, asText)
  const { tables } = read
  const failed = await explainFailures(run, read.failed, copied)
  const [indexes, primaryKeys] = [await indexesOf(run), await primaryKeysOf(run)]
  const { own, expressions, isWithoutCollations } = read
  const content = { own, types, indexes, primaryKeys, expressions, leftOut }
  return {
    status: 'answered',
    tables,
    failed,
    kept: new Map(),
    notices: read.notices,
    suggestions: await suggestionsFor(run, [...tables.keys(), ...failed.keys()]),
    unknownExceptions: await unknownExceptions(run),
    indexes,
    primaryKeys,
    copied,
    columnNames: await columnNamesOf(run, failed),
    identities: await identitiesOf(run, [...tables.keys(), ...failed.keys()]),
    warnings: [
      ...(request.mirrored ? leftOutWarnings(asked, leftOut, request.mirrored) : []),
      ...read.warnings,
      ...optionWarnings(run),
    ],
    state:
      read.state &&
      stateOf({ ...content, tables: read.state.state, collations: isWithoutCollations ? await collationsOf(run) : [] }),
    areTypesBuiltIn: read.state?.areTypesBuiltIn === true && !types?.all.length,
  }
}

export async function readImportState(session: ImportRun, asked: ImportRequest): Promise<SourceState> {
  const run = await startRequest(session, asked)
  const { request, leftOut, types } = run
  await standInTypes(run)
  const { columns: own } = await ownColumnsOf(run)
  const { state: tables, isWithoutCollations } = await importedState(run, withoutTables(request, own))
  if (tables === undefined) return { status: 'state', state: undefined }
  const collations = isWithoutCollations ? await collationsOf(run) : []
  const [indexes, expressions] = [await indexesOf(run), await expressionsOf(run)]
  const primaryKeys = await primaryKeysOf(run)
  const content = { tables, own, collations, types, indexes, primaryKeys, expressions, leftOut }
  return { status: 'state', state: stateOf(content) }
}

function clashing(clash: string): SourceFailure {
  const hint =
    'Exclude the tables with one of them, or declare the type below "types" of its schema, without types_schema.'
  return { status: 'rejected', key: 'types_schema', reason: clash, hint }
}

/** Creates the types that tables need, until the transaction is rolled back: as at the source, or stand-ins. */
async function createTypes(run: RequestRun): Promise<{ readonly asText: TypesAsText; readonly copied: Copied }> {
  const { session, context, request, types, catalog } = run
  const asText = await standInTypes(run)
  if (!request.copiesTypes || !types) return { asText, copied: nothingCopied }
  const toCopy = types.all.filter(({ title }) => !asText.has(title))
  return { asText, copied: await copyTypes({ session, context, scratch: catalog }, toCopy) }
}

async function standInTypes({ session, request, types }: RequestRun): Promise<TypesAsText> {
  return types && readsAsText(request) ? standInForTypes(session, types.all) : new Map()
}

interface ReadTables extends Pick<Imported, 'tables' | 'failed' | 'notices' | 'state'> {
  readonly warnings: readonly Warning[]
  /** What their state is also derived from. */
  readonly own: readonly ColumnOfTable[]
  readonly expressions: readonly RemoteExpression[]
  readonly isWithoutCollations: boolean
}

/** Imports the tables, and adds to them what the import leaves out. */
async function readTables(run: RequestRun, asText: TypesAsText): Promise<ReadTables> {
  const { session, catalog, asked, request } = run
  const expressions = await chooseExpressions(run, await expressionsOf(run))
  const own = await ownColumnsOf(run)
  const imported = await importOrCreate(run, own.columns)
  const { withoutCollations } = imported
  const from = { catalog, remoteSchema: request.remoteSchema }
  const collated = await withCollations(session, from, imported.tables, withoutCollations)
  const typed = withTypesAsText(collated.tables, asText)
  const tables = withServer(run, await withExpressions(run, typed.tables, expressions))
  return {
    ...imported,
    tables,
    warnings: [
      ...collationWarnings([...collated.missing, ...own.missing]),
      ...typed.warnings,
      ...expressionWarnings(asked, tables, expressions),
    ],
    own: own.columns,
    expressions: expressions.all,
    isWithoutCollations: withoutCollations.size > 0,
  }
}

/** Imports the tables, except those whose columns are given, which it creates. */
async function importOrCreate(run: RequestRun, own: readonly ColumnOfTable[]): Promise<Imported> {
  const { setup, request, types } = run
  const imported = await importTables(run, withoutTables(request, own), async () => {
    if (request.limitTo || !setup.isPostgresFdw) return request.limitTo
    return (await tablesOf(run)).filter((name) => !request.except.includes(name))
  })
  if (!types || own.length === 0) return imported
  const created = await createTablesOfMovedTypes(run, request, own, types)
  return {
    ...imported,
    tables: new Map([...imported.tables, ...created.tables]),
    failed: new Map([...imported.failed, ...created.failed]),
    state: created.failed.size > 0 ? undefined : imported.state,
  }
}

function withoutTables(request: ImportRequest, own: readonly ColumnOfTable[]): ImportRequest {
  if (own.length === 0) return request
  const names = new Set(own.map(({ table }) => table))
  return { ...request, limitTo: request.limitTo?.filter((name) => !names.has(name)) }
}

/** The tables with the declared server in place of the stand-in that was asked. */
function withServer({ scratch, server }: RequestRun, tables: ReadonlyMap<string, ForeignTableSpec>) {
  return new Map(
    Array.from(tables, ([name, spec]) => [name, spec.server === scratch ? { ...spec, server } : spec] as const),
  )
}

/** Lists all types that a failed table lacks, where the server's error names only the first. */
async function explainFailures(
  run: RequestRun,
  failed: ReadonlyMap<string, Reason>,
  copied: Copied,
): Promise<ReadonlyMap<string, Reason>> {
  if (!run.setup.isPostgresFdw || failed.size === 0) return failed
  const { all, ofTables } = run.types ?? (await typesOf(run))
  const missing = await missingTypes(run.session, all)
  return new Map(
    Array.from(failed, ([name, reason]) => [
      name,
      whyNotImported(ofTables.get(name) ?? [], missing, copied.failed, run.request.copiesTypes) ?? reason,
    ]),
  )
}

/** The tables of the source, if a requested one does not exist there. */
async function suggestionsFor(run: RequestRun, found: readonly string[]): Promise<readonly string[]> {
  const isComplete = run.asked.limitTo?.every((name) => found.includes(name)) ?? true
  return isComplete ? [] : tablesOf(run)
}

async function unknownExceptions(run: RequestRun): Promise<readonly string[]> {
  const { session, setup, catalog, asked } = run
  const { except, remoteSchema } = asked
  if (except.length === 0) return []
  if (setup.isPostgresFdw) {
    const existing = await existingTables(session, catalog, remoteSchema, except)
    return except.filter((name) => !existing.has(name))
  }
  try {
    // A name that the source does not have is ignored.
    const all = { ...asked, except: [], limitTo: except }
    const { tables, failed } = await importTables(run, all, async () => undefined)
    return except.filter((name) => !tables.has(name) && !failed.has(name))
  } catch (error) {
    // Tables may be excluded because they cannot be imported.
    if (!isDatabaseError(error) || session.isLost()) throw error
    return []
  }
}

/** Warnings about options that would import the text of expressions which only the wrapper sees. */
function optionWarnings({ setup, server, asked }: RequestRun): readonly Warning[] {
  return unsupportedOptions(asked, setup).map((option) => ({
    code: 'source/expression',
    message: `server ${ident(server)}: ${option} is ignored, because the expressions that ${setup.wrapper} imports cannot be checked. Declare them in the manifest.`,
  }))
}
