import { canonicalJson, groupBy, uniqueBy } from '../core/data.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Refusal, Undetermined, Warning } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import type { RunDigests } from '../introspector/digests.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import type { ForeignTableSpec } from '../kinds/foreign-table/foreign-table.ts'
import { declaredKinds } from '../kinds/registry.ts'
import { readLedger } from '../ledger/read.ts'
import { expandManifest, type ResolvedManifest, throwIfAny } from '../manifest/expansion/expand.ts'
import { addImports, type IndexStanza, indexCopyProblems } from '../manifest/expansion/imports.ts'
import { type Locked, lockedResolutions, mirrorOf } from '../manifest/expansion/lock.ts'
import type { ImportRequest, Manifest, ParsedManifest } from '../manifest/manifest.ts'
import { type Answers, freshTables, requestErrors, unknownTables } from './answers.ts'
import {
  type Answer,
  type AskOptions,
  askSource,
  askSourceState,
  type SourceFailure,
  type SourceState,
} from './ask-source.ts'
import { type IndexesToRecreate, recreateIndexes } from './recreate-indexes.ts'
import { type ResolvedImport, resolveImport, withKeptTypes, withoutTypesOfOtherManifests } from './resolve-import.ts'
import { isServerPrerequisite, type ServerContext, wrapperOf } from './server-setup.ts'
import { digestOf } from './source-state.ts'
import { lastIndexes } from './stanzas.ts'

/** How sources are asked. */
export interface SourceAccess extends Pick<AskOptions, 'connect' | 'timeoutMilliseconds' | 'mayExpose'> {
  /** What servers have answered that could not be asked a moment ago: they are not waited for once more. */
  readonly unanswered?: ReadonlyMap<string, SourceFailure>
}

/** A resolved manifest, and what to report about how it was resolved. */
export interface ResolvedImports extends ResolvedManifest {
  readonly undetermined: readonly Undetermined[]
  readonly refusals: readonly Refusal[]
  readonly warnings: readonly Warning[]
  /** The foreign tables that are as a source has them now. */
  readonly fresh: ReadonlySet<Key>
  /** A digest of all that the sources have said, if they said it of all that is imported. */
  readonly sourceState: string | undefined
}

/**
 * Spells out what a manifest imports and mirrors, as the sources have it now. Of a source that can't be asked, or without
 * `sources`, what was applied last is kept. What a lock has is taken from there.
 * @throws FdwsyncError if a source does not have what the manifest names.
 */
export async function resolveImports(
  session: Session,
  parsed: ParsedManifest,
  digests: RunDigests,
  sources: SourceAccess | undefined,
): Promise<ResolvedImports> {
  const { lock, requests } = parsed
  if (lock) return resolveFromLock({ ...parsed, lock })
  if (requests.length === 0) return { ...nothingToReport, ...expandManifest(parsed, []) }
  const context = await readServerContext(session, parsed.manifest, requests, digests)
  throwIfAny(
    parsed,
    requests.flatMap((request) => indexCopyProblems(request, wrapperOf(context, request.server) ?? 'postgres_fdw')),
  )
  const answers = await askSources(session, context, requests, sources)
  throwIfAny(
    parsed,
    requests.flatMap((request) => requestErrors(request, answers.get(request))),
  )
  const all = withKeptTypes(
    requests.map((request) => resolveImport(request, answers.get(request), context, parsed.manifest)),
  )
  const grown = await contextWithTypes(session, context, parsed, all)
  const resolved = withoutTypesOfOtherManifests(all, grown.ledger)
  // Whether others keep a type is for the ledger to say, not for the sources.
  const isOwn = resolved.every(({ types }, at) => types.length === all[at]?.types.length)
  const copied = await copiedIndexes(session, grown, parsed.manifest, resolved, answers)
  return {
    ...expandManifest(
      parsed,
      resolved.map((each) => ({ ...each, indexes: copied.indexes.get(each) ?? new Map() })),
    ),
    fresh: freshTables(parsed.manifest, answers),
    sourceState: isOwn ? sourceStateOf(requests.map((request) => answers.get(request))) : undefined,
    undetermined: distinct(resolved.flatMap(({ undetermined }) => undetermined)),
    refusals: resolved.flatMap(({ refusals }) => refusals),
    warnings: distinct([...resolved.flatMap(({ warnings }) => warnings), ...copied.warnings]),
  }
}

function resolveFromLock(parsed: ParsedManifest & Locked): ResolvedImports {
  const resolutions = lockedResolutions(parsed)
  throwIfAny(
    parsed,
    resolutions.flatMap(({ request, tables }) => unknownTables(request, (name) => tables.has(name))),
  )
  const all = resolutions.map((each) => ({ ...each, isComplete: true }))
  return { ...nothingToReport, ...expandManifest(parsed, all) }
}

const nothingToReport: Omit<ResolvedImports, keyof ResolvedManifest> = {
  undetermined: [],
  refusals: [],
  warnings: [],
  fresh: new Set(),
  sourceState: undefined,
}

/**
 * Asks the sources of a manifest whether they still say what they said: a digest of that, as in {@link ResolvedImports}; undefined
 * if it can't be had.
 */
export async function readSourceState(
  session: Session,
  { manifest, requests }: ParsedManifest,
  digests: RunDigests,
  sources: SourceAccess,
): Promise<{ readonly state: string | undefined; readonly unanswered: ReadonlyMap<string, SourceFailure> }> {
  const context = await readServerContext(session, manifest, requests, digests)
  const asking = { context, user: session.user, serverVersion: session.serverVersion, ...sources }
  const answers = await ofEachServer(requests, (server, own) => askSourceState(asking, server, own))
  const unknown = Array.from(answers, ([{ server }, answer]): readonly (readonly [string, SourceFailure])[] =>
    answer.status === 'unknown' ? [[server, answer]] : [],
  )
  return {
    state: sourceStateOf(requests.map((request) => answers.get(request))),
    unanswered: new Map(unknown.flat()),
  }
}

function sourceStateOf(answers: readonly (Answer | SourceState | undefined)[]): string | undefined {
  const states = answers.map((answer) => (answer && 'state' in answer ? answer.state : undefined))
  return states.includes(undefined) ? undefined : digestOf(states)
}

/** Two imports may say the same of a type. */
function distinct<Item>(all: readonly Item[]): readonly Item[] {
  return uniqueBy(all, canonicalJson)
}

export async function readServerContext(
  session: Session,
  manifest: Manifest,
  requests: readonly ImportRequest[],
  digests: RunDigests,
): Promise<ServerContext> {
  const declared = declaredKinds
    .flatMap((kind) => kind.declare(manifest, digests))
    .filter(({ id }) => isServerPrerequisite(id))
  const servers = requests.map(({ server }) => ({ kind: 'server', name: server }) as const)
  const ids = new Map([...declared.map(({ id }) => id), ...servers].map((id) => [keyOf(id), id]))
  return inSnapshot(session, async () => {
    const ledger = await readLedger(session, manifest.name, ids.keys())
    const { search_path: searchPath = ['public'] } = manifest
    return { declared, searchPath, ledger, digests, reading: await readCatalog(session, ids.values(), digests.salt) }
  })
}

/** The context with the types that were copied, for indexes on columns of such types. */
async function contextWithTypes(
  session: Session,
  context: ServerContext,
  { manifest, requests }: ParsedManifest,
  all: readonly ResolvedImport[],
): Promise<ServerContext> {
  if (all.every(({ types }) => types.length === 0)) return context
  const expanded = addImports(manifest, all).manifest
  return readServerContext(session, expanded, requests, context.digests)
}

/** Asks the sources for all that is imported. */
export async function askSources(
  session: Session,
  context: ServerContext,
  requests: readonly ImportRequest[],
  sources: SourceAccess | undefined,
): Promise<Answers> {
  if (!sources) return new Map()
  const { unanswered, ...access } = sources
  const asking = { context, user: session.user, serverVersion: session.serverVersion, ...access }
  return ofEachServer<Answer>(requests, async (server, own) => {
    const known = unanswered?.get(server)
    return known ? own.map(() => known) : askSource(asking, server, own)
  })
}

/** Each source by itself, all at once. */
async function ofEachServer<Result>(
  requests: readonly ImportRequest[],
  askOne: (server: string, own: readonly ImportRequest[]) => Promise<readonly Result[]>,
): Promise<ReadonlyMap<ImportRequest, Result>> {
  const byServer = [...groupBy(requests, ({ server }) => server)]
  const answers = await Promise.all(
    byServer.map(async ([server, own]) => {
      const said = await askOne(server, own)
      return own.flatMap((request, at): readonly (readonly [ImportRequest, Result])[] => {
        const answer = said[at]
        return answer ? [[request, answer]] : []
      })
    }),
  )
  return new Map(answers.flat())
}

type CopiedIndexes = ReadonlyMap<ResolvedImport, ReadonlyMap<string, Readonly<Record<string, IndexStanza>>>>

/** The indexes that mirrors copy: as the source has them now, or as they were last. */
async function copiedIndexes(
  session: Session,
  context: ServerContext,
  manifest: Manifest,
  all: readonly ResolvedImport[],
  answers: Answers,
): Promise<{ readonly indexes: CopiedIndexes; readonly warnings: readonly Warning[] }> {
  const indexes = new Map<ResolvedImport, Map<string, Record<string, IndexStanza>>>()
  const toRebuild = new Map<IndexesToRecreate, ResolvedImport>()
  for (const resolved of all) {
    const mirror = mirrorOf(manifest, resolved.request)
    if (!mirror || !resolved.request.withIndexes) continue
    const last = lastIndexes(context.ledger, mirror.schema)
    const answer = answers.get(resolved.request)
    const read: ReadonlyMap<string, ForeignTableSpec> = answer?.status === 'read' ? answer.tables : new Map()
    const kept = Array.from(resolved.tables.keys()).filter((table) => !read.has(table))
    indexes.set(resolved, new Map(kept.map((table) => [table, last.get(table) ?? {}])))
    if (answer?.status !== 'read') continue
    const ofTables = groupBy(answer.indexes, ({ table }) => table)
    for (const [table, { columns }] of read) {
      if (mirror.tables && Object.hasOwn(mirror.tables, table) && mirror.tables[table]?.query !== undefined) continue
      toRebuild.set({ schema: mirror.schema, table, columns, indexes: ofTables.get(table) ?? [] }, resolved)
    }
  }
  const rebuilt = await recreateIndexes(session, context, [...toRebuild.keys()])
  for (const { of, name, stanza } of rebuilt.indexes) {
    const resolved = toRebuild.get(of)
    const tables = resolved && indexes.get(resolved)
    tables?.set(of.table, { ...tables.get(of.table), [name]: stanza })
  }
  return { indexes, warnings: rebuilt.warnings }
}
