import type { Change, DeclaredObject } from '../core/change.ts'
import { uniqueBy } from '../core/data.ts'
import { FdwsyncError, type Place, type Problem } from '../core/errors.ts'
import type { ProbeFinding } from '../core/finding.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Plan, Refusal, Undetermined } from '../core/plan.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { diff, refuseTakenNames } from '../differ/diff.ts'
import { onlyDrift } from '../differ/drift.ts'
import { assemblePlan } from '../differ/plan.ts'
import { locksNeeded } from '../differ/steps/locks.ts'
import { warningOf } from '../differ/steps/through-views.ts'
import { type DependencyDigests, readDependencyDigests } from '../introspector/dependency-digests.ts'
import { runDigests } from '../introspector/digests.ts'
import { lockRefusals } from '../introspector/lock-capacity.ts'
import { probeMismatches, unmetPreconditions } from '../introspector/preconditions.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import { withRequirements } from '../introspector/requirements.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { declaredKinds, titleOf } from '../kinds/registry.ts'
import { readCatalogState } from '../ledger/catalog-state.ts'
import type { Ledger } from '../ledger/read.ts'
import type { ParsedManifest } from '../manifest/manifest.ts'
import { unchangedSince } from '../probe/proven.ts'
import { checkSources } from '../sources/check-sources.ts'
import { resolveImports, type SourceAccess } from '../sources/resolve-imports.ts'
import { sourceChanges, sourceRecords } from '../sources/source-changes.ts'
import { computeChangeSet } from './change-set.ts'
import { planFromProof, proofOf } from './fast-path.ts'
import type { PlanInHand } from './plan-in-hand.ts'
import { queriesUsingOldNames } from './renamed-from.ts'
import { fingerprintOf, readOwnedAndDeclared } from './state.ts'
import type { Comparing } from './unmanaged-views.ts'

export interface PlanOptions {
  /** Whether the plan fills new materialized views. */
  readonly populate: boolean
  /** How sources are asked for what is imported. Without it none is: what was imported last is kept. */
  readonly sources?: SourceAccess | undefined
  /** Whether the foreign tables that are spelled out are compared with what `sources` have. */
  readonly checkSource?: boolean
  /** Whether it makes this manifest's what others own. */
  readonly takeOver?: boolean
  /** Whether to leave out what is known to come of the manifest: for looking at only. */
  readonly driftOnly?: boolean
  /** Whether to find out what proves later that there was nothing to do. */
  readonly prove?: boolean
}

/**
 * Plans what it takes to make the session's database match the manifest. Changes nothing.
 * @throws FdwsyncError if the manifest asks for what the server can't have, naming each place.
 */
export async function makePlan(session: Session, asWritten: ParsedManifest, options: PlanOptions): Promise<PlanInHand> {
  const { sources, checkSource } = options
  if (checkSource) return planInFull(session, asWritten, options)
  const { inHand, unanswered } = await planFromProof(session, asWritten, sources)
  return inHand ?? planInFull(session, asWritten, { ...options, sources: sources && { ...sources, unanswered } })
}

async function planInFull(session: Session, asWritten: ParsedManifest, options: PlanOptions): Promise<PlanInHand> {
  const digests = runDigests()
  const resolved = await resolveImports(session, asWritten, digests, options.sources)
  const { expanded: parsed } = resolved
  const { name, search_path: searchPath = ['public'] } = parsed.manifest
  const written = declaredKinds.flatMap((kind) => kind.declare(parsed.manifest, digests))
  const { catalog, ledger, renaming, state } = await inSnapshot(session, async () => {
    const target = await readOwnedAndDeclared(session, name, written, digests)
    const isProvable = options.prove && options.populate && target.ledger.exists
    return { ...target, state: isProvable ? await readCatalogState(session, name, searchPath) : undefined }
  })
  const declared = await withRequirements(session, written, catalog.live)
  const former = await queriesUsingOldNames(declared, renaming, searchPath)
  throwProblems([...(await unmetPreconditions(session, declared, catalog.live, digests)), ...former], declared, parsed)
  // Taken before anything is tried out: what changes in between is noticed the next time.
  const dependencyDigests = await dependencyDigestsOf(
    session,
    searchPath,
    unchangedSince(declared, catalog.live, ledger),
  )
  const probeInput = { declared, searchPath, reading: catalog, ledger, digests, dependencyDigests }
  const unread = [...resolved.refusals, ...resolved.undetermined]
  const keys = new Set(declared.map(({ id }) => keyOf(id)))
  const takeOver = options.takeOver ?? false
  const comparing: Comparing = {
    check: ({ findings, wanted }) => throwProblems([...findings, ...probeMismatches(wanted)], declared, parsed, unread),
    compare: ({ wanted, live }) =>
      diff({ manifest: name, declared: keys, ledger, digests, takeOver, wanted, reading: { ...catalog, live } }),
  }
  const { among, following } = await computeChangeSet(session, probeInput, comparing, options.populate)
  const { probed, found } = among
  const { wanted } = probed
  const checked =
    options.checkSource && options.sources
      ? await checkSources(session, { wanted, resolved, digests, sources: options.sources })
      : undefined
  const reading = { ...catalog, live: probed.live }
  const { changes, refusals, aside, staleReads, ...follow } = following
  const titles = new Map(declared.map(({ id }) => [keyOf(id), titleOf(id)]))
  const planned = assemblePlan({
    manifest: name,
    searchPath,
    database: { name: session.database, serverVersion: session.serverVersionText, user: session.user },
    fingerprint: fingerprintOf({ catalog, ledger }),
    reading,
    ledger,
    ...follow,
    changes,
    refusals: [
      ...resolved.refusals,
      ...refuseTakenNames(catalog, titles),
      ...renaming.refusals,
      ...found.refusals,
      ...refusals,
      ...missingUndetermined(probed.findings, catalog, titles),
    ],
    undetermined: [
      ...resolved.undetermined,
      ...(checked?.undetermined ?? []),
      ...unknownOwnership(ledger),
      ...undeterminedOf(probed.findings, titles),
      ...found.undetermined,
    ],
    warnings: [
      ...resolved.warnings,
      ...(checked?.warnings ?? []),
      ...found.warnings,
      ...uniqueBy(staleReads.map(warningOf), ({ message }) => message),
    ],
    unchanged: found.unchanged,
    digests,
    sourceChanges: sourceChanges(resolved, ledger, digests),
  })
  const crowded = await lockRefusals(session, locksNeeded(planned.steps), planned.steps)
  const plan: Plan = {
    ...planned,
    refusals: [...planned.refusals, ...crowded],
    ...(checked ? { source: checked.report } : {}),
  }
  const { digest: manifestDigest } = parsed
  return {
    plan: options.driftOnly ? onlyDrift(plan, ledger) : plan,
    declared,
    wanted: probed.wanted,
    digests,
    sourced: sourceRecords(resolved, ledger),
    rekeyed: new Map(Array.from([...renaming.rekeyed, ...aside], ([key, id]) => [key, keyOf(id)])),
    proven: provenBy(dependencyDigests, changes, wanted, ledger),
    proof: state === undefined ? undefined : proofOf(asWritten, declared, plan, state, resolved.sourceState),
    manifestDigest,
    ownershipUnknown: ledger.unreadable,
  }
}

/** Said of the ledger's schema, since it concerns no object more than another. */
function unknownOwnership({ unreadable }: Ledger): readonly Undetermined[] {
  if (!unreadable) return []
  const reason = `not known, so nothing is dropped or adopted: ${unreadable.message}`
  return [
    {
      code: 'ledger/unreadable',
      key: keyOf({ kind: 'schema', name: 'fdwsync' }),
      title: 'ownership',
      reason,
      hint: unreadable.hint,
      follows: false,
    },
  ]
}

async function dependencyDigestsOf(
  session: Session,
  searchPath: readonly string[],
  objects: readonly DeclaredObject[],
): Promise<DependencyDigests> {
  if (objects.length === 0) return new Map()
  await session.run(trusted('BEGIN READ ONLY'))
  try {
    return await readDependencyDigests(session, searchPath, objects)
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}

/** What was tried out, though the ledger has it, and is to stay as it is. */
function provenBy(
  dependencyDigests: DependencyDigests,
  changes: readonly Change[],
  wanted: ReadonlyMap<Key, unknown>,
  ledger: Ledger,
): DependencyDigests {
  const changed = new Set(changes.map(({ key }) => key))
  return new Map(
    [...dependencyDigests].filter(
      ([key, digest]) => wanted.has(key) && !changed.has(key) && ledger.entries.get(key)?.dependencyDigest !== digest,
    ),
  )
}

/** `unread` is what could not be imported: it comes first, for a relation that is not there is missing because of it. */
function throwProblems(
  findings: readonly ProbeFinding[],
  declared: readonly DeclaredObject[],
  parsed: ParsedManifest,
  unread: readonly Refusal[] = [],
): void {
  const paths = new Map(declared.map(({ id, path }) => [keyOf(id), { path, title: titleOf(id) }]))
  const problems = findings.flatMap(({ key, status, reason, hint }): readonly Problem[] => {
    if (status !== 'problem') return []
    const { path, title } = paths.get(key) ?? { path: [], title: key }
    const place: Place = parsed.place(path)
    return [{ code: 'server/rejected', message: `${title}: ${reason}`, place, ...(hint ? { hint } : {}) }]
  })
  if (problems.length === 0) return
  const causes = unread.map(
    ({ code, title, reason, hint }): Problem => ({
      code,
      message: `${title}: ${reason}`,
      ...(hint ? { hint } : {}),
    }),
  )
  throw new FdwsyncError([...causes, ...problems])
}

function undeterminedOf(findings: readonly ProbeFinding[], titles: ReadonlyMap<Key, string>): readonly Undetermined[] {
  return findings.flatMap(({ code, key, status, reason, hint }) =>
    status === 'problem'
      ? []
      : [{ code, key, title: titles.get(key) ?? key, reason, hint, follows: status === 'follows' }],
  )
}

/** What does not exist and can't be tried out can't be made either: a plan that leaves it out would not converge. */
function missingUndetermined(
  findings: readonly ProbeFinding[],
  { live }: CatalogReading,
  titles: ReadonlyMap<Key, string>,
): readonly Refusal[] {
  return findings.flatMap(({ code, key, status, reason, hint }) =>
    status === 'undetermined' && !live.has(key) ? [{ code, key, title: titles.get(key) ?? key, reason, hint }] : [],
  )
}
