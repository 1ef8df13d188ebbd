// Resolves the imports and mirrors of a manifest: finds out what they contain, and expands them. Sources are asked unless the
// manifest has a lock. What a source does not answer is kept as it was last applied.

import { canonicalJson, uniqueBy } from '../../core/data.ts'
import type { Problem } from '../../core/errors.ts'
import type { Key } from '../../core/object.ts'
import type { Refusal, Undetermined, Warning } from '../../core/plan.ts'
import type { NotImported } from '../../core/report.ts'
import type { Session } from '../../db/session.ts'
import type { RunDigests } from '../../introspector/digests.ts'
import { indexCopyProblems } from '../../manifest/checks/imports.ts'
import { expandManifest, type ResolvedManifest, throwIfAny } from '../../manifest/expansion/expand.ts'
import { addImports } from '../../manifest/expansion/imports.ts'
import { type Locked, lockedResolutions } from '../../manifest/expansion/match-lock.ts'
import type { ParsedManifest } from '../../manifest/manifest.ts'
import { withoutUnresolvedServers } from '../../manifest/unresolved.ts'
import { copyIndexes } from '../indexes/copy-indexes.ts'
import { copyPrimaryKeys, keylessWarnings } from '../indexes/copy-primary-keys.ts'
import type { Reason } from '../reasons.ts'
import { isPostgresFdw, readServerContext, type ServerContext, wrapperOf } from '../server-context.ts'
import { type Answer, type Answers, freshTables, requestErrors, unknownTables, withTablesKept } from './answers.ts'
import { askSources, type SourceAccess, sourceStateOf } from './ask-sources.ts'
import { type ResolvedImport, resolveImport, withKeptTypes, withoutTypesOfOtherManifests } from './resolve-import.ts'

/** A resolved manifest, and what to report about how it was resolved. */
export interface ResolvedImports extends ResolvedManifest {
  readonly undetermined: readonly Undetermined[]
  readonly refusals: readonly Refusal[]
  readonly warnings: readonly Warning[]
  /** For each import whose source has not answered, why. */
  readonly unanswered: readonly Problem[]
  /** The tables and types that could not be imported; undefined if a source was not asked. */
  readonly notImported: readonly NotImported[] | undefined
  /** The foreign tables whose declaration is the source's current definition. */
  readonly fresh: ReadonlySet<Key>
  /** A digest of all answers. Undefined if one is missing, or if the result depends on more than the answers. */
  readonly sourceState: string | undefined
  /** The same digest, if the answers will not change once everything that the manifest declares exists. */
  readonly lastingState: string | undefined
}

/**
 * @param kept the foreign tables to keep as they were last applied, each with the reason
 * @throws FdwsyncError if a source does not have what the manifest names, or the lock does not match the manifest
 */
export async function resolveImports(
  session: Session,
  parsed: ParsedManifest,
  digests: RunDigests,
  sources: SourceAccess | undefined,
  kept: ReadonlyMap<Key, Reason> = new Map(),
): Promise<ResolvedImports> {
  const { manifest, requests, lock } = parsed
  if (lock) return resolveFromLock({ ...parsed, lock })
  if (requests.length === 0) return { ...nothingToReport, ...expandManifest(parsed, []) }
  const options = { digests, mayEvaluate: sources?.mayEvaluate }
  const context = await readServerContext(session, withoutUnresolvedServers(parsed), serversOf(parsed), options)
  refuseIndexCopies(parsed, context)
  const answers = withTablesKept(await askSources(session, context, requests, sources), kept)
  throwIfAny(
    parsed,
    requests.flatMap((request) => requestErrors(request, answers.get(request))),
  )
  const all = withKeptTypes(requests.map((request) => resolveImport(request, answers.get(request), context, manifest)))
  const contextWithTypes = await readContextWithTypes(session, context, parsed, all)
  const resolved = withoutTypesOfOtherManifests(all, contextWithTypes.ledger)
  // The ledger has the types that other manifests own. If they change the result, the answers alone do not determine it.
  const ownsAllTypes = resolved.every(({ types }, at) => types.length === all[at]?.types.length)
  const sourceState = ownsAllTypes ? sourceStateOf(requests, answers) : undefined
  const { expansion, warnings } = await expandWithCopies(session, contextWithTypes, parsed, resolved, answers)
  return {
    ...expansion,
    ...reportOf(resolved, answers),
    warnings: uniqueBy([...resolved.flatMap((each) => each.warnings), ...warnings], canonicalJson),
    fresh: freshTables(manifest, answers),
    sourceState,
    lastingState: requests.every((request) => isLasting(answers.get(request))) ? sourceState : undefined,
  }
}

/** Expands the imports, with copies of the source's indexes and keys for those that have them. */
async function expandWithCopies(
  session: Session,
  context: ServerContext,
  parsed: ParsedManifest,
  resolved: readonly ResolvedImport[],
  answers: Answers,
): Promise<{ readonly expansion: ResolvedManifest; readonly warnings: readonly Warning[] }> {
  const { manifest } = parsed
  const { indexes, warnings } = await copyIndexes(session, context, manifest, resolved, answers)
  const resolutions = resolved.map((each) => ({
    ...each,
    indexes: indexes.get(each) ?? new Map(),
    primaryKeys: copyPrimaryKeys(context, manifest, each, answers.get(each.request)),
  }))
  const expansion = expandManifest(parsed, resolutions)
  return { expansion, warnings: [...warnings, ...keylessWarnings(expansion)] }
}

function reportOf(
  resolved: readonly ResolvedImport[],
  answers: Answers,
): Pick<ResolvedImports, 'undetermined' | 'notImported' | 'refusals' | 'unanswered'> {
  // Two imports may report the same about a type.
  const undetermined = uniqueBy(
    resolved.flatMap((each) => each.undetermined),
    canonicalJson,
  )
  const isAnswered = resolved.every(({ request }) => answers.get(request)?.status === 'answered')
  return {
    undetermined,
    notImported: isAnswered ? undetermined.map(({ key, title, reason }) => ({ key, title, reason })) : undefined,
    refusals: resolved.flatMap(({ refusals }) => refusals),
    unanswered: resolved.flatMap(({ unanswered }) => unanswered ?? []),
  }
}

/** Indexes can be copied only through postgres_fdw. */
function refuseIndexCopies(parsed: ParsedManifest, context: ServerContext): void {
  const problems = parsed.requests.flatMap((request) => {
    const wrapper = wrapperOf(context, request.server)
    return wrapper === undefined || isPostgresFdw(context, wrapper) ? [] : indexCopyProblems(request, wrapper)
  })
  throwIfAny(parsed, problems)
}

function resolveFromLock(parsed: ParsedManifest & Locked): ResolvedImports {
  const resolutions = lockedResolutions(parsed)
  throwIfAny(
    parsed,
    resolutions.flatMap(({ request, tables }) => unknownTables(request, new Set(tables.keys()))),
  )
  const all = resolutions.map((each) => ({ ...each, isComplete: true }))
  const expansion = expandManifest(parsed, all)
  return { ...nothingToReport, ...expansion, warnings: keylessWarnings(expansion) }
}

const nothingToReport: Omit<ResolvedImports, keyof ResolvedManifest> = {
  undetermined: [],
  refusals: [],
  warnings: [],
  unanswered: [],
  notImported: [],
  fresh: new Set(),
  sourceState: undefined,
  lastingState: undefined,
}

/** Types that an import needs may exist only once they are copied. */
function isLasting(answer: Answer | undefined): boolean {
  return answer?.status === 'answered' && answer.areTypesBuiltIn
}

/** The context with the copied types, which indexes may be on. */
async function readContextWithTypes(
  session: Session,
  context: ServerContext,
  parsed: ParsedManifest,
  all: readonly ResolvedImport[],
): Promise<ServerContext> {
  if (all.every(({ types }) => types.length === 0)) return context
  const expanded = { ...parsed, manifest: addImports(parsed.manifest, all).manifest }
  return readServerContext(session, withoutUnresolvedServers(expanded), serversOf(parsed), context)
}

function serversOf({ requests }: ParsedManifest): readonly string[] {
  return requests.map(({ server }) => server)
}
