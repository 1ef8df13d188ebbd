// Reads what one import request is answered with: tables, types and indexes, or only their state.

import { ident, sql } from '../core/sql.ts'
import type { ForeignTableSpec } from '../kinds/foreign-table/spec.ts'
import type { ImportRequest } from '../manifest/manifest.ts'
import type { ImportAnswer, SourceState } from './answers.ts'
import { type Copied, copyTypes, nothingCopied } from './copy-types.ts'
import { type ImportRun, importedState, importTables } from './import-tables.ts'
import { missingTypes, whyNotImported } from './missing-types.ts'
import type { Reason } from './reasons.ts'
import {
  createRemoteCatalog,
  type RemoteIndex,
  remoteColumnNames,
  remoteIndexes,
  remoteTables,
} from './remote-catalog.ts'
import { type RemoteTypes, remoteTypes } from './remote-types.ts'
import { stateOf } from './source-state.ts'

export const emptyAnswer: ImportAnswer = {
  status: 'answered',
  tables: new Map(),
  failed: new Map(),
  indexes: [],
  copied: nothingCopied,
  columnNames: new Map(),
  state: 'nothing',
}

export async function readImport(run: ImportRun, request: ImportRequest): Promise<ImportAnswer> {
  const { session, context, setup, scratch, server } = run
  const isPostgres = setup.wrapper === 'postgres_fdw'
  const names = async () => {
    if (request.limitTo) return request.limitTo
    if (!isPostgres) return undefined
    const all = await remoteTables(session, catalogSchema(run), request.remoteSchema)
    return all.filter((name) => !request.except.includes(name))
  }
  if (isPostgres) await createCatalogSchema(run)
  const types = request.copiesTypes ? await typesOf(run, request) : undefined
  const copied = types ? await copyTypes({ session, context, scratch: catalogSchema(run) }, types.all) : nothingCopied
  const { tables, failed, state } = await importTables(run, request, names)
  const reasons = isPostgres && failed.size > 0 ? await explainFailures(run, request, failed, types, copied) : failed
  const indexes = await indexesOf(run, request)
  const columnNames =
    request.withColumnNames && isPostgres && failed.size > 0
      ? await remoteColumnNames(session, catalogSchema(run), request.remoteSchema, [...failed.keys()])
      : new Map()
  return {
    status: 'answered',
    tables: withServer(tables, scratch, server),
    failed: reasons,
    indexes,
    copied,
    columnNames,
    state: state === undefined ? undefined : stateOf({ tables: state, types, indexes }),
  }
}

export async function readImportState(run: ImportRun, request: ImportRequest): Promise<SourceState> {
  const isPostgres = run.setup.wrapper === 'postgres_fdw'
  if (isPostgres && (request.copiesTypes || request.withIndexes)) await createCatalogSchema(run)
  const types = request.copiesTypes ? await typesOf(run, request) : undefined
  const tables = await importedState(run, request)
  if (tables === undefined) return { status: 'state', state: undefined }
  return { status: 'state', state: stateOf({ tables, types, indexes: await indexesOf(run, request) }) }
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
): Promise<readonly RemoteIndex[]> {
  const isRead = withIndexes && run.setup.wrapper === 'postgres_fdw'
  return isRead ? remoteIndexes(run.session, catalogSchema(run), remoteSchema) : []
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
async function typesOf(run: ImportRun, { remoteSchema, limitTo, except }: ImportRequest): Promise<RemoteTypes> {
  const isRequested = (table: string) => (limitTo ? limitTo.includes(table) : !except.includes(table))
  return remoteTypes(run.session, catalogSchema(run), remoteSchema, isRequested)
}

/** The declared server, where a stand-in was asked in its place. */
function withServer(tables: ReadonlyMap<string, ForeignTableSpec>, scratch: string, server: string) {
  return new Map(
    Array.from(tables, ([name, spec]) => [name, spec.server === scratch ? { ...spec, server } : spec] as const),
  )
}
