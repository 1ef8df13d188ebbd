import type { Change, LiveObject, LiveState, WantedObject } from '../core/change.ts'
import type { TriedView } from '../core/dependent.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import type { ReadsThroughViews } from '../dependents/read-through-views.ts'
import { tryRecreatingViews } from '../dependents/recreate-views.ts'
import {
  probeUnmanagedMaterializedViews,
  type UnmanagedMaterializedViews,
} from '../dependents/unmanaged-materialized-views.ts'
import { affectedObjects } from '../differ/blockers.ts'
import type { Diff } from '../differ/diff.ts'
import { addForcedReplacements } from '../differ/forced-replacements.ts'
import { kindOf } from '../kinds/registry.ts'
import { possibleKeys, relationsRead } from '../parser/relations-read.ts'
import { probe } from '../probe/probe.ts'
import type { ProbeInput, ProbeResult } from '../probe/run.ts'

/** What differs, and the views of others that change with it. */
export interface WithUnmanagedViews {
  /** Of what is declared. */
  readonly probed: ProbeResult
  readonly found: Diff
  /** What is found to differ, with what lives on that. */
  readonly direct: readonly Change[]
  /** With the views of others that can be made anew. */
  readonly live: LiveState
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly others: ReadonlySet<Key>
  readonly tried: readonly TriedView[]
  readonly materialized: UnmanagedMaterializedViews
}

/** How what is wanted is judged. */
export interface Comparing {
  /** Throws if what is declared can't be as it is. */
  check(probed: ProbeResult): void
  /** What differs, given what is wanted. */
  compare(probed: ProbeResult): Diff
}

/**
 * Finds what differs, and the views of others that must be made anew along with it. A materialized view over a plain one whose
 * columns change, be it declared, becomes another one, and so what reads that in turn: all is tried out again with such plain
 * views, as if they were declared just as they are, until none comes up any more.
 * @param forcedViews plain views of others that are to be made anew though their columns stay, with what they read
 */
export async function includeUnmanagedViews(
  session: Session,
  input: ProbeInput,
  { check, compare }: Comparing,
  forcedViews: ReadsThroughViews,
): Promise<WithUnmanagedViews> {
  const copied = new Map<Key, LiveObject>()
  for (;;) {
    const withViews = withPlainViews(input, copied)
    const probed = ofDeclared(await probe(session, withViews), input)
    check(probed)
    const found = compare(probed)
    const direct = addForcedReplacements(found.changes, probed.wanted, probed.live)
    const materialized = await probeUnmanagedMaterializedViews(
      session,
      [...affectedObjects(direct), ...copied.values()],
      withViews,
    )
    const live = new Map([...probed.live, ...materialized.live])
    const wanted = new Map([...probed.wanted, ...materialized.wanted])
    const tried = await tryRecreatingViews(session, { live, wanted, forcedViews, salt: input.digests.salt })
    const anew = tried.flatMap(({ outcome, ...view }) =>
      outcome.becomes === 'recreated' ? [{ ...view, to: outcome.to }] : [],
    )
    const isNew = (await copiedOf(anew, input)).filter(({ key }) => !copied.has(key))
    for (const view of isNew) copied.set(view.key, view.live)
    if (isNew.length > 0) continue
    for (const view of anew) {
      live.set(view.key, view.live)
      wanted.set(view.key, view.to)
    }
    const others = new Set([...materialized.live.keys(), ...anew.map(({ key }) => key)])
    return { probed, found, direct, live, wanted, others, tried, materialized }
  }
}

type Anew = Pick<TriedView, 'key' | 'live' | 'on' | 'isReadByData'>

/** Those that a materialized view reads, or will read, be it through others of them. */
async function copiedOf(anew: readonly Anew[], { declared, searchPath }: ProbeInput): Promise<readonly Anew[]> {
  if (anew.length === 0) return []
  const named = new Set<Key>()
  for (const { id, spec } of declared) {
    const query = kindOf(id).query?.text(spec)
    if (query === undefined) continue
    for (const name of await relationsRead(query)) for (const key of possibleKeys(name, searchPath)) named.add(key)
  }
  const copied = new Set(anew.filter(({ key, isReadByData }) => isReadByData || named.has(key)))
  for (const { on } of copied) for (const below of anew) if (on.has(below.key)) copied.add(below)
  return [...copied]
}

function withPlainViews(input: ProbeInput, views: LiveState): ProbeInput {
  const { declared, reading } = input
  const asTheyAre = Array.from(views.values(), ({ id, spec, needs }) => ({ id, spec, needs, path: [] }))
  return {
    ...input,
    declared: [...declared, ...asTheyAre],
    reading: { ...reading, live: new Map([...reading.live, ...views]) },
  }
}

function ofDeclared({ wanted, live, findings }: ProbeResult, { declared, reading }: ProbeInput): ProbeResult {
  const keys = new Set(declared.map(({ id }) => keyOf(id)))
  return {
    wanted: new Map([...wanted].filter(([key]) => keys.has(key))),
    live: new Map([...live].filter(([key]) => reading.live.has(key))),
    findings: findings.filter(({ key }) => keys.has(key)),
  }
}
