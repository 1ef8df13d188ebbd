import { groupBy } from '../core/data.ts'
import { FdwsyncError, type Place, type Problem } from '../core/errors.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Refusal, Undetermined } from '../core/plan.ts'
import { qualified } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { ForeignTableSpec } from '../kinds/foreign-table.ts'
import { kinds } from '../kinds/registry.ts'
import {
  type ImportRequest,
  type IndexStanza,
  importRequests,
  importTitle,
  indexCopyProblems,
  originKey,
  type TableStanza,
  withImports,
} from '../manifest/imports.ts'
import type { Manifest, ParsedManifest, Path } from '../manifest/manifest.ts'
import { type Mirrored, withMirrors } from '../manifest/mirrors.ts'
import { ruleProblems } from '../manifest/rules.ts'
import type { PathProblem } from '../manifest/schema-problems.ts'
import type { RunDigests } from './digests.ts'
import { readLedger } from './ledger.ts'
import { readCatalog } from './read.ts'
import { type Answer, type Asking, askSource, type Reason } from './remote/ask.ts'
import { rebuildIndexes, type ToRebuild } from './remote/rebuild.ts'
import { type Ground, isGround, wrapperOf } from './remote/setup.ts'
import { lastIndexes, lastTables, tableStanza } from './remote/stanzas.ts'
import { inSnapshot } from './target.ts'

/** How sources are asked. */
export type SourceAccess = Pick<Asking, 'connect' | 'timeoutMilliseconds' | 'mayExpose'>

/** A manifest with its imports and mirrors spelled out, and what is to be said of that. */
export interface Resolved {
  readonly parsed: ParsedManifest
  readonly undetermined: readonly Undetermined[]
  readonly refusals: readonly Refusal[]
  readonly warnings: readonly string[]
}

/**
 * Spells out what a manifest imports and mirrors, as the sources have it now. Of a source that can't be asked, or without
 * `sources`, what was applied last is kept.
 * @throws FdwsyncError if a source does not have what the manifest names.
 */
export async function resolveImports(
  session: Session,
  parsed: ParsedManifest,
  digests: RunDigests,
  sources: SourceAccess | undefined,
): Promise<Resolved> {
  const requests = importRequests(parsed.manifest)
  if (requests.length === 0) return { parsed, undetermined: [], refusals: [], warnings: [] }
  const ground = await readGround(session, parsed.manifest, requests, digests)
  throwProblems(
    parsed,
    requests.flatMap((request) => indexCopyProblems(request, wrapperOf(ground, request.server) ?? 'postgres_fdw')),
  )
  const answers = await ask(session, ground, requests, sources)
  throwProblems(
    parsed,
    requests.flatMap((request) => wrongOf(request, answers.get(request))),
  )
  const resolved = requests.map((request) => resolve(request, answers.get(request), ground, parsed.manifest))
  const copied = await copiedIndexes(session, ground, parsed.manifest, resolved, answers)
  return {
    parsed: spelledOut(parsed, resolved, copied.indexes),
    undetermined: resolved.flatMap(({ undetermined }) => undetermined),
    refusals: resolved.flatMap(({ refusals }) => refusals),
    warnings: copied.warnings,
  }
}

async function readGround(
  session: Session,
  manifest: Manifest,
  requests: readonly ImportRequest[],
  digests: RunDigests,
): Promise<Ground> {
  const declared = kinds.flatMap((kind) => kind.declare(manifest, digests)).filter(({ id }) => isGround(id))
  const servers = requests.map(({ server }) => ({ kind: 'server', name: server }) as const)
  const ids = new Map([...declared.map(({ id }) => id), ...servers].map((id) => [keyOf(id), id]))
  return inSnapshot(session, async () => {
    const ledger = await readLedger(session, manifest.name, ids.keys())
    const { search_path: searchPath = ['public'] } = manifest
    return { declared, searchPath, ledger, digests, reading: await readCatalog(session, ids.values(), digests.salt) }
  })
}

type Answers = ReadonlyMap<ImportRequest, Answer>

/** Each source by itself, all at once. */
async function ask(
  session: Session,
  ground: Ground,
  requests: readonly ImportRequest[],
  sources: SourceAccess | undefined,
): Promise<Answers> {
  if (!sources) return new Map()
  const asking = { ground, user: session.user, serverVersion: session.serverVersion, ...sources }
  const byServer = [...groupBy(requests, ({ server }) => server)]
  const answers = await Promise.all(
    byServer.map(async ([server, own]) => {
      const said = await askSource(asking, server, own)
      return own.flatMap((request, at): readonly (readonly [ImportRequest, Answer])[] => {
        const answer = said[at]
        return answer ? [[request, answer]] : []
      })
    }),
  )
  return new Map(answers.flat())
}

function wrongOf(request: ImportRequest, answer: Answer | undefined): readonly PathProblem[] {
  const at = (path: Path, problem: Problem): PathProblem => ({ path: [...request.path, ...path], atKey: true, problem })
  if (answer?.status === 'wrong') {
    return [at(['remote_schema'], { message: `${importTitle(request)}: ${answer.reason}`, hint: answer.hint })]
  }
  if (answer?.status !== 'read') return []
  const { tables, failed } = answer
  const asked = request.limitTo ?? []
  return [
    ...asked.flatMap((name, place) => {
      const path = ['limit_to', place]
      const why = failed.get(name)
      if (why) return at(path, { message: `the table "${name}" can not be imported: ${why.reason}`, hint: why.hint })
      if (tables.has(name)) return []
      return at(path, { message: `the source has no table "${name}" in schema "${request.remoteSchema}"` })
    }),
    ...Object.keys(request.tables).flatMap((name) => {
      if (tables.has(name) || failed.has(name)) return []
      return at(['tables', name], {
        message: `no table "${name}" is imported: the source does not have it, or it is left out`,
      })
    }),
  ]
}

interface ResolvedImport {
  readonly request: ImportRequest
  readonly tables: ReadonlyMap<string, TableStanza>
  readonly isWhole: boolean
  readonly undetermined: readonly Undetermined[]
  readonly refusals: readonly Refusal[]
}

function resolve(
  request: ImportRequest,
  answer: Answer | undefined,
  { ledger }: Ground,
  manifest: Manifest,
): ResolvedImport {
  const last = lastTables(ledger, request)
  const found = { key: keyOf({ kind: 'server', name: request.server }), title: importTitle(request) }
  if (answer?.status === 'read') {
    const tables = new Map(Array.from(answer.tables, ([name, spec]) => [name, tableStanza(request.schema, name, spec)]))
    for (const name of answer.failed.keys()) {
      const kept = last.get(name)
      if (kept) tables.set(name, kept)
    }
    const spelled = manifest.schemas?.[request.schema]?.foreign_tables ?? {}
    const missed = [...answer.failed].filter(([name]) => !Object.hasOwn(spelled, name))
    const undetermined = missed.map(([name, why]) => failedTable(request, name, why, last.has(name)))
    return { request, tables, isWhole: true, undetermined, refusals: [] }
  }
  const unknown = answer?.status === 'unknown' ? answer : undefined
  const kept = { request, tables: last, isWhole: false }
  if (last.size === 0) {
    const reason = unknown ? `its source could not be asked: ${unknown.reason}` : 'its source was not asked'
    const hint = `${unknown?.hint ?? ''} Nothing is known of it from an earlier apply.`.trim()
    return { ...kept, undetermined: [], refusals: [{ ...found, reason, hint }] }
  }
  if (!unknown) return { ...kept, undetermined: [], refusals: [] }
  const reason = `its source could not be asked, so the ${last.size} tables of the last apply are kept: ${unknown.reason}`
  return { ...kept, undetermined: [{ ...found, reason, hint: unknown.hint, follows: false }], refusals: [] }
}

function failedTable(request: ImportRequest, name: string, why: Reason, isKept: boolean): Undetermined {
  const key: Key = keyOf({ kind: 'foreignTable', schema: request.schema, name })
  const what = isKept ? 'it can not be imported, and stays as it was applied last' : 'it can not be imported'
  const hint = why.hint || 'Make here what it needs, or leave the table out by except.'
  return {
    key,
    title: `foreign table ${qualified(request.schema, name)}`,
    reason: `${what}: ${why.reason}`,
    hint,
    follows: false,
  }
}

type CopiedIndexes = ReadonlyMap<ResolvedImport, ReadonlyMap<string, Readonly<Record<string, IndexStanza>>>>

/** The indexes that mirrors copy: as the source has them now, or as they were last. */
async function copiedIndexes(
  session: Session,
  ground: Ground,
  manifest: Manifest,
  all: readonly ResolvedImport[],
  answers: Answers,
): Promise<{ readonly indexes: CopiedIndexes; readonly warnings: readonly string[] }> {
  const indexes = new Map<ResolvedImport, Map<string, Record<string, IndexStanza>>>()
  const toRebuild = new Map<ToRebuild, ResolvedImport>()
  for (const resolved of all) {
    const mirror = mirrorOf(manifest, resolved.request)
    if (!mirror || !resolved.request.withIndexes) continue
    const last = lastIndexes(ground.ledger, mirror.schema)
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
  const rebuilt = await rebuildIndexes(session, ground, [...toRebuild.keys()])
  for (const { of, name, stanza } of rebuilt.indexes) {
    const resolved = toRebuild.get(of)
    const tables = resolved && indexes.get(resolved)
    tables?.set(of.table, { ...tables.get(of.table), [name]: stanza })
  }
  return { indexes, warnings: rebuilt.warnings }
}

function mirrorOf(manifest: Manifest, { path: [top, name] }: ImportRequest) {
  return top === 'mirrors' ? manifest.mirrors?.[String(name)] : undefined
}

function spelledOut(parsed: ParsedManifest, all: readonly ResolvedImport[], indexes: CopiedIndexes): ParsedManifest {
  const imports = withImports(parsed.manifest, all)
  const mirrors = withMirrors(
    imports.manifest,
    all.flatMap((resolved): readonly Mirrored[] => {
      const { request, tables, isWhole } = resolved
      if (!mirrorOf(parsed.manifest, request)) return []
      return [{ name: String(request.path[1]), tables, isWhole, indexes: indexes.get(resolved) ?? new Map() }]
    }),
  )
  const origins = new Map([...imports.origins, ...mirrors.origins])
  const origin = (path: Path): Path =>
    origins.get(originKey(path.slice(0, 4))) ?? origins.get(originKey(path.slice(0, 2))) ?? path
  const expanded: ParsedManifest = {
    ...parsed,
    manifest: mirrors.manifest,
    place: (path) => parsed.place(origin(path)),
    placeInside: (path, offset) =>
      origin(path) === path ? parsed.placeInside(path, offset) : parsed.place(origin(path)),
  }
  throwProblems(expanded, [...imports.problems, ...mirrors.problems])
  throwProblems(expanded, ruleProblems(expanded.manifest))
  return expanded
}

function throwProblems({ place }: ParsedManifest, problems: readonly PathProblem[]): void {
  if (problems.length === 0) return
  const text = ({ file, line, column }: Place) => `${file}:${line}:${column}`
  throw new FdwsyncError(
    problems.map(({ path, problem, other }) => {
      const message = other ? `${problem.message} at ${text(place(other))}` : problem.message
      return { ...problem, message, place: place(path) }
    }),
  )
}
