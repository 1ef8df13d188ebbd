import type { Change, Replace } from '../core/change.ts'
import { type Key, keyOf, relationKey } from '../core/object.ts'
import type { Predecessor, Refusal } from '../core/plan.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { blockers, disturbed, withConsequences } from '../differ/consequences.ts'
import { protectedObjects } from '../differ/protection.ts'
import { type ReplacementGroup, readsMembers, replacementGroups, withReplacements } from '../differ/replacements.ts'
import { type Dependent, readDependents } from '../introspector/dependents.ts'
import type { Ledger } from '../introspector/ledger.ts'
import { readPredecessors } from '../introspector/predecessors.ts'
import type { ProbeInput, ProbeResult } from '../introspector/probe.ts'
import { lockedFinding } from '../introspector/probe-findings.ts'
import { type CatalogReading, readingPath } from '../introspector/read.ts'
import { type TriedView, tryViews } from '../introspector/view-trials.ts'
import { type ViewsOfOthers, viewsOfOthers } from '../introspector/views-of-others.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { withRelationsMoved } from '../manifest/relations-moved.ts'

/** All that changes, and what a plan's steps are made from. */
export interface Following {
  readonly changes: readonly Change[]
  readonly refusals: readonly Refusal[]
  readonly dependents: readonly Dependent[]
  readonly tried: readonly TriedView[]
  /** By member. */
  readonly groups: ReadonlyMap<Key, ReplacementGroup>
  readonly movedQueries: ReadonlyMap<Key, string>
  /** By OID. */
  readonly predecessors: ReadonlyMap<number, Predecessor>
}

/** Finds what changes with what differs: what lives on it, what reads it, be it declared or people's, and what is in the way. */
export async function whatFollows(
  session: Session,
  differing: readonly Change[],
  { wanted, live }: ProbeResult,
  input: ProbeInput,
): Promise<Following> {
  const direct = withConsequences(differing, wanted, live)
  const others = await viewsOfOthers(session, disturbed(direct), input)
  const graph = {
    live: new Map([...live, ...others.live]),
    wanted: new Map([...wanted, ...others.wanted]),
    others: new Set(others.live.keys()),
  }
  const tried = await tryViews(session, graph.live, graph.wanted)
  const known = { catalog: input.reading, tried, lost: others.lost }
  const used = await dependentsOf(session, direct, known)
  const all = withReplacements({ ...graph, changes: direct, dependents: used })
  const dependents = all.length === direct.length ? used : await dependentsOf(session, all, known)
  const { changes, refusals } = blockers(all, dependents)
  const groups = replacementGroups(changes, tried)
  const members = groups.flatMap((group) => group.members)
  const isLocked = members.filter(({ from }) => from.locked)
  const ours = Array.from(wanted.values(), ({ id }) => id)
  return {
    changes,
    refusals: [
      ...refusals,
      ...isLocked.map(whileLocked),
      ...protectedObjects({ ...graph, changes, ledger: withProtected(input.ledger, others) }),
    ],
    dependents,
    tried,
    groups: new Map(groups.flatMap((group) => group.members.map(({ key }) => [key, group]))),
    movedQueries: await movedQueries(groups),
    predecessors: await readPredecessors(
      session,
      members.map(({ from }) => from.oid),
      ours,
    ),
  }
}

/** Its definition was left unread, so that nobody had to wait. */
function whileLocked({ key, to }: Replace): Refusal {
  const { reason, hint } = lockedFinding(key)
  return { key, title: titleOf(to.id), reason, hint }
}

/** The queries of replacements that read each other, led to the scratch schemas in which those stand meanwhile. */
async function movedQueries(groups: readonly ReplacementGroup[]): Promise<ReadonlyMap<Key, string>> {
  const moved = new Map<Key, string>()
  for (const group of groups) {
    const names = new Map(
      group.members.flatMap(({ to: { id } }) =>
        'schema' in id ? [[relationKey(id.schema, id.name), group.scratch.get(id.schema)] as const] : [],
      ),
    )
    for (const { key, from, to } of readsMembers(group)) {
      if (from.locked) continue
      const query = kindOf(to.id).query?.(to.spec) ?? ''
      const text = await withRelationsMoved(query, ({ schema, name }) => names.get(relationKey(schema ?? '', name)))
      moved.set(key, text)
    }
  }
  return moved
}

function withProtected(ledger: Ledger, { protectedByOthers }: ViewsOfOthers): Ledger {
  return { ...ledger, protectedByOthers: new Set([...ledger.protectedByOthers, ...protectedByOthers]) }
}

/** What was found out of those that depend on something. */
interface Known {
  readonly catalog: CatalogReading
  readonly tried: readonly TriedView[]
  readonly lost: ReadonlyMap<Key, string>
}

async function dependentsOf(
  session: Session,
  changes: readonly Change[],
  { catalog: { moved }, tried, lost }: Known,
): Promise<readonly Dependent[]> {
  const objects = disturbed(changes)
  if (objects.length === 0) return []
  await session.run(trusted(`BEGIN READ ONLY; ${readingPath}`))
  try {
    const dependents = await readDependents(session, objects)
    const named = (key: Key | undefined) => (key === undefined ? undefined : (moved?.get(key) ?? key))
    const columns = new Map(objects.map(({ id, renamedColumns }) => [keyOf(id), renamedColumns]))
    const outcomes = new Map(tried.map(({ oid, outcome }) => [oid, outcome]))
    return dependents.map((each) => ({
      ...each,
      view: each.view && { ...each.view, outcome: outcomes.get(each.view.oid) },
      lost: each.key && lost.get(each.key),
      key: named(each.key),
      whole: named(each.whole),
      column: columns.get(each.on)?.get(each.column ?? '') ?? each.column,
    }))
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}
